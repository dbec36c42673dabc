"""What becomes of a refund after it was made: its statuses, its events, and where the money is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import stripe

from core.emulator.server import RunningEmulator, start_emulator
from tests.support.emulator_clients import client_of, pay
from tests.support.sdk_shapes import faults

DAY = 86_400


@pytest.fixture
def emulator() -> Iterator[RunningEmulator]:
    with start_emulator() as running:
        running.control("POST", "clock", {"frozen": True})
        yield running


@pytest.fixture
def client(emulator: RunningEmulator) -> stripe.StripeClient:
    return client_of(emulator)


def refunded(client: stripe.StripeClient, token: str) -> stripe.Refund:
    return client.v1.refunds.create({"payment_intent": pay(client, token).id})


def events_of(client: stripe.StripeClient, refund: stripe.Refund) -> list[tuple[str, str | None]]:
    """(type, status at that time) of every event about the refund, oldest first."""
    found = client.v1.events.list({"limit": 100}).data
    return [
        (event.type, event.data.object["status"])
        for event in reversed(found)
        if event.data.object["id"] == refund.id
    ]


def waiting(emulator: RunningEmulator, client: stripe.StripeClient) -> stripe.Refund:
    """A refund for which the customer must say where the money goes."""
    refund = refunded(client, "pm_card_pendingRefund")
    emulator.control("POST", f"refunds/{refund.id}", {"status": "requires_action"})
    return client.v1.refunds.retrieve(refund.id)


def nets(client: stripe.StripeClient, refund: stripe.Refund) -> list[int]:
    return [row.net for row in client.v1.balance_transactions.list({"source": refund.id}).data]


def test_failing_card_succeeds_first_and_tells_each_step(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    refund = refunded(client, "pm_card_refundFail")
    emulator.settle()
    assert events_of(client, refund) == [
        ("refund.created", "succeeded"),
        ("refund.updated", "failed"),
        ("charge.refund.updated", "failed"),
        ("refund.failed", "failed"),
    ]
    assert sorted(nets(client, refund)) == [-2000, 2000]


def test_pending_card_succeeds_later_and_tells_it(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    refund = refunded(client, "pm_card_pendingRefund")
    emulator.settle()
    assert events_of(client, refund) == [
        ("refund.created", "pending"),
        ("refund.updated", "succeeded"),
        ("charge.refund.updated", "succeeded"),
    ]


@pytest.mark.parametrize("reason", ["declined", "lost_or_stolen_card"])
def test_bank_may_fail_any_refund(
    emulator: RunningEmulator, client: stripe.StripeClient, reason: str
) -> None:
    refund = refunded(client, "pm_card_visa")
    emulator.control("POST", f"refunds/{refund.id}", {"status": "failed", "failure_reason": reason})
    failed = client.v1.refunds.retrieve(refund.id, {"expand": ["failure_balance_transaction"]})
    assert (failed.status, failed.failure_reason) == ("failed", reason)
    assert isinstance(failed.failure_balance_transaction, stripe.BalanceTransaction)
    assert failed.failure_balance_transaction.net == 2000
    charge = client.v1.charges.retrieve(str(refund.charge))
    assert (charge.amount_refunded, charge.refunded) == (0, False)


def test_refund_that_waits_for_the_customer_can_be_canceled_once(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    refund = waiting(emulator, client)
    assert faults(refund.to_dict()) == []
    assert refund.next_action is not None
    assert refund.next_action.type == "display_details"
    canceled = client.v1.refunds.cancel(refund.id)
    assert (canceled.status, canceled.failure_reason) == ("canceled", "merchant_request")
    assert faults(canceled.to_dict()) == []
    assert sorted(nets(client, refund)) == [-2000, 2000]
    with pytest.raises(stripe.InvalidRequestError, match="unsupported"):
        client.v1.refunds.cancel(refund.id)
    emulator.advance(60 * DAY)
    assert client.v1.refunds.retrieve(refund.id).status == "canceled"
    assert len(nets(client, refund)) == 2


def test_refund_that_waits_too_long_fails(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    by_time, by_helper = waiting(emulator, client), waiting(emulator, client)
    assert client.v1.test_helpers.refunds.expire(by_helper.id).status == "failed"
    emulator.advance(44 * DAY)
    assert client.v1.refunds.retrieve(by_time.id).status == "requires_action"
    emulator.advance(2 * DAY)
    assert client.v1.refunds.retrieve(by_time.id).status == "failed"


def test_customer_may_answer_in_time(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    refund = waiting(emulator, client)
    emulator.control("POST", f"refunds/{refund.id}", {"status": "succeeded"})
    done = client.v1.refunds.retrieve(refund.id)
    assert (done.status, done.to_dict().get("next_action")) == ("succeeded", None)
    emulator.advance(60 * DAY)
    assert client.v1.refunds.retrieve(refund.id).status == "succeeded"


def test_only_a_waiting_refund_expires(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="does not wait"):
        client.v1.test_helpers.refunds.expire(refunded(client, "pm_card_visa").id)
