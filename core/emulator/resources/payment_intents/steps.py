"""What happens to a payment intent after it exists: confirm, authenticate, capture, cancel."""

from __future__ import annotations

from typing import Any

from core.emulator.resources import captures, payment_methods, three_d_secure
from core.emulator.resources.captures import wrong_state
from core.emulator.resources.payment_intents import attempt
from core.emulator.state.errors import DOCS, ApiError
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context, checkout_of, hidden, shown

_CANCELABLE = (
    "requires_payment_method",
    "requires_capture",
    "requires_confirmation",
    "requires_action",
    "processing",
)


def given_method(ctx: Context, params: dict[str, Any]) -> Obj | None:
    if params.get("payment_method"):
        return payment_methods.resolve(ctx, params["payment_method"])
    if params.get("payment_method_data"):
        return payment_methods.from_data(ctx, params["payment_method_data"], "payment_method_data")
    return None


def check_type(intent: Obj, method: Obj) -> None:
    """The method is one of those that the intent and its currency allow."""
    only = payment_methods.CURRENCIES.get(method["type"])
    if only and intent["currency"] not in only:
        raise ApiError(
            f"The currency provided ({intent['currency']}) is invalid for one or more payment"
            f" method types. {method['type']} supports: {', '.join(only)}.",
            param="payment_method",
        )
    if method["type"] not in intent["payment_method_types"]:
        raise ApiError(
            f"The PaymentMethod provided ({method['type']}) is not allowed for this PaymentIntent."
            " Please attach a PaymentMethod of one of the following types:"
            f" {', '.join(intent['payment_method_types'])}.",
            param="payment_method",
            code="payment_intent_incompatible_payment_method",
        )


def confirm(ctx: Context, intent_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/payment_intents/{id}/confirm."""
    intent = ctx.need("payment_intent", intent_id, in_path=True)
    _not_at_checkout(intent)
    status = intent["status"]
    if status in ("succeeded", "requires_capture", "processing"):
        raise wrong_state(
            intent,
            "You cannot confirm this PaymentIntent because it has already succeeded after being"
            " previously confirmed.",
        )
    if status == "canceled":
        raise wrong_state(
            intent,
            "You cannot confirm this PaymentIntent because it has a status of canceled. Only a"
            " PaymentIntent with one of the following statuses may be confirmed:"
            " requires_confirmation, requires_action.",
        )
    method = given_method(ctx, params)
    if method is None and status == "requires_action":
        return intent
    if method is not None:
        check_type(intent, method)
        intent["payment_method"] = method["id"]
    if "receipt_email" in params:
        intent["receipt_email"] = params["receipt_email"]
    if params.get("setup_future_usage"):
        intent["setup_future_usage"] = params["setup_future_usage"]
    three_d_secure.remember(intent, params)
    run(ctx, intent, params)
    return intent


def _not_at_checkout(intent: Obj) -> None:
    if session := checkout_of(intent):
        raise wrong_state(
            intent,
            "You cannot confirm or cancel a PaymentIntent that was created by a Checkout Session."
            f" The customer pays at {session}; to end it, expire the session.",
        )


def run(ctx: Context, intent: Obj, params: dict[str, Any]) -> None:
    if not intent["payment_method"]:
        raise wrong_state(
            intent,
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can"
            " either update the PaymentIntent with a payment method and then confirm it again, or"
            " confirm it again directly with a payment method or ConfirmationToken.",
        )
    automatic = intent["automatic_payment_methods"]
    if (
        automatic
        and automatic["allow_redirects"] == "always"
        and not params.get("return_url")
        and (not ctx.unattended)
    ):
        raise ApiError(
            "This PaymentIntent is configured to accept payment methods enabled in your Dashboard."
            " Because some of these payment methods might redirect your customer off of your page,"
            " you must provide a `return_url`. If you don't want to accept redirect-based payment"
            " methods, set `automatic_payment_methods[enabled]` to `true` and"
            " `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents"
            " and Payment Intents.",
            payment_intent=shown(intent),
        )
    method = ctx.need("payment_method", intent["payment_method"])
    attempt.run(ctx, intent, method, params)


def cancel(ctx: Context, intent_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/payment_intents/{id}/cancel."""
    intent = ctx.need("payment_intent", intent_id, in_path=True)
    if intent["status"] not in _CANCELABLE:
        raise wrong_state(
            intent,
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}."
            " Only a PaymentIntent with one of the following statuses may be canceled:"
            " requires_payment_method, requires_capture, requires_reauthorization,"
            " requires_confirmation, requires_action, processing.",
        )
    if intent["status"] != "requires_capture":
        _not_at_checkout(intent)
    if intent["status"] == "processing":
        raise wrong_state(intent, "This PaymentIntent is processing and can no longer be canceled.")
    return end(ctx, intent, params.get("cancellation_reason"))


def end(ctx: Context, intent: Obj, reason: str | None) -> Obj:
    """Cancel; money held for capture goes back."""
    if intent["status"] == "requires_capture":
        captures.release(ctx, ctx.need("charge", intent["latest_charge"]), expired=False)
    intent["status"] = "canceled"
    intent["amount_capturable"] = 0
    intent["canceled_at"], intent["cancellation_reason"] = ctx.now, reason
    intent["next_action"] = None
    ctx.emit("payment_intent.canceled", intent)
    return ctx.tx.touch(intent)


def authenticate(ctx: Context, intent_id: str, *, succeed: bool) -> Obj:
    """The customer's answer to a 3-D Secure challenge or a redirect."""
    intent = ctx.need("payment_intent", intent_id, in_path=True)
    if intent["status"] != "requires_action":
        raise wrong_state(intent, f"Nothing to authenticate: status is {intent['status']}.")
    method = ctx.need("payment_method", intent["payment_method"])
    does = hidden(intent).pop("does", "three_d_secure")
    intent["next_action"] = None
    if not succeed:
        attempt.send_back(ctx, intent, method, _FAILED[does == "redirect"])
        return intent
    if does != "redirect":
        three_d_secure.passed(intent)
    try:
        attempt.finish(ctx, intent, method, does)
    except ApiError as declined:
        if not declined.keep:
            raise
    return ctx.tx.touch(intent)


_FAILED = {
    False: {
        "code": "payment_intent_authentication_failure",
        "doc_url": DOCS + "payment-intent-authentication-failure",
        "message": (
            "We are unable to authenticate your payment method. Please choose a different payment"
            " method and try again."
        ),
        "type": "invalid_request_error",
    },
    True: {
        "code": "payment_method_customer_decline",
        "doc_url": DOCS + "payment-method-customer-decline",
        "message": "The customer declined this payment.",
        "type": "invalid_request_error",
    },
}
