"""Refunds in tests: people who ask and approve, payments that were paid, Stripe's own count."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, select

from core import clock
from core.access.principals import Caller
from core.actions.context import ActionContext
from core.actions.refunds.validation import NewRefund
from core.db.engine import reading, writing
from core.db.tables import refund_requests
from core.gateway.readings import read_one
from core.mirror.apply import apply
from core.mirror.refresh_queue import payment_kind
from tests.support.fixtures_access import person


def caller(console: Any, *roles: str) -> Caller:
    """Somebody new with these roles."""
    return Caller(person(console, *roles))


def paid(
    context: ActionContext,
    amount: int = 10_000,
    currency: str = "usd",
    token: str = "pm_card_visa",
    **more: Any,
) -> str:
    """A payment of so many minor units, taken at Stripe and mirrored; its id."""
    gateway, key = context.gateway(False), f"test-{clock.micros_now()}"
    payment = gateway.post(
        "/v1/payment_intents",
        idempotency_key=key,
        amount=amount,
        currency=currency,
        payment_method=token,
        confirm=True,
        automatic_payment_methods={"enabled": True, "allow_redirects": "never"},
        **more,
    )["id"]
    mirror(context, payment)
    return str(payment)


def charged(context: ActionContext, amount: int = 10_000, source: str = "tok_visa") -> str:
    """A payment without a PaymentIntent, as older integrations take them; its charge's id."""
    key = f"test-{clock.micros_now()}"
    given = {"amount": amount, "currency": "usd", "source": source}
    charge = context.gateway(False).post("/v1/charges", idempotency_key=key, **given)["id"]
    mirror(context, charge, "charge")
    return str(charge)


def mirror(context: ActionContext, stripe_id: str, kind: str = "payment_intent") -> None:
    """Read a payment, or what else it is, at Stripe, as the worker does."""
    read_at = clock.now()
    seen = read_one(context.gateway(False), kind, stripe_id, known_at=read_at)
    with writing(context.engine) as connection:
        apply(connection, [seen], context.books)


def whole(payment_id: str, **change: Any) -> NewRefund:
    """A request for all that is left of a payment."""
    wanted: dict[str, Any] = {"amount": None, "reason": "requested_by_customer", "note": None}
    return NewRefund(payment_id, **(wanted | change))


def part(payment_id: str, amount: str, **change: Any) -> NewRefund:
    """A request for some of a payment."""
    return whole(payment_id, amount=amount, **change)


def requests(engine: Engine, payment_id: str | None = None) -> list[Any]:
    """All refund requests, or those of one payment, oldest first."""
    q = refund_requests.c
    query = select(refund_requests).order_by(q.created_at, q.id)
    if payment_id is not None:
        query = query.where(q.payment_id == payment_id)
    with reading(engine) as connection:
        return list(connection.execute(query))


def at_stripe(context: ActionContext, payment_id: str) -> list[dict[str, Any]]:
    """Stripe's refunds of a payment."""
    pages = context.gateway(False).pages("/v1/refunds", **{payment_kind(payment_id): payment_id})
    return [one for page in pages for one in page]
