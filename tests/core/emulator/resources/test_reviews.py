"""Payments of elevated risk are paid and wait for review, until something closes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from core.emulator.server import RunningEmulator, start_emulator
from tests.support.emulator_books import context
from tests.support.emulator_clients import client_of, pay
from tests.support.sdk_shapes import faults

RISKY = "pm_card_riskLevelElevated"


@pytest.fixture
def emulator() -> Iterator[RunningEmulator]:
    with start_emulator() as running:
        running.control("POST", "clock", {"frozen": True})
        yield running


@pytest.fixture
def client(emulator: RunningEmulator) -> stripe.StripeClient:
    return client_of(emulator)


def reviewed(client: stripe.StripeClient, **params: Any) -> stripe.Review:
    paid = pay(client, RISKY, **params)
    return client.v1.reviews.retrieve(str(paid.review))


def closed(client: stripe.StripeClient, review: stripe.Review) -> str | None:
    """The reason a review was closed for, as the object and its one event say it."""
    found = client.v1.reviews.retrieve(review.id)
    assert faults(found.to_dict()) == []
    events = client.v1.events.list({"type": "review.closed"}).data
    reasons = [e.data.object["reason"] for e in events if e.data.object["id"] == review.id]
    assert reasons == ([] if found.open else [found.closed_reason])
    assert found.reason == (found.closed_reason or found.opened_reason)
    return found.closed_reason


def test_elevated_payment_is_paid_and_waits(client: stripe.StripeClient) -> None:
    paid = pay(client, RISKY, metadata={"ip_address": "198.18.0.7"})
    assert paid.status == "succeeded"
    [review] = client.v1.reviews.list({"expand": ["data.charge", "data.payment_intent"]}).data
    assert (review.id, review.open, review.reason) == (paid.review, True, "rule")
    assert review.ip_address == "198.18.0.7"
    assert isinstance(review.charge, stripe.Charge)
    assert isinstance(review.payment_intent, stripe.PaymentIntent)
    assert review.charge.review == review.id
    outcome: Any = review.charge.outcome
    assert (outcome.type, outcome.reason) == ("manual_review", "elevated_risk_level")
    [event] = client.v1.events.list({"type": "review.opened"}).data
    assert event.data.object["id"] == review.id
    assert faults(review.to_dict()) == []


def test_ordinary_payment_does_not_wait(client: stripe.StripeClient) -> None:
    paid = pay(client)
    charge = client.v1.charges.retrieve(str(paid.latest_charge))
    assert (paid.review, charge.review) == (None, None)
    assert charge.outcome is not None
    assert charge.outcome.type == "authorized"
    assert client.v1.reviews.list().data == []


def test_approval_closes_once_and_leaves_the_payment(client: stripe.StripeClient) -> None:
    review = reviewed(client)
    approved = client.v1.reviews.approve(review.id)
    assert (approved.open, closed(client, review)) == (False, "approved")
    assert client.v1.reviews.list().data == []
    with pytest.raises(stripe.InvalidRequestError, match="closed already"):
        client.v1.reviews.approve(review.id)
    intent = client.v1.payment_intents.retrieve(
        str(review.payment_intent), {"expand": ["review", "latest_charge.review"]}
    )
    assert isinstance(intent.review, stripe.Review)
    assert intent.review.closed_reason == "approved"


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("requested_by_customer", "refunded"), ("fraudulent", "refunded_as_fraud")],
)
def test_full_refund_closes_and_a_partial_one_does_not(
    client: stripe.StripeClient, reason: Any, expected: str
) -> None:
    review = reviewed(client)
    refund: Any = {"charge": str(review.charge), "reason": reason}
    client.v1.refunds.create({**refund, "amount": 500})
    assert closed(client, review) is None
    client.v1.refunds.create(refund)
    assert closed(client, review) == expected


def test_dispute_closes(emulator: RunningEmulator, client: stripe.StripeClient) -> None:
    review = reviewed(client)
    emulator.control("POST", "disputes", {"charge": str(review.charge)})
    assert closed(client, review) == "disputed"


def test_canceled_hold_closes(client: stripe.StripeClient) -> None:
    review = reviewed(client, capture_method="manual")
    client.v1.payment_intents.cancel(str(review.payment_intent))
    assert closed(client, review) == "canceled"


def test_anybody_may_place_a_payment_in_review(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    charge = str(pay(client).latest_charge)
    made = emulator.control("POST", "reviews", {"charge": charge})
    review = client.v1.reviews.retrieve(made["id"])
    assert (review.opened_reason, review.charge) == ("manual", charge)
    with pytest.raises(ValueError, match="cannot be placed in review"):
        emulator.control("POST", "reviews", {"charge": charge})
    client.v1.reviews.approve(review.id)
    assert emulator.control("POST", "reviews", {"charge": charge})["id"] != review.id


def test_history_has_reviews_open_and_closed() -> None:
    with context() as books:
        books.control.traffic.run(600, seed=3)
        books.advance(30 * 86_400)
        charges = books.everything("charges")
        waiting = {review["id"] for review in books.everything("reviews")}
        named = {charge["review"] for charge in charges if charge["review"]}
        assert waiting < named
        risky = [c for c in charges if c["outcome"]["type"] == "manual_review"]
        assert {charge["review"] for charge in risky} == named
