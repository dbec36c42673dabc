"""The customer at a Checkout Session: pays, tries again, comes back from the bank, is done.

The payment intent is made when the customer submits (API versions since 2022-08-01), and kept for
further tries. From then on the session follows its intent.
"""

from __future__ import annotations

from core.emulator.resources import checkout_items, checkout_sessions, customers
from core.emulator.resources.payment_intents import api as payment_intents
from core.emulator.resources.payment_intents import attempt
from core.emulator.state.errors import ApiError
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context, hidden


def submit(
    ctx: Context, session: Obj, method: Obj | None, *, email: str, name: str, shipping: str | None
) -> Obj:
    """The customer presses the button. A decline raises, and the session stays open.

    `method` is None only where nothing is to be paid; `shipping` is a rate of the session.
    """
    if session["status"] != "open":
        raise ApiError(f"This Checkout Session is {session['status']}.")
    _choose(ctx, session, shipping)
    who = {"email": email, "name": name or None, "tax_exempt": "none"}
    session["customer_details"] = checkout_sessions.person(**who)
    hidden(session)["email"] = email
    ctx.tx.touch(session)
    if session["customer_creation"] == "always" and not session["customer"]:
        made = customers.create(ctx, {"email": email, **({"name": name} if name else {})})
        session["customer"] = made["id"]
    if not session["amount_total"]:
        _complete(ctx, session, "no_payment_required")
        return session
    if method is None:
        raise ApiError("A payment method is required.", param="payment_method")
    intent = _intent(ctx, session)
    payment_intents.check_type(intent, method)
    method["billing_details"] |= {"email": email, "name": name or None}
    intent["payment_method"] = method["id"]
    back = f"{ctx.base_url}/_hosted/checkout/{session['id']}/return"
    attempt.start(ctx, intent, {"return_url": back})
    return session


def _choose(ctx: Context, session: Obj, shipping: str | None) -> None:
    offered = [option["shipping_rate"] for option in session["shipping_options"]]
    if shipping in offered:
        checkout_items.ship_by(session, ctx.need("shipping_rate", str(shipping)))


def _intent(ctx: Context, session: Obj) -> Obj:
    if session["payment_intent"]:
        intent = ctx.need("payment_intent", session["payment_intent"])
        if intent["status"] == "requires_action":  # the customer came back from the bank undecided
            intent["status"], intent["next_action"] = "requires_payment_method", None
        intent["amount"] = session["amount_total"]
        return ctx.tx.touch(intent)
    return checkout_sessions.begin(ctx, session)


def follow_intent(ctx: Context, kind: str, intent: Obj) -> None:
    """Take over what happened to a session's intent; `kind` is the intent's event."""
    session = ctx.need("checkout.session", hidden(intent)["checkout"])
    waiting = hidden(session).get("waiting", False)
    if kind == "payment_intent.processing":
        hidden(session)["waiting"] = True
        _complete(ctx, session, "unpaid")
    elif kind == "payment_intent.amount_capturable_updated":
        _complete(ctx, session, "unpaid")
    elif kind == "payment_intent.succeeded" and session["status"] == "open":
        _complete(ctx, session, "paid")
    elif kind == "payment_intent.succeeded":
        session["payment_status"] = "paid"
        if waiting:
            ctx.emit("checkout.session.async_payment_succeeded", session)
    elif kind == "payment_intent.payment_failed" and waiting:
        ctx.emit("checkout.session.async_payment_failed", session)
    ctx.tx.touch(session)


def _complete(ctx: Context, session: Obj, payment_status: str) -> None:
    session["status"], session["url"] = "complete", None
    session["payment_status"] = payment_status
    ctx.emit("checkout.session.completed", session)


def success_url(session: Obj) -> str:
    """Where the customer goes after paying."""
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])
