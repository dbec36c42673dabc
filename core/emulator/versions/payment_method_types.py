"""Until endive a request named the types of methods it takes; now they are computed."""

from __future__ import annotations

from core.emulator.state.errors import ApiError
from core.emulator.versions.change import Change

_TYPES = {"payment_method_types": ["l", "s"]}


def _refusal(name: str) -> ApiError:
    return ApiError(
        f"The `{name}` parameter is no longer supported in this API version. Use"
        " `allowed_payment_method_types` or `excluded_payment_method_types`, or manage payment"
        " methods from the Dashboard.",
        param=name,
        code="payment_method_types_no_longer_supported",
        executed=False,
    )


INTENTS = Change(
    "2026-09-30.endive",
    "endive/2026-09-30/removes-the-payment-method-types-parameter-from-payment-intents-and-setup-intents",
    parameters={
        "PaymentIntentCreateParams": _TYPES,
        "PaymentIntentUpdateParams": _TYPES,
        "PaymentIntentConfirmParams": _TYPES,
        "SetupIntentCreateParams": _TYPES,
        "SetupIntentUpdateParams": _TYPES,
    },
    refusal=_refusal,
)
CHECKOUT = Change(
    "2026-09-30.endive",
    "endive/2026-09-30/remove-payment-method-types-checkout-sessions",
    parameters={"checkout.SessionCreateParams": _TYPES},
)
