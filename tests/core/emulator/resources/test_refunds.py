"""Refunds never pass what was captured, move the balance exactly, and may fail later."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from core.emulator.resources import refund_outcomes
from core.emulator.server import RunningEmulator, start_emulator
from tests.support.emulator_clients import CARD, client_of, pay


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with start_emulator() as running:
        yield running


@pytest.fixture(scope="module")
def client(emulator: RunningEmulator) -> stripe.StripeClient:
    return client_of(emulator)


def test_full_refund_returns_everything_but_the_fee(client: stripe.StripeClient) -> None:
    paid = pay(client, amount=5000)
    refund = client.v1.refunds.create(
        {"payment_intent": paid.id, "reason": "requested_by_customer"}
    )
    assert (refund.status, refund.amount, refund.reason) == (
        "succeeded",
        5000,
        "requested_by_customer",
    )
    row = client.v1.balance_transactions.retrieve(str(refund.balance_transaction))
    assert (row.amount, row.fee, row.net) == (-5000, 0, -5000)
    assert (row.type, row.reporting_category, row.source) == ("refund", "refund", refund.id)
    assert client.v1.charges.retrieve(str(paid.latest_charge)).refunded


def test_partial_refunds_add_up_and_stop_at_the_charge(client: stripe.StripeClient) -> None:
    paid = pay(client)
    for amount in (500, 700):
        client.v1.refunds.create({"payment_intent": paid.id, "amount": amount})
    charge = client.v1.charges.retrieve(str(paid.latest_charge), {"expand": ["refunds"]})
    assert (charge.amount_refunded, charge.refunded) == (1200, False)
    assert charge.refunds is not None
    assert [refund.amount for refund in charge.refunds.data] == [700, 500]
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": paid.id, "amount": 801})
    assert "($8.01) is greater than unrefunded amount on charge ($8.00)" in str(caught.value)
    client.v1.refunds.create({"charge": str(paid.latest_charge)})
    with pytest.raises(stripe.InvalidRequestError) as again:
        client.v1.refunds.create({"payment_intent": paid.id})
    assert again.value.code == "charge_already_refunded"


def test_partial_refunds_of_a_converted_charge_sum_to_its_settled_amount(
    client: stripe.StripeClient,
) -> None:
    paid = pay(client, amount=1003, currency="gbp")
    rows = [
        client.v1.balance_transactions.retrieve(
            str(
                client.v1.refunds.create(
                    {"payment_intent": paid.id, "amount": part}
                ).balance_transaction
            )
        )
        for part in (1, 1, 334, 333, 334)
    ]
    [charged] = client.v1.balance_transactions.list({"source": str(paid.latest_charge)}).data
    assert {row.currency for row in rows} == {charged.currency} == {"usd"}
    assert sum(row.amount for row in rows) == -charged.amount


def test_failed_refund_between_others_leaves_no_cent_behind(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    paid = pay(client, amount=1003, currency="gbp")

    def refund(amount: int) -> stripe.Refund:
        return client.v1.refunds.create({"payment_intent": paid.id, "amount": amount})

    failing, _ = refund(2), refund(2)
    emulator.engine.work(lambda ctx: refund_outcomes.fail(ctx, failing.id, "declined"))
    refund(1001)
    charge = client.v1.charges.retrieve(str(paid.latest_charge))
    assert charge.refunded
    made = client.v1.refunds.list({"payment_intent": paid.id}).data
    moved = [
        client.v1.balance_transactions.retrieve(str(row_id)).amount
        for refunded in made
        for name in ("balance_transaction", "failure_balance_transaction")
        if (row_id := refunded.to_dict().get(name))
    ]
    [charged] = client.v1.balance_transactions.list({"source": charge.id}).data
    assert len(moved) == 4
    assert sum(moved) == -charged.amount


def test_refunds_at_once_never_pass_the_charge(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    paid = pay(client, amount=1000)

    def refund(_: int) -> bool:
        try:
            client_of(emulator).v1.refunds.create({"payment_intent": paid.id, "amount": 300})
        except stripe.InvalidRequestError:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(refund, range(16))) == 3
    assert client.v1.charges.retrieve(str(paid.latest_charge)).amount_refunded == 900


def test_unpaid_intent_has_nothing_to_refund(client: stripe.StripeClient) -> None:
    made = client.v1.payment_intents.create({"amount": 2000, "currency": "usd", **CARD})
    with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge"):
        client.v1.refunds.create({"payment_intent": made.id})


def test_disputed_charge_cannot_be_refunded(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    paid = pay(client, "pm_card_createDispute")
    emulator.settle()
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": paid.id})
    assert caught.value.code == "charge_disputed"


def test_inquiry_leaves_the_charge_refundable(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    paid = pay(client, "pm_card_createDisputeInquiry")
    emulator.settle()
    assert client.v1.refunds.create({"payment_intent": paid.id}).status == "succeeded"


def test_failed_refund_brings_the_money_back(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    paid = pay(client, "pm_card_refundFail")
    refund = client.v1.refunds.create({"payment_intent": paid.id})
    assert refund.status == "succeeded"
    emulator.settle()
    failed = client.v1.refunds.retrieve(refund.id)
    assert (failed.status, failed.failure_reason) == ("failed", "expired_or_canceled_card")
    row = client.v1.balance_transactions.retrieve(str(failed.failure_balance_transaction))
    assert (row.net, row.reporting_category) == (2000, "refund_failure")
    charge = client.v1.charges.retrieve(str(paid.latest_charge))
    assert (charge.amount_refunded, charge.refunded) == (0, False)


def test_pending_refund_succeeds_later(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    paid = pay(client, "pm_card_pendingRefund")
    refund = client.v1.refunds.create({"payment_intent": paid.id})
    assert (refund.status, refund.pending_reason) == ("pending", "processing")
    emulator.settle()
    assert client.v1.refunds.retrieve(refund.id).status == "succeeded"


def test_metadata_is_all_that_can_change(client: stripe.StripeClient) -> None:
    refund = client.v1.refunds.create({"payment_intent": pay(client).id, "metadata": {"a": "1"}})
    changed = client.v1.refunds.update(refund.id, {"metadata": {"a": "", "b": "2"}})
    assert changed.metadata.to_dict() == {"b": "2"}
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.update(refund.id, {"amount": 1})  # type: ignore[typeddict-unknown-key]
    assert caught.value.code == "parameter_unknown"


def test_refund_that_waits_for_nobody_cannot_be_canceled(client: stripe.StripeClient) -> None:
    refund = client.v1.refunds.create({"payment_intent": pay(client).id})
    with pytest.raises(stripe.InvalidRequestError, match="Canceling this refund is unsupported"):
        client.v1.refunds.cancel(refund.id)
