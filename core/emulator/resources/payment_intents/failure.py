"""A failed attempt to pay: its charge, its error, and the intent that waits for another method."""

from __future__ import annotations

from typing import Any, NoReturn

from core.emulator.resources import cards, charges, three_d_secure
from core.emulator.state.errors import DOCS, ApiError
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context, shown

#: The customer failed the challenge of a card.
NOT_AUTHENTICATED = {
    "code": "payment_intent_authentication_failure",
    "doc_url": DOCS + "payment-intent-authentication-failure",
    "message": (
        "We are unable to authenticate your payment method. Please choose a different payment"
        " method and try again."
    ),
    "type": "invalid_request_error",
}
#: The customer declined on the page of another method.
DECLINED_BY_CUSTOMER = {
    "code": "payment_method_customer_decline",
    "doc_url": DOCS + "payment-method-customer-decline",
    "message": "The customer declined this payment.",
    "type": "invalid_request_error",
}
#: Nobody paid the voucher, or confirmed in time.
EXPIRED = {
    "code": "payment_intent_payment_attempt_expired",
    "doc_url": DOCS + "payment-intent-payment-attempt-expired",
    "message": "The payment attempt for this PaymentIntent expired.",
    "type": "invalid_request_error",
}
_ACTION_NOT_ALLOWED = {
    "code": "authentication_required",
    "decline_code": "authentication_required",
    "doc_url": DOCS + "authentication-required",
    "message": (
        "This payment required an authentication action to complete, but"
        " `error_on_requires_action` was set. When you're ready, you can upgrade your"
        " integration to handle actions at"
        " https://stripe.com/docs/payments/payment-intents/upgrade-to-handle-actions."
    ),
    "type": "card_error",
}
#: What the error of the HTTP answer says for itself, beside what it copies of the attempt's.
_OWN_FIELDS = ("message", "type", "code", "doc_url")


def decline(
    ctx: Context,
    intent: Obj,
    method: Obj,
    code: str,
    decline_code: str,
    outcome: dict[str, Any] | None = None,
) -> NoReturn:
    """Record a failed attempt and raise the card error that the caller sees."""
    outcome = outcome or charges.declined(code, decline_code, charges.risk_score(ctx))
    charge = charges.make(ctx, intent, method, status="failed", outcome=outcome)
    intent["latest_charge"] = charge["id"]
    _fail(ctx, intent, method, refusal(charge, code, decline_code), charge)


def refuse_action(ctx: Context, intent: Obj, method: Obj) -> NoReturn:
    """The customer would have to act, and `error_on_requires_action` rules that out."""
    _fail(ctx, intent, method, _ACTION_NOT_ALLOWED)


def refusal(charge: Obj, code: str, decline_code: str) -> dict[str, Any]:
    """The card error of a failed charge, which says the same from then on."""
    reason = decline_code or code
    message = cards.decline_message(reason)
    charge["failure_code"], charge["failure_message"] = code, message
    return {
        **({"advice_code": cards.ADVICE[reason]} if reason in cards.ADVICE else {}),
        "charge": charge["id"],
        "code": code,
        **({"decline_code": decline_code} if decline_code else {}),
        "doc_url": DOCS + code.replace("_", "-"),
        "message": message,
        **({"param": "cvc"} if code == "incorrect_cvc" else {}),
        "type": "card_error",
    }


def raise_kept(error: dict[str, Any], **objects: Obj) -> NoReturn:
    """Answer 402 with the error of an attempt, which stands as it is; with `objects` beside it."""
    extra = {name: value for name, value in error.items() if name not in _OWN_FIELDS} | objects
    raise ApiError(
        error["message"],
        status=402,
        type=error["type"],
        code=error["code"],
        keep=True,
        **extra,
    )


def _fail(
    ctx: Context, intent: Obj, method: Obj, error: dict[str, Any], charge: Obj | None = None
) -> NoReturn:
    send_back(ctx, intent, method, error, charge)
    raise_kept(error, payment_intent=shown(intent), payment_method=shown(method))


def send_back(
    ctx: Context, intent: Obj, method: Obj, error: dict[str, Any], charge: Obj | None = None
) -> None:
    """Let the intent wait for another payment method, and say why; raises nothing."""
    intent["status"] = "requires_payment_method"
    intent["payment_method"] = None
    intent["next_action"] = None
    intent["last_payment_error"] = {**error, "payment_method": shown(method)}
    three_d_secure.forget(intent)
    ctx.tx.touch(intent)
    if charge is not None:
        ctx.emit("charge.failed", charge)
    ctx.emit("payment_intent.payment_failed", intent)
