"""The calls that Stripe's own Checkout page makes: Stripe's CLI pays sessions by them.

They are in no documentation; what is here is what the CLI asks for and reads.
"""

from __future__ import annotations

from typing import Any

from core.emulator.resources import checkout_payments
from core.emulator.state.errors import ApiError
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context


def retrieve(ctx: Context, session_id: str, params: dict[str, Any]) -> Obj:
    """GET /v1/payment_pages/{session}."""
    return ctx.need("checkout.session", session_id, in_path=True)


def confirm(ctx: Context, session_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/payment_pages/{session}/confirm: the customer pays by a method that exists."""
    session = ctx.need("checkout.session", session_id, in_path=True)
    expected = params.get("expected_amount")
    if expected is not None and expected != session["amount_total"]:
        raise ApiError(
            f"The amount of this page is {session['amount_total']}, not {expected}.",
            param="expected_amount",
            code="checkout_amount_mismatch",
        )
    method = ctx.need("payment_method", params["payment_method"], "payment_method")
    person = method["billing_details"]
    email = session["customer_email"] or person["email"]
    if not email:
        raise ApiError("An email address is required.", param="payment_method")
    return checkout_payments.submit(
        ctx, session, method, email=email, name=person["name"] or "", shipping=None
    )
