"""Disputes reach every status by the steps that lead there, with the money exact each time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from core.emulator.server import RunningEmulator, start_emulator
from tests.support.emulator_clients import client_of, pay
from tests.support.sdk_shapes import faults

DAY = 86_400
FEE = 1_500


@pytest.fixture
def emulator() -> Iterator[RunningEmulator]:
    with start_emulator() as running:
        running.control("POST", "clock", {"frozen": True})
        yield running


@pytest.fixture
def client(emulator: RunningEmulator) -> stripe.StripeClient:
    return client_of(emulator)


def disputed(
    emulator: RunningEmulator, client: stripe.StripeClient, token: str = "pm_card_createDispute"
) -> stripe.Dispute:
    paid = pay(client, token)
    emulator.settle()
    [dispute] = client.v1.disputes.list({"payment_intent": paid.id}).data
    return dispute


def bring(emulator: RunningEmulator, dispute: stripe.Dispute, status: str) -> dict[str, Any]:
    found: dict[str, Any] = emulator.control("POST", f"disputes/{dispute.id}", {"status": status})
    return found


def rows_of(client: stripe.StripeClient, dispute: stripe.Dispute) -> list[tuple[int, int]]:
    rows = client.v1.balance_transactions.list({"source": dispute.id}).data
    return [(row.amount, row.fee) for row in reversed(rows)]


def events_of(client: stripe.StripeClient, dispute: stripe.Dispute) -> list[tuple[str, str]]:
    found = client.v1.events.list({"limit": 100}).data
    return [
        (event.type.removeprefix("charge.dispute."), event.data.object["status"])
        for event in reversed(found)
        if event.data.object["id"] == dispute.id
    ]


TAKEN, BACK = (-2000, FEE), (2000, -FEE)


@pytest.mark.parametrize(
    ("token", "status", "rows"),
    [
        ("pm_card_createDispute", "under_review", [TAKEN]),
        ("pm_card_createDispute", "lost", [TAKEN]),
        ("pm_card_createDispute", "won", [TAKEN, (2000, 0)]),
        ("pm_card_createDisputeInquiry", "warning_under_review", []),
        ("pm_card_createDisputeInquiry", "warning_closed", []),
        ("pm_card_createDisputeInquiry", "needs_response", [TAKEN]),
        ("pm_card_createDisputeInquiry", "under_review", [TAKEN]),
        ("pm_card_createDisputeInquiry", "won", [TAKEN, (2000, 0)]),
        ("pm_card_createDisputeInquiry", "lost", [TAKEN]),
    ],
)
def test_order_leads_to_each_status(
    emulator: RunningEmulator,
    client: stripe.StripeClient,
    token: str,
    status: str,
    rows: list[tuple[int, int]],
) -> None:
    dispute = disputed(emulator, client, token)
    assert bring(emulator, dispute, status)["status"] == status
    found = client.v1.disputes.retrieve(dispute.id)
    assert found.status == status
    assert faults(found.to_dict()) == []
    assert rows_of(client, dispute) == rows
    assert found.is_charge_refundable == (status == "won" or status.startswith("warning"))


@pytest.mark.parametrize(
    ("first", "then"),
    [("won", "lost"), ("lost", "won"), ("under_review", "needs_response"), ("lost", "prevented")],
)
def test_no_way_leads_back(
    emulator: RunningEmulator, client: stripe.StripeClient, first: str, then: str
) -> None:
    dispute = disputed(emulator, client)
    bring(emulator, dispute, first)
    with pytest.raises(ValueError, match="No way leads"):
        bring(emulator, dispute, then)
    assert client.v1.disputes.retrieve(dispute.id).status == first


def test_win_after_an_answer_brings_back_the_countering_fee_and_tells_each_step(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    dispute = disputed(emulator, client)
    client.v1.disputes.update(dispute.id, {"evidence": {"customer_name": "Ada"}})
    bring(emulator, dispute, "won")
    assert rows_of(client, dispute) == [TAKEN, BACK]
    assert events_of(client, dispute) == [
        ("created", "needs_response"),
        ("funds_withdrawn", "needs_response"),
        ("updated", "under_review"),
        ("funds_reinstated", "won"),
        ("closed", "won"),
    ]
    refund = client.v1.refunds.create({"charge": str(dispute.charge)})
    assert refund.status == "succeeded"


def test_update_tells_what_was_before(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    dispute = disputed(emulator, client)
    client.v1.disputes.update(dispute.id, {"evidence": {"customer_name": "Ada"}})
    [event] = client.v1.events.list({"type": "charge.dispute.updated"}).data
    before = event.data.previous_attributes
    assert before is not None
    assert before["status"] == "needs_response"
    assert before["evidence"]["customer_name"] is None
    assert before["evidence_details"]["submission_count"] == 0


def test_prevented_dispute_costs_the_amount_and_no_fee(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    paid = pay(client)
    made = emulator.control(
        "POST", "disputes", {"charge": str(paid.latest_charge), "reason": "prevented"}
    )
    dispute = client.v1.disputes.retrieve(made["id"])
    assert (dispute.status, dispute.evidence_details.due_by) == ("prevented", None)
    assert faults(dispute.to_dict()) == []
    assert rows_of(client, dispute) == [(-2000, 0)]
    assert events_of(client, dispute)[-1] == ("closed", "prevented")
    with pytest.raises(stripe.InvalidRequestError, match="already closed"):
        client.v1.disputes.update(dispute.id, {"evidence": {"customer_name": "Ada"}})


def test_words_of_the_test_mode_escalate_an_inquiry(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    inquiry = disputed(emulator, client, "pm_card_createDisputeInquiry")
    words = {"uncategorized_text": "escalate_inquiry_evidence"}
    sent = client.v1.disputes.update(inquiry.id, {"evidence": words})
    assert sent.status == "warning_under_review"
    emulator.settle()
    dispute = client.v1.disputes.retrieve(inquiry.id)
    assert (dispute.status, dispute.is_charge_refundable) == ("needs_response", False)
    assert rows_of(client, dispute) == [TAKEN]
    client.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": "winning_evidence"}})
    emulator.settle()
    assert rows_of(client, dispute) == [TAKEN, BACK]


def test_refund_under_way_fails_when_the_charge_is_disputed(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    paid = pay(client, "pm_card_pendingRefund")
    refund = client.v1.refunds.create({"payment_intent": paid.id})
    emulator.control("POST", "disputes", {"charge": str(paid.latest_charge)})
    failed = client.v1.refunds.retrieve(refund.id)
    assert (failed.status, failed.failure_reason) == (
        "failed",
        "charge_for_pending_refund_disputed",
    )
    emulator.settle()
    assert client.v1.refunds.retrieve(refund.id).status == "failed"


def test_full_refund_ends_an_inquiry_and_a_partial_one_does_not(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    inquiry = disputed(emulator, client, "pm_card_createDisputeInquiry")
    client.v1.refunds.create({"charge": str(inquiry.charge), "amount": 500})
    assert client.v1.disputes.retrieve(inquiry.id).status == "warning_needs_response"
    client.v1.refunds.create({"charge": str(inquiry.charge)})
    assert client.v1.disputes.retrieve(inquiry.id).status == "warning_closed"


def test_charge_may_be_disputed_twice_but_not_beyond_its_amount(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    paid = pay(client, "pm_card_createMultipleDisputes", amount=2001)
    emulator.settle()
    first, second = client.v1.disputes.list({"payment_intent": paid.id}).data
    assert sorted([first.amount, second.amount]) == [1000, 1001]
    with pytest.raises(ValueError, match="cannot be disputed now"):
        emulator.control("POST", "disputes", {"charge": str(paid.latest_charge)})
    bring(emulator, first, "won")
    with pytest.raises(stripe.InvalidRequestError, match="cannot issue a refund"):
        client.v1.refunds.create({"payment_intent": paid.id})


def test_won_dispute_may_be_opened_again_and_lost(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    dispute = disputed(emulator, client)
    bring(emulator, dispute, "won")
    again = bring(emulator, dispute, "needs_response")
    assert (again["status"], again["is_charge_refundable"]) == ("needs_response", False)
    assert rows_of(client, dispute) == [TAKEN, (2000, 0), (-2000, 0)]
    assert events_of(client, dispute)[-2:] == [
        ("updated", "needs_response"),
        ("funds_withdrawn", "needs_response"),
    ]
    assert bring(emulator, dispute, "lost")["status"] == "lost"
    assert sum(amount for amount, _ in rows_of(client, dispute)) == -2000
    assert faults(client.v1.disputes.retrieve(dispute.id).to_dict()) == []


@pytest.mark.parametrize(("outcome", "left"), [("won", 0), ("lost", -2000)])
def test_lost_dispute_may_be_appealed(
    emulator: RunningEmulator, client: stripe.StripeClient, outcome: str, left: int
) -> None:
    dispute = disputed(emulator, client)
    bring(emulator, dispute, "lost")
    assert bring(emulator, dispute, "appeal_needs_response")["status"] == "appeal_needs_response"
    with pytest.raises(stripe.InvalidRequestError, match="only submit appeal evidence"):
        client.v1.disputes.update(dispute.id, {"evidence": {"customer_name": "Ada"}})
    appeal = {"card": {"reason_for_filing": "The cardholder has the goods."}}
    sent = client.v1.disputes.update(dispute.id, {"evidence": {"appeal": appeal}})
    assert sent.status == "appeal_under_review"
    assert faults(sent.to_dict()) == []
    bring(emulator, dispute, outcome)
    assert sum(amount for amount, _ in rows_of(client, dispute)) == left
    assert events_of(client, dispute)[-1] == ("closed", outcome)


def test_appeal_that_nobody_sends_is_lost(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    dispute = disputed(emulator, client)
    for status in ("lost", "appeal_needs_response"):
        bring(emulator, dispute, status)
    emulator.advance(11 * 86_400)
    assert client.v1.disputes.retrieve(dispute.id).status == "lost"


@pytest.mark.parametrize("amount", [500, 2000])
def test_refund_during_an_inquiry_stands_beside_the_chargeback(
    emulator: RunningEmulator, client: stripe.StripeClient, amount: int
) -> None:
    inquiry = disputed(emulator, client, "pm_card_createDisputeInquiry")
    refund = client.v1.refunds.create({"charge": str(inquiry.charge), "amount": amount})
    assert bring(emulator, inquiry, "needs_response")["amount"] == 2000
    assert rows_of(client, inquiry) == [TAKEN]
    assert client.v1.refunds.retrieve(refund.id).status == "succeeded"
    assert client.v1.charges.retrieve(str(inquiry.charge)).amount_refunded == amount


def test_rest_of_a_partly_lost_charge_can_be_refunded_and_no_more(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    paid = pay(client)
    order = {"charge": str(paid.latest_charge), "amount": 600}
    made = client.v1.disputes.retrieve(emulator.control("POST", "disputes", order)["id"])
    assert bring(emulator, made, "lost")["is_charge_refundable"] is True
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded"):
        client.v1.refunds.create({"payment_intent": paid.id, "amount": 1401})
    assert client.v1.refunds.create({"payment_intent": paid.id}).amount == 1400


def test_dispute_may_be_prevented_by_a_refund(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    paid = pay(client)
    order = {"charge": str(paid.latest_charge), "reason": "prevented_by_refund"}
    made = emulator.control("POST", "disputes", order)
    assert (made["status"], made["balance_transactions"]) == ("prevented", [])
    [refund] = client.v1.refunds.list({"payment_intent": paid.id}).data
    assert refund.amount == 2000


def test_issuer_may_dispute_more_than_the_charge_in_its_own_currency(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    charge = str(pay(client).latest_charge)
    order = {"charge": charge, "amount": 2100, "currency": "eur"}
    made = emulator.control("POST", "disputes", order)
    assert (made["amount"], made["currency"]) == (2100, "eur")
    [row] = made["balance_transactions"]
    assert (row["amount"], row["currency"], row["exchange_rate"]) == (-2279, "usd", 1.085)


def test_answer_is_due_until_the_end_of_its_day(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    dispute = disputed(emulator, client)
    due = dispute.evidence_details.due_by
    assert due is not None
    emulator.control("POST", "clock", {"now": due})
    assert client.v1.disputes.retrieve(dispute.id).status == "needs_response"
    emulator.advance(1)
    lost = client.v1.disputes.retrieve(dispute.id)
    assert (lost.status, lost.evidence_details.past_due) == ("lost", True)
    assert events_of(client, dispute)[-1] == ("closed", "lost")
