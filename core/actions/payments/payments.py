"""Payments: create, confirm, capture, cancel, retrieve. Each is an operation but the last."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from core import clock
from core.access import rights
from core.access.principals import Caller
from core.actions.context import ActionContext
from core.actions.operations.kinds import OperationKind
from core.actions.operations.operations import Done, StripeRequest, authorize, execute
from core.actions.operations.outcomes import facts_of
from core.actions.payments import operation_kinds as kinds
from core.actions.payments import validation as rules
from core.actions.payments.risk_gate import execute_with_risk
from core.db.engine import reading
from core.db.tables import events, payments, stale_objects
from core.gateway.client import Gateway
from core.money import Money

#: Developers work with test payments alone; a shop's backend with those of its mode.
TAKERS = {True: (rights.TAKE_PAYMENTS,), False: (rights.TAKE_PAYMENTS, rights.USE_DEVELOPER_TOOLS)}
READERS = (rights.SEE_PAYMENTS, rights.TAKE_PAYMENTS)
_HOME = "/v1/payment_intents"
KEPT_SECONDS = 3600


@dataclass(frozen=True)
class Payment:
    """A PaymentIntent as callers see it: `amount_minor` in minor units, `created` in UNIX seconds.

    `client_secret` and `next_action` go to the caller and nowhere else.
    """

    payment_intent_id: str
    status: str
    amount: Money
    created: int
    payment_method: str | None = None
    operation_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    next_action: Mapping[str, Any] | None = field(default=None, repr=False)


def create(
    context: ActionContext,
    caller: Caller,
    asked: rules.NewPayment,
    *,
    livemode: bool,
    operation_id: str | None = None,
) -> Payment:
    """Create a PaymentIntent. `InvalidInput` names the field; nothing is then written or sent.

    Risk is asked first: `RiskRefused`, and nothing is sent, where the score is high.
    """
    authorize(context, caller, TAKERS[livemode], kinds.CREATE.name, "")
    amount = rules.checked_amount(asked, context.rules)
    notes = rules.checked_metadata(asked)
    body: dict[str, Any] = {
        "amount": amount.minor,
        "currency": amount.currency,
        "automatic_payment_methods": {"enabled": True},
        "metadata": notes,
    }
    if asked.description is not None:
        body["description"] = rules.text("description", asked.description, 255)
    if asked.manual_capture:
        body["capture_method"] = "manual"
    _ready(context, livemode)
    order = StripeRequest(kinds.CREATE, livemode, _HOME, body, tagged=True)
    return _payment(
        execute_with_risk(
            context,
            caller,
            order,
            rules.subject_of(amount, notes, livemode=livemode),
            order_id=notes["order_id"],
            rights=TAKERS[livemode],
            operation_id=operation_id,
        )
    )


def confirm(
    context: ActionContext,
    caller: Caller,
    payment_intent_id: str,
    *,
    livemode: bool,
    payment_method: str | None = None,
    return_url: str | None = None,
    operation_id: str | None = None,
) -> Payment:
    """Try to take the money. `CardDeclined` carries Stripe's codes; `requires_action` is no error.

    Without a `return_url` the customer comes back to a page of ours.
    """
    authorize(context, caller, TAKERS[livemode], kinds.CONFIRM.name, str(payment_intent_id))
    path = _path(payment_intent_id, "confirm")
    back = context.return_url if return_url is None else rules.checked_return_url(return_url)
    body: dict[str, Any] = {"return_url": back, "expand": ["latest_charge"]}
    if payment_method is not None:
        body["payment_method"] = rules.checked_id("payment_method", payment_method)
    _ready(context, livemode)
    order = StripeRequest(kinds.CONFIRM, livemode, path, body, target=payment_intent_id)
    return _payment(
        execute(context, caller, order, rights=TAKERS[livemode], operation_id=operation_id)
    )


def capture(
    context: ActionContext,
    caller: Caller,
    payment_intent_id: str,
    *,
    livemode: bool,
    operation_id: str | None = None,
) -> Payment:
    """Take the whole of what an authorized payment holds."""
    return _step(context, caller, kinds.CAPTURE, payment_intent_id, livemode, operation_id)


def cancel(
    context: ActionContext,
    caller: Caller,
    payment_intent_id: str,
    *,
    livemode: bool,
    operation_id: str | None = None,
) -> Payment:
    """End a payment that has not succeeded; what an authorization holds is let go."""
    return _step(context, caller, kinds.CANCEL, payment_intent_id, livemode, operation_id)


def retrieve(
    context: ActionContext, caller: Caller, payment_intent_id: str, *, livemode: bool
) -> Payment:
    """The payment as Stripe has it, from the cache while nothing has changed it for an hour."""
    authorize(context, caller, READERS, "payment.retrieve", str(payment_intent_id))
    rules.checked_id("payment_intent_id", payment_intent_id)
    key = f"payment:{int(livemode)}:{payment_intent_id}"
    if (kept := context.cache.get(key)) is not None:
        found = json.loads(kept)
        if not _changed_since(context, payment_intent_id, found["read_us"]):
            return _shown(found["facts"])
        context.cache.drop(key)
    read_us = clock.to_micros(clock.now())
    source = context.gateway(livemode).get(f"{_HOME}/{payment_intent_id}")
    facts = facts_of(source)
    context.cache.put(key, json.dumps({"facts": facts, "read_us": read_us}), KEPT_SECONDS)
    return _shown(facts)


def _changed_since(context: ActionContext, payment_intent_id: str, read_us: int) -> bool:
    """Whether anything came in about a payment since it was read: an event, a mark or a state."""
    read_at = clock.from_micros(read_us)
    e, p, s = events.c, payments.c, stale_objects.c
    newer = (
        select(e.seq).where(e.object_id == payment_intent_id, e.received_at >= read_at),
        select(p.stripe_id).where(p.stripe_id == payment_intent_id, p.as_of >= read_at),
        select(s.stripe_id).where(s.kind == "payment_intent", s.stripe_id == payment_intent_id),
    )
    with reading(context.engine) as connection:
        return any(connection.execute(one.limit(1)).first() is not None for one in newer)


def _step(
    context: ActionContext,
    caller: Caller,
    kind: OperationKind,
    payment_intent_id: str,
    livemode: bool,
    operation_id: str | None,
) -> Payment:
    """A call that needs nothing but the payment."""
    authorize(context, caller, TAKERS[livemode], kind.name, str(payment_intent_id))
    path = _path(payment_intent_id, kind.name.removeprefix("payment."))
    _ready(context, livemode)
    order = StripeRequest(
        kind, livemode, path, {"expand": ["latest_charge"]}, target=payment_intent_id
    )
    return _payment(
        execute(context, caller, order, rights=TAKERS[livemode], operation_id=operation_id)
    )


def _path(payment_intent_id: str, verb: str) -> str:
    return f"{_HOME}/{rules.checked_id('payment_intent_id', payment_intent_id)}/{verb}"


def _ready(context: ActionContext, livemode: bool) -> Gateway:
    return context.gateway(True) if livemode else context.test_gateway()


def _payment(done: Done) -> Payment:
    shown = _shown(done.facts)
    return Payment(
        payment_intent_id=shown.payment_intent_id,
        status=shown.status,
        amount=shown.amount,
        created=shown.created,
        payment_method=shown.payment_method,
        operation_id=done.operation_id,
        client_secret=done.source.get("client_secret"),
        next_action=done.source.get("next_action"),
    )


def _shown(facts: Mapping[str, Any]) -> Payment:
    return Payment(
        payment_intent_id=facts["id"],
        status=facts["status"],
        amount=Money(facts["amount"], facts["currency"]),
        created=facts["created"],
        payment_method=facts.get("payment_method"),
    )
