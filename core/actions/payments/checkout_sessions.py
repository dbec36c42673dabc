"""Checkout Sessions: an order that the customer pays on Stripe's own page, in test mode."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from core.access import rights
from core.access.principals import Caller
from core.actions.context import ActionContext
from core.actions.operations.operations import StripeRequest as Call
from core.actions.operations.operations import authorize
from core.actions.payments import validation as rules
from core.actions.payments.checkout_order import CheckoutOrder
from core.actions.payments.operation_kinds import CREATE_SESSION
from core.actions.payments.risk_gate import execute_with_risk
from core.actions.payments.validation import NewPayment
from core.money import Money, plain

HOME = "/v1/checkout/sessions"
_RIGHTS = (rights.USE_DEVELOPER_TOOLS,)


@dataclass(frozen=True)
class Session:
    """`url` is where the customer pays; whoever has it can, so it is kept nowhere."""

    session_id: str
    operation_id: str
    url: str | None = field(repr=False)


def payment_for(
    order: CheckoutOrder, *, order_id: int, user_id: str | None, name: str, email: str
) -> NewPayment:
    """The payment that an order asks for. Its method carries no name, so the payment does."""
    return NewPayment(
        plain(order.total),
        order.currency,
        order_id,
        user_id=user_id,
        email=email,
        description=order.summary,
        metadata={
            "cardholder": rules.text("name", name, 100),
            "shipping": plain(order.shipping),
            "tax": plain(order.tax),
        },
    )


def create(
    context: ActionContext,
    caller: Caller,
    order: CheckoutOrder,
    *,
    order_id: int,
    name: str,
    email: str,
    operation_id: str | None = None,
) -> Session:
    """Open a session for the order. The payment that comes of it carries the order's id.

    Risk is asked first, as before any payment: `RiskRefused`, and nothing is sent.
    `InvalidInput` names the field; `TestModeOnly` without a test key: nothing is then sent.
    """
    authorize(context, caller, _RIGHTS, CREATE_SESSION.name, "")
    asked = payment_for(order, order_id=order_id, user_id=caller.user_id, name=name, email=email)
    amount = rules.checked_amount(asked, context.rules)
    notes = rules.checked_metadata(asked)
    body: dict[str, Any] = {
        "mode": "payment",
        "line_items": _lines(order),
        "customer_email": rules.checked_email(email),
        "client_reference_id": str(order_id),
        "payment_intent_data": {
            "description": order.summary,
            "metadata": notes,
        },
        "success_url": context.return_url,
        "cancel_url": context.return_url,
    }
    if order.shipping.minor:
        body["shipping_options"] = [_shipping(order.shipping)]
    context.test_gateway()
    call = Call(CREATE_SESSION, False, HOME, body, tagged=True)
    done = execute_with_risk(
        context,
        caller,
        call,
        rules.subject_of(amount, notes, livemode=False),
        order_id=notes["order_id"],
        rights=_RIGHTS,
        operation_id=operation_id,
        paid_later=True,
    )
    return Session(done.facts["id"], done.operation_id, done.source.get("url"))


def _lines(order: CheckoutOrder) -> list[dict[str, Any]]:
    """The items, and the tax as one more: Stripe's own tax rates are objects of the account."""
    lines = [_line(item.name, item.quantity, item.price) for item in order.items]
    if order.tax.minor:
        lines.append(_line(f"Tax {order.tax_rate.normalize():f}%", 1, order.tax))
    return lines


def _line(name: str, quantity: int, price: Money) -> dict[str, Any]:
    return {
        "quantity": quantity,
        "price_data": {
            "currency": price.currency,
            "unit_amount": price.minor,
            "product_data": {"name": name},
        },
    }


def _shipping(price: Money) -> dict[str, Any]:
    return {
        "shipping_rate_data": {
            "type": "fixed_amount",
            "display_name": "Shipping",
            "fixed_amount": {"amount": price.minor, "currency": price.currency},
        }
    }
