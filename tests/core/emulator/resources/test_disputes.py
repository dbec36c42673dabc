"""Disputes take money with a fee, return it when won, and follow Stripe's statuses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import stripe

from core.emulator.server import RunningEmulator, start_emulator
from tests.support.emulator_clients import client_of, pay

DAY = 86_400


@pytest.fixture
def emulator() -> Iterator[RunningEmulator]:
    with start_emulator() as running:
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


def rows_of(client: stripe.StripeClient, dispute: stripe.Dispute) -> list[tuple[str, int, int]]:
    rows = client.v1.balance_transactions.list({"source": dispute.id}).data
    return [(row.reporting_category, row.amount, row.fee) for row in reversed(rows)]


def test_dispute_withdraws_the_amount_and_fifteen_dollars(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    dispute = disputed(emulator, client)
    assert rows_of(client, dispute) == [("dispute", -2000, 1500)]
    [row] = dispute.balance_transactions
    assert (row.type, row.net, row.source) == ("adjustment", -3500, dispute.id)
    assert dispute.evidence_details.due_by is not None
    assert not dispute.is_charge_refundable


def test_winning_evidence_returns_money_and_countering_fee(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    dispute = disputed(emulator, client)
    sent = client.v1.disputes.update(
        dispute.id, {"evidence": {"uncategorized_text": "winning_evidence"}}
    )
    assert (sent.status, sent.evidence_details.submission_count) == ("under_review", 1)
    [fee] = client.v1.balance_transactions.list({"type": "stripe_fee"}).data
    assert fee.net == -1500
    emulator.settle()
    assert client.v1.disputes.retrieve(dispute.id).status == "won"
    assert rows_of(client, dispute) == [("dispute", -2000, 1500), ("dispute_reversal", 2000, -1500)]


def test_losing_evidence_adds_no_row(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    dispute = disputed(emulator, client)
    client.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": "losing_evidence"}})
    emulator.settle()
    assert client.v1.disputes.retrieve(dispute.id).status == "lost"
    assert len(rows_of(client, dispute)) == 1


def test_draft_is_kept_and_not_sent(emulator: RunningEmulator, client: stripe.StripeClient) -> None:
    dispute = disputed(emulator, client)
    draft = client.v1.disputes.update(
        dispute.id, {"evidence": {"customer_name": "Ada"}, "submit": False}
    )
    assert (draft.status, draft.evidence.customer_name) == ("needs_response", "Ada")
    assert draft.evidence_details.has_evidence
    assert draft.evidence_details.submission_count == 0


def test_evidence_goes_once(emulator: RunningEmulator, client: stripe.StripeClient) -> None:
    dispute = disputed(emulator, client)
    client.v1.disputes.update(dispute.id, {"evidence": {"customer_name": "Ada"}})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.disputes.update(dispute.id, {"evidence": {"customer_name": "Bo"}})
    assert "already been submitted" in str(caught.value)
    assert client.v1.disputes.retrieve(dispute.id).evidence.customer_name == "Ada"


def test_evidence_beyond_the_character_limit_is_refused(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    dispute = disputed(emulator, client)
    with pytest.raises(stripe.InvalidRequestError, match="20000 characters"):
        client.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": "x" * 20_001}})
    assert client.v1.disputes.retrieve(dispute.id).evidence.uncategorized_text is None


def test_closing_accepts_the_loss(emulator: RunningEmulator, client: stripe.StripeClient) -> None:
    dispute = disputed(emulator, client)
    assert client.v1.disputes.close(dispute.id).status == "lost"
    with pytest.raises(stripe.InvalidRequestError, match="This dispute is already closed"):
        client.v1.disputes.close(dispute.id)


def test_deadline_without_an_answer_loses(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    dispute = disputed(emulator, client)
    emulator.advance(10 * DAY)
    lost = client.v1.disputes.retrieve(dispute.id)
    assert (lost.status, lost.evidence_details.past_due) == ("lost", True)


def test_issuer_decides_within_three_months(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    dispute = disputed(emulator, client)
    client.v1.disputes.update(dispute.id, {"evidence": {"customer_name": "Ada"}})
    emulator.advance(60 * DAY)
    assert client.v1.disputes.retrieve(dispute.id).status == "under_review"
    emulator.advance(10 * DAY)
    assert client.v1.disputes.retrieve(dispute.id).status in ("won", "lost")


def test_inquiry_takes_no_money(emulator: RunningEmulator, client: stripe.StripeClient) -> None:
    inquiry = disputed(emulator, client, "pm_card_createDisputeInquiry")
    assert inquiry.is_charge_refundable
    assert rows_of(client, inquiry) == []
    emulator.advance(119 * DAY)
    assert client.v1.disputes.retrieve(inquiry.id).status == "warning_needs_response"
    emulator.advance(2 * DAY)
    assert client.v1.disputes.retrieve(inquiry.id).status == "warning_closed"
    assert rows_of(client, inquiry) == []


def test_issuer_may_dispute_any_charge(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    paid = pay(client, currency="eur")
    made = emulator.control(
        "POST", "disputes", {"charge": paid.latest_charge, "reason": "duplicate", "amount": 800}
    )
    dispute = client.v1.disputes.retrieve(made["id"])
    assert (dispute.reason, dispute.amount, dispute.currency) == ("duplicate", 800, "eur")
    assert rows_of(client, dispute) == [("dispute", -800, 2000)]


def test_issuer_disputes_what_was_captured(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    held = pay(client, capture_method="manual")
    client.v1.payment_intents.capture(held.id, {"amount_to_capture": 700})
    for amount in (-1, 0, 701):
        with pytest.raises(ValueError, match="at most what was captured"):
            emulator.control(
                "POST", "disputes", {"charge": str(held.latest_charge), "amount": amount}
            )
    emulator.control("POST", "disputes", {"charge": str(held.latest_charge)})
    [dispute] = client.v1.disputes.list({"payment_intent": held.id}).data
    assert dispute.amount == 700
    assert dispute.balance_transactions[0].amount == -700
