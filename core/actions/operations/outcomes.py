"""What came of an operation, as it is kept: facts of Stripe's object, or the error; no secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from core.errors import CardDeclined, OperationUndone, StripeError, StripeNotFound, StripeRefused

Json = dict[str, Any]

#: What is kept of an object. `client_secret` and `next_action` are not: they open the payment.
_FACTS = ("id", "object", "status", "amount", "currency", "created", "reason", "payment_intent")

#: The errors after which an operation will not be sent again.
FINAL: dict[str, type[StripeError]] = {
    kind.code: kind for kind in (CardDeclined, StripeRefused, StripeNotFound)
}


def facts_of(source: Mapping[str, Any]) -> Json:
    """The facts of an object that are kept and answered."""
    found = {name: source.get(name) for name in _FACTS if source.get(name) is not None}
    method = source.get("payment_method")
    if isinstance(method, Mapping):
        method = method.get("id")
    return found | ({"payment_method": method} if isinstance(method, str) else {})


def error_of(error: StripeError) -> Json:
    """An error as it is kept."""
    return {
        "error": {
            "code": error.code,
            "message": error.message,
            "stripe_code": error.stripe_code,
            "decline_code": error.decline_code,
            "request_id": error.request_id,
            "http_status": error.http_status,
        }
    }


def raise_again(outcome: Mapping[str, Any]) -> NoReturn:
    """Raise the error that was kept."""
    kept = dict(outcome["error"])
    kind = FINAL.get(kept.pop("code"))
    if kind is None:
        raise OperationUndone(kept["message"])
    raise kind(kept.pop("message"), **kept)
