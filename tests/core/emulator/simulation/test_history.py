"""A seed makes the same months of plausible business, with books that balance."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from core.emulator.resources.events import RETENTION_S
from core.emulator.simulation import history
from tests.support.emulator_books import DAY, DirectClient, context, faults

DAYS, PER_DAY = 50, 40
#: When the histories end, so that the same draws are made on any day.
NOON = 1_788_782_400


@contextmanager
def past(days: int, per_day: int, seed: int) -> Iterator[DirectClient]:
    with context() as books:
        books.control.clock({"now": NOON, "frozen": True})
        steps = list(history.write(books.engine, days, per_day, seed))
        assert steps[-1] == {"done": days * per_day, "total": days * per_day}
        assert [step["done"] for step in steps] == sorted(step["done"] for step in steps)
        yield books


@pytest.fixture(scope="module")
def busy() -> Iterator[DirectClient]:
    with past(DAYS, PER_DAY, seed=5) as books:
        yield books


@pytest.fixture(scope="module")
def intents(busy: DirectClient) -> list[dict[str, Any]]:
    return busy.everything("payment_intents")


@pytest.fixture(scope="module")
def charges(busy: DirectClient) -> list[dict[str, Any]]:
    return busy.everything("charges")


def whole(books: DirectClient) -> list[tuple[Any, ...]]:
    """Every object, task and label as stored."""
    db = books.engine.store.db
    return [
        *db.execute("SELECT id, body FROM objects ORDER BY seq"),
        *db.execute("SELECT at_ms, kind, args FROM tasks ORDER BY seq"),
        *db.execute("SELECT id, label, detail FROM labels ORDER BY id"),
    ]


def test_same_seed_and_time_write_the_same_history() -> None:
    with past(20, 12, seed=3) as one, past(20, 12, seed=3) as two:
        assert whole(one) == whole(two)


def test_writing_takes_a_few_milliseconds_a_payment() -> None:
    before = time.thread_time()
    with past(10, 30, seed=3):
        assert time.thread_time() - before < 3  # one tenth of it on an idle machine


def test_another_seed_writes_another_history() -> None:
    with past(3, 12, seed=3) as one, past(3, 12, seed=4) as two:
        amounts = [
            [i["amount"] for i in books.everything("payment_intents")] for books in (one, two)
        ]
        assert amounts[0] != amounts[1]


def test_books_of_a_history_balance(busy: DirectClient) -> None:
    assert faults(busy) == []


def test_history_has_as_many_payments_as_asked(intents: list[dict[str, Any]]) -> None:
    assert len(intents) == DAYS * PER_DAY
    orders = [intent["metadata"]["order_id"] for intent in intents]
    assert len(set(orders)) == len(orders)


def test_nothing_lies_in_the_future_or_before_the_start(busy: DirectClient) -> None:
    now = busy.engine.clock.now_ms() // 1000
    rows = busy.engine.store.db.execute("SELECT min(created), max(created) FROM objects")
    first, last = rows.fetchone()
    assert now - DAYS * DAY <= first <= last <= now


def test_every_currency_takes_part(charges: list[dict[str, Any]]) -> None:
    paid = Counter(charge["currency"] for charge in charges if charge["paid"])
    assert paid.keys() >= {"usd", "eur", "cny", "jpy", "kwd", "gbp"}
    assert min(paid.values()) >= 10
    assert all(charge["amount"] % 10 == 0 for charge in charges if charge["currency"] == "kwd")


def test_every_kind_of_method_takes_part(charges: list[dict[str, Any]]) -> None:
    methods = {charge["payment_method_details"]["type"] for charge in charges}
    assert methods == {"card", "link", "paypal", "alipay", "wechat_pay", "sepa_debit"}


def test_some_payments_are_declined_and_tried_again(
    intents: list[dict[str, Any]], charges: list[dict[str, Any]]
) -> None:
    failed = [charge for charge in charges if charge["status"] == "failed"]
    assert 0.04 < len(failed) / len(charges) < 0.25
    assert len({charge["outcome"]["reason"] for charge in failed}) >= 5
    rescued = {charge["payment_intent"] for charge in failed} & {
        intent["id"] for intent in intents if intent["status"] == "succeeded"
    }
    assert rescued


def test_payments_have_every_status_a_shop_sees(intents: list[dict[str, Any]]) -> None:
    seen = Counter(intent["status"] for intent in intents)
    assert seen.keys() >= {"succeeded", "canceled", "requires_payment_method"}
    assert seen["succeeded"] > 0.75 * len(intents)


def test_refunds_and_disputes_follow_payments(
    busy: DirectClient, charges: list[dict[str, Any]]
) -> None:
    known = {charge["id"]: charge for charge in charges}
    refunds, disputes = busy.everything("refunds"), busy.everything("disputes")
    back = [known[refund["charge"]] for refund in refunds]
    assert 0.01 < len(back) / len(charges) < 0.1
    assert all(
        refund["created"] >= paid["created"] for refund, paid in zip(refunds, back, strict=True)
    )
    assert {charge["refunded"] for charge in back} == {True, False}
    assert len({dispute["reason"] for dispute in disputes}) >= 2
    assert {dispute["status"] for dispute in disputes} >= {"needs_response", "lost"}
    assert all(known[dispute["charge"]]["disputed"] for dispute in disputes)


def test_frauds_are_labelled(busy: DirectClient, intents: list[dict[str, Any]]) -> None:
    labels = busy.control.labels({})["labels"]
    assert labels.keys() <= {intent["id"] for intent in intents}
    kinds = Counter(label["label"] for label in labels.values())
    assert kinds.keys() == {"card_testing", "stolen_card", "friendly_fraud"}
    assert kinds["card_testing"] >= 60


def test_business_grows(intents: list[dict[str, Any]]) -> None:
    middle = intents[0]["created"] - DAYS * DAY // 2
    late = sum(intent["created"] > middle for intent in intents)
    assert late > 1.1 * (len(intents) - late)


def test_events_go_back_thirty_days_only(busy: DirectClient) -> None:
    now = busy.engine.clock.now_ms() // 1000
    [(oldest,)] = busy.engine.store.db.execute(
        "SELECT min(created) FROM objects WHERE object = 'event'"
    )
    assert now - RETENTION_S <= oldest <= now - RETENTION_S + 2 * DAY
    assert busy.control.state({})["deliveries"] == 0


def test_life_goes_on_after_the_history(busy: DirectClient) -> None:
    waiting = Counter(
        kind for (kind,) in busy.engine.store.db.execute("SELECT kind FROM tasks").fetchall()
    )
    assert waiting["daily_payouts"] == 1
    assert waiting["dispute_deadline"] > 0


def test_a_second_history_goes_beside_the_first() -> None:
    with past(5, 20, seed=3) as books:
        list(history.write(books.engine, 5, 20, 4))
        intents = books.everything("payment_intents")
        assert len({intent["metadata"]["order_id"] for intent in intents}) == 200
        assert faults(books) == []
        assert json.loads(books.engine.store.meta("next_order") or "0") == 1201
        books.advance(40 * DAY)
        assert faults(books) == []
