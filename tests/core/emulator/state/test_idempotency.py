"""The first answer to an idempotency key is every later answer, as Stripe documents it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
import stripe

from core.emulator.runtime.background import wait_until
from core.emulator.server import RunningEmulator, start_emulator
from tests.support.emulator_clients import Answer, client_of, raw

FORM = {
    "amount": 2000,
    "currency": "usd",
    "confirm": "true",
    "payment_method": "pm_card_visa",
    "return_url": "https://shop.example.com/back",
}
DECLINED = {**FORM, "payment_method": "pm_card_visa_chargeDeclined"}


@pytest.fixture
def emulator() -> Iterator[RunningEmulator]:
    with start_emulator() as running:
        yield running


def post(emulator: RunningEmulator, key: str, form: dict[str, Any] = FORM) -> Answer:
    return raw(emulator, "POST", "/v1/payment_intents", form, Idempotency_Key=key)


def error_of(answer: Answer) -> dict[str, Any]:
    error: dict[str, Any] = json.loads(answer.body)["error"]
    return error


def count(emulator: RunningEmulator, kind: str = "payment_intent") -> int:
    return int(emulator.control("GET", "state")["objects"].get(kind, 0))


def replayed(answer: Answer) -> bool:
    return answer.headers.get("idempotent-replayed") == "true"


def test_same_key_and_parameters_replay_the_first_answer(emulator: RunningEmulator) -> None:
    first, second = post(emulator, "k1"), post(emulator, "k1")
    assert (first.status, second.status) == (200, 200)
    assert (replayed(first), replayed(second)) == (False, True)
    assert second.body == first.body
    assert second.headers["original-request"] == first.headers["request-id"]
    assert second.headers["request-id"] != first.headers["request-id"]
    assert second.headers["idempotency-key"] == "k1"
    assert (count(emulator), count(emulator, "charge")) == (1, 1)


def test_another_key_or_none_makes_another_object(emulator: RunningEmulator) -> None:
    post(emulator, "k1")
    post(emulator, "k2")
    raw(emulator, "POST", "/v1/payment_intents", FORM)
    raw(emulator, "POST", "/v1/payment_intents", FORM)
    assert count(emulator) == 4


def test_same_key_with_other_parameters_is_an_error(emulator: RunningEmulator) -> None:
    post(emulator, "k1")
    answer = post(emulator, "k1", {**FORM, "amount": 2001})
    assert (answer.status, error_of(answer)["type"]) == (400, "idempotency_error")
    assert "same parameters" in error_of(answer)["message"]
    assert count(emulator) == 1
    assert replayed(post(emulator, "k1"))


def test_same_key_at_another_endpoint_is_an_error(emulator: RunningEmulator) -> None:
    post(emulator, "k1")
    with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
        client_of(emulator).v1.customers.create({"name": "Ada"}, {"idempotency_key": "k1"})
    assert count(emulator, "customer") == 0


def test_decline_is_replayed_and_charges_once(emulator: RunningEmulator) -> None:
    first, second = post(emulator, "k1", DECLINED), post(emulator, "k1", DECLINED)
    assert (first.status, second.status) == (402, 402)
    assert second.body == first.body
    assert replayed(second)
    assert count(emulator, "charge") == 1


def test_500_after_the_effect_is_saved_and_replayed(emulator: RunningEmulator) -> None:
    emulator.fault("saved_500", path="/v1/payment_intents")
    first, second = post(emulator, "k1"), post(emulator, "k1")
    assert (first.status, second.status) == (500, 500)
    assert error_of(first)["type"] == "api_error"
    assert replayed(second)
    assert second.body == first.body
    assert count(emulator, "charge") == 1


@pytest.mark.parametrize("wrong", [{"amount": "abc"}, {"amonut": 1}, {"currency": "xxx"}])
def test_what_fails_validation_is_not_saved(
    emulator: RunningEmulator, wrong: dict[str, Any]
) -> None:
    assert post(emulator, "k1", {**FORM, **wrong}).status == 400
    again = post(emulator, "k1")
    assert (again.status, replayed(again)) == (200, False)


def test_refusal_by_the_endpoint_itself_is_saved(emulator: RunningEmulator) -> None:
    first, second = (post(emulator, "k1", {**FORM, "amount": 1}) for _ in range(2))
    assert error_of(first)["code"] == "amount_too_small"
    assert (replayed(first), replayed(second)) == (False, True)


@pytest.mark.parametrize(("kind", "status"), [("rate_limit", 429), ("error", 503)])
def test_what_never_reached_the_endpoint_is_not_saved(
    emulator: RunningEmulator, kind: str, status: int
) -> None:
    emulator.fault(kind, status=status)
    assert post(emulator, "k1").status == status
    again = post(emulator, "k1")
    assert (again.status, replayed(again)) == (200, False)


def test_second_request_while_the_first_runs_is_a_conflict(emulator: RunningEmulator) -> None:
    emulator.fault("delay", seconds=1, path="/v1/payment_intents")
    answers: list[Answer] = []
    first = threading.Thread(target=lambda: answers.append(post(emulator, "k1")))
    first.start()
    assert wait_until(lambda: not emulator.engine.faults.pending(), 5)
    assert wait_until(lambda: "k1" in emulator.engine.keys._running, 5)
    second = post(emulator, "k1")
    first.join(timeout=60)
    assert (second.status, error_of(second)["code"]) == (409, "idempotency_key_in_use")
    assert answers[0].status == 200
    third = post(emulator, "k1")
    assert (replayed(third), third.body) == (True, answers[0].body)
    assert count(emulator) == 1


def test_many_at_once_make_one_object(emulator: RunningEmulator) -> None:
    answers: list[Answer] = []
    threads = [
        threading.Thread(target=lambda: answers.append(post(emulator, "k1"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert {answer.status for answer in answers} <= {200, 409}
    assert len({answer.body for answer in answers if answer.status == 200}) == 1
    assert count(emulator) == 1


def test_lost_reply_and_a_retry_give_one_object(emulator: RunningEmulator) -> None:
    emulator.fault("lost_reply", path="/v1/payment_intents")
    with pytest.raises((URLError, ConnectionError)):
        post(emulator, "k1")
    again = post(emulator, "k1")
    assert (again.status, replayed(again)) == (200, True)
    assert (count(emulator), count(emulator, "charge")) == (1, 1)


def test_reset_before_the_effect_and_a_retry_give_one_object(emulator: RunningEmulator) -> None:
    emulator.fault("reset", path="/v1/payment_intents")
    with pytest.raises((URLError, ConnectionError)):
        post(emulator, "k1")
    again = post(emulator, "k1")
    assert (again.status, replayed(again)) == (200, False)
    assert count(emulator) == 1


def test_the_sdks_own_retry_of_a_lost_reply_gives_one_object(emulator: RunningEmulator) -> None:
    client = stripe.StripeClient(
        "sk_test_anything", base_addresses={"api": emulator.base_url}, max_network_retries=2
    )
    emulator.fault("lost_reply", method="POST", count=1)
    made = client.v1.customers.create({"name": "Ada"})
    assert [c.id for c in client.v1.customers.list().data] == [made.id]


def test_key_is_forgotten_after_a_day(emulator: RunningEmulator) -> None:
    emulator.control("POST", "clock", {"frozen": True})
    first = post(emulator, "k1")
    emulator.advance(86_400)
    assert replayed(post(emulator, "k1"))
    emulator.advance(2)
    later = post(emulator, "k1")
    assert (replayed(later), later.body == first.body) == (False, False)
    assert count(emulator) == 2


def test_key_survives_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "emulator.db"
    with start_emulator(state_path=state) as emulator:
        first = post(emulator, "k1")
    with start_emulator(state_path=state) as emulator:
        second = post(emulator, "k1")
    assert (replayed(second), second.body) == (True, first.body)


def test_key_longer_than_255_is_refused(emulator: RunningEmulator) -> None:
    assert post(emulator, "k" * 255).status == 200
    assert post(emulator, "k" * 256).status == 400
    assert count(emulator) == 1
