"""3-D Secure: when an attempt must be authenticated, and what the charge says of it afterwards.

Which card wants what is Stripe's testing page; `request_three_d_secure` of the payment asks for it
on cards that do without. `any` prefers to go without a challenge, so the one card that supports but
does not require it passes at once (frictionless); `challenge` asks the customer.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from core.emulator.resources.behaviours import Kind
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context, hidden

#: What cards do whose customer is always asked while present.
_REQUIRED = frozenset(
    {
        Kind.THREE_D_SECURE,
        Kind.THREE_D_SECURE_ON_SETUP,
        Kind.THREE_D_SECURE_SET_UP,
        Kind.THREE_D_SECURE_DECLINED,
        Kind.THREE_D_SECURE_INSUFFICIENT,
    }
)
#: Of these, an absent customer is not needed: the card was set up for it.
_SET_UP = frozenset({Kind.THREE_D_SECURE_SET_UP, Kind.THREE_D_SECURE_INSUFFICIENT})


class Step(Enum):
    """What stands before the bank's answer."""

    NONE = "none"
    CHALLENGE = "challenge"
    #: The customer would have to authenticate but is not there.
    ABSENT = "absent"
    #: The bank's authentication cannot be reached, and the card cannot do without.
    BROKEN = "broken"


def remember(intent: Obj, params: dict[str, Any]) -> None:
    """Keep `payment_method_options[card][request_three_d_secure]` on the intent."""
    given = ((params.get("payment_method_options") or {}).get("card") or {}).get(
        "request_three_d_secure"
    )
    if given and "card" in intent["payment_method_options"]:
        intent["payment_method_options"]["card"]["request_three_d_secure"] = given


def step(intent: Obj, method: Obj, kind: Kind, *, off_session: bool) -> Step:
    """What this attempt needs; keeps on the intent what the charge will say of it."""
    memory = hidden(intent)
    memory.pop("three_d_secure", None)
    if method["type"] != "card":
        return Step.CHALLENGE if kind is Kind.REDIRECT else Step.NONE
    if kind is Kind.THREE_D_SECURE_ERROR:
        return Step.ABSENT if off_session else Step.BROKEN
    if kind in _REQUIRED:
        if not off_session:
            return Step.CHALLENGE
        set_up = kind in _SET_UP or (
            kind is Kind.THREE_D_SECURE_ON_SETUP and hidden(method).get("set_up")
        )
        return Step.NONE if set_up else Step.ABSENT
    options = intent["payment_method_options"].get("card") or {}
    asked = options.get("request_three_d_secure", "automatic")
    if asked == "automatic" or off_session:
        return Step.NONE
    if kind is Kind.THREE_D_SECURE_SUPPORTED and asked == "challenge":
        return Step.CHALLENGE
    memory["three_d_secure"] = (
        "frictionless"
        if kind is Kind.THREE_D_SECURE_SUPPORTED
        else "error"
        if kind is Kind.THREE_D_SECURE_SUPPORTED_ERROR
        else "unsupported"
        if method["card"]["brand"] == "amex"
        else "unenrolled"
    )
    return Step.NONE


def passed(intent: Obj) -> None:
    """The customer passed a challenge."""
    hidden(intent)["three_d_secure"] = "challenge"


def forget(intent: Obj) -> None:
    """The attempt is over: the next one starts anew."""
    hidden(intent).pop("three_d_secure", None)


def details(ctx: Context, intent: Obj) -> dict[str, Any] | None:
    """`payment_method_details.card.three_d_secure`; None when nobody asked for it."""
    how = hidden(intent).get("three_d_secure")
    if how is None:
        return None
    result, reason, indicator = {
        "challenge": ("authenticated", None, "05"),
        "frictionless": ("authenticated", None, "05"),
        "unenrolled": ("attempt_acknowledged", "card_not_enrolled", "06"),
        "unsupported": ("not_supported", "network_not_supported", None),
        "error": ("processing_error", "protocol_error", None),
    }[how]
    return {
        "authentication_flow": how if result == "authenticated" else None,
        "electronic_commerce_indicator": indicator,
        "exemption_indicator": None,
        "result": result,
        "result_reason": reason,
        "transaction_id": ctx.ids.token(32) if indicator else None,
        "version": "2.2.0" if indicator else None,
    }


def save(ctx: Context, intent: Obj, method: Obj) -> None:
    """After success: a card kept for payments without the customer is attached and set up."""
    if intent["setup_future_usage"] == "off_session":
        hidden(method)["set_up"] = True
        ctx.tx.touch(method)
    if intent["setup_future_usage"] and intent["customer"] and method["customer"] is None:
        method["customer"] = intent["customer"]
        ctx.emit("payment_method.attached", method)
        ctx.tx.touch(method)
