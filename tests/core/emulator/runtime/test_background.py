"""Events reach their endpoints signed, are retried, and survive a restart."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import stripe

from core.emulator.runtime.background import wait_until
from core.emulator.runtime.webhook_signature import signature
from core.emulator.server import RunningEmulator, start_emulator
from tests.support.emulator_clients import Receiver, client_of, pay, receiver

HOUR = 3_600


@pytest.fixture
def emulator() -> Iterator[RunningEmulator]:
    with start_emulator() as running:
        running.control("POST", "clock", {"frozen": True})
        yield running


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


def add(emulator: RunningEmulator, hook: Receiver, *kinds: str) -> stripe.WebhookEndpoint:
    """An endpoint made through the API, whose secret the receiver then knows."""
    enabled = list(kinds) or ["*"]
    made = client_of(emulator).v1.webhook_endpoints.create(
        {"url": hook.url, "enabled_events": enabled}  # type: ignore[typeddict-item]
    )
    assert made.secret
    hook.secret = made.secret
    return made


def new_customer(emulator: RunningEmulator, name: str = "Ada") -> str:
    return client_of(emulator).v1.customers.create({"name": name}).id


def refused_so_far(hook: Receiver, refuse: int) -> int:
    return refuse - hook.refuse


def test_every_event_arrives_with_a_signature_the_sdk_accepts(
    emulator: RunningEmulator, hook: Receiver
) -> None:
    add(emulator, hook)
    paid = pay(client_of(emulator))
    emulator.settle()
    assert emulator.wait_delivered()
    kept = client_of(emulator).v1.events.list({"limit": 100}).data
    assert {event.id for event in hook.events()} == {event.id for event in kept}
    assert {event.type for event in hook.events()} >= {
        "payment_intent.created",
        "payment_intent.succeeded",
        "charge.succeeded",
        "charge.updated",
    }
    [done] = [event for event in hook.events() if event.type == "payment_intent.succeeded"]
    assert done.data.object["id"] == paid.id
    assert all(event.pending_webhooks == 0 for event in kept)


def test_changed_body_or_other_secret_fails_the_signature(
    emulator: RunningEmulator, hook: Receiver
) -> None:
    add(emulator, hook)
    new_customer(emulator)
    assert emulator.wait_delivered()
    [(body, header)] = hook.bodies
    check = stripe.WebhookSignature.verify_header
    assert check(body.decode(), header, hook.secret, 300)
    for text, secret in ((body.decode() + " ", hook.secret), (body.decode(), "whsec_other")):
        with pytest.raises(stripe.SignatureVerificationError):
            check(text, header, secret, 300)


def test_old_signature_is_refused_by_the_sdk() -> None:
    header = signature(b"{}", "whsec_a", int(time.time()) - 301)
    with pytest.raises(stripe.SignatureVerificationError, match="tolerance"):
        stripe.WebhookSignature.verify_header("{}", header, "whsec_a", 300)


def test_refused_delivery_is_retried_as_the_clock_goes_on(
    emulator: RunningEmulator, hook: Receiver
) -> None:
    add(emulator, hook)
    hook.refuse = 3
    new_customer(emulator)
    # After one second, then two, then four: each is due when the clock gets there, not before.
    for wait, tries in ((0, 1), (1, 2), (1, 2), (1, 3), (3, 3)):
        emulator.advance(wait)
        assert emulator.wait_delivered()
        assert (refused_so_far(hook, 3), hook.bodies) == (tries, [])
    undelivered = client_of(emulator).v1.events.list({"delivery_success": False}).data
    assert [event.pending_webhooks for event in undelivered] == [1]
    emulator.advance(1)
    assert emulator.wait_delivered()
    assert [event.id for event in hook.events()] == [undelivered[0].id]
    assert client_of(emulator).v1.events.list({"delivery_success": False}).data == []


def test_endpoint_that_is_down_for_three_days_is_given_up(
    emulator: RunningEmulator, hook: Receiver
) -> None:
    add(emulator, hook)
    hook.refuse = 10_000
    new_customer(emulator)
    assert emulator.wait_delivered()
    for _ in range(4):
        emulator.advance(25 * HOUR)
        assert emulator.wait_delivered()
    assert emulator.control("GET", "state")["deliveries"] == 0
    [event] = client_of(emulator).v1.events.list({"delivery_success": False}).data
    assert event.type == "customer.created"


def test_delivery_to_nobody_is_kept_for_later(emulator: RunningEmulator) -> None:
    with receiver() as gone:
        url, secret = gone.url, gone.secret
    emulator.add_webhook(url, secret)
    new_customer(emulator)
    assert emulator.wait_delivered()
    assert emulator.control("GET", "state")["deliveries"] == 1


def test_endpoint_gets_the_types_it_asked_for(emulator: RunningEmulator, hook: Receiver) -> None:
    add(emulator, hook, "payment_intent.succeeded", "refund.created")
    paid = pay(client_of(emulator))
    client_of(emulator).v1.refunds.create({"payment_intent": paid.id})
    assert emulator.wait_delivered()
    assert Counter(event.type for event in hook.events()) == {
        "payment_intent.succeeded": 1,
        "refund.created": 1,
    }


def test_disabled_and_deleted_endpoints_get_nothing(
    emulator: RunningEmulator, hook: Receiver
) -> None:
    client, made = client_of(emulator), add(emulator, hook)
    client.v1.webhook_endpoints.update(made.id, {"disabled": True})
    new_customer(emulator)
    client.v1.webhook_endpoints.update(made.id, {"disabled": False})
    wanted = new_customer(emulator)
    assert emulator.wait_delivered()
    assert client.v1.webhook_endpoints.delete(made.id).deleted
    new_customer(emulator)
    assert emulator.wait_delivered()
    assert [event.data.object["id"] for event in hook.events()] == [wanted]


def test_secret_is_shown_once(emulator: RunningEmulator, hook: Receiver) -> None:
    made = add(emulator, hook)
    again = client_of(emulator).v1.webhook_endpoints.retrieve(made.id)
    assert "secret" not in again.to_dict()
    assert hook.secret.startswith("whsec_")


def test_paused_deliveries_wait(emulator: RunningEmulator, hook: Receiver) -> None:
    add(emulator, hook)
    emulator.control("POST", "webhooks", {"paused": True})
    names = [new_customer(emulator) for _ in range(5)]
    assert not emulator.wait_delivered(0.4)
    assert hook.bodies == []
    assert emulator.control("GET", "state")["deliveries"] == 5
    emulator.control("POST", "webhooks", {"paused": False})
    assert emulator.wait_delivered()
    assert {event.data.object["id"] for event in hook.events()} == set(names)


def test_duplicate_sends_each_event_so_often(emulator: RunningEmulator, hook: Receiver) -> None:
    add(emulator, hook)
    emulator.control("POST", "webhooks", {"duplicate": 3})
    for _ in range(4):
        new_customer(emulator)
    assert emulator.wait_delivered()
    assert sorted(Counter(event.id for event in hook.events()).values()) == [3, 3, 3, 3]


def test_shuffle_sends_all_in_another_order(emulator: RunningEmulator, hook: Receiver) -> None:
    add(emulator, hook)
    emulator.control("POST", "webhooks", {"paused": True, "shuffle": True})
    made = [new_customer(emulator) for _ in range(40)]
    emulator.control("POST", "webhooks", {"paused": False})
    assert emulator.wait_delivered()
    arrived = [event.data.object["id"] for event in hook.events()]
    assert sorted(arrived) == sorted(made)
    # Four senders alone would keep each event within a few places of its turn.
    assert max(abs(made.index(name) - place) for place, name in enumerate(arrived)) > 8


def test_what_was_not_delivered_survives_a_restart(tmp_path: Path, hook: Receiver) -> None:
    state = tmp_path / "emulator.db"
    with start_emulator(state_path=state) as emulator:
        emulator.control("POST", "clock", {"frozen": True})
        account, seed = emulator.account, emulator.engine.seed
        add(emulator, hook)
        hook.refuse = 3
        paid = pay(client_of(emulator), "pm_card_createDispute")
        assert emulator.wait_delivered()
        before = emulator.control("GET", "state")
    with start_emulator(state_path=state, seed=99) as emulator:
        after = emulator.control("GET", "state")
        assert (emulator.account, emulator.engine.seed) == (account, seed)
        for name in ("now", "frozen", "objects", "tasks", "deliveries"):
            assert after[name] == before[name]
        assert after["deliveries"] == 3
        client = client_of(emulator)
        assert client.v1.payment_intents.retrieve(paid.id).to_dict() == paid.to_dict()
        emulator.settle()  # the dispute that was due comes
        emulator.advance(10)
        assert emulator.wait_delivered()
        kept = client.v1.events.list({"limit": 100}).data
        assert "charge.dispute.created" in {event.type for event in kept}
        assert Counter(event.id for event in hook.events()) == {event.id: 1 for event in kept}
        assert pay(client).id != paid.id


def test_trickle_buys_until_it_is_stopped(emulator: RunningEmulator, hook: Receiver) -> None:
    add(emulator, hook, "payment_intent.created")
    emulator.control("POST", "trickle", {"per_minute": 6000})
    assert wait_until(lambda: len(hook.bodies) >= 5, 10)
    emulator.control("POST", "trickle", {"per_minute": 0})
    assert emulator.wait_delivered()
