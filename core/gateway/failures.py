"""Stripe's errors as ours: what was refused, what is busy, what is not known."""

from __future__ import annotations

import re

import stripe

from core.errors import (
    CardDeclined,
    IdempotencyConflict,
    OutcomeUnknown,
    StripeBusy,
    StripeError,
    StripeKeyRefused,
    StripeNotFound,
    StripeRefused,
)

#: The first that fits wins: subclasses stand before their parents.
_TABLE: tuple[tuple[type[stripe.StripeError], type[StripeError]], ...] = (
    (stripe.CardError, CardDeclined),
    (stripe.RateLimitError, StripeBusy),
    (stripe.AuthenticationError, StripeKeyRefused),
    (stripe.PermissionError, StripeKeyRefused),
    (stripe.IdempotencyError, IdempotencyConflict),
    (stripe.InvalidRequestError, StripeRefused),
    (stripe.APIConnectionError, OutcomeUnknown),
    (stripe.APIError, OutcomeUnknown),
)

#: How Stripe names the right that a restricted key lacks. The rest of its message quotes the key.
_PERMISSION = re.compile(r"\brak_[a-z0-9_]{1,60}\b")


def translate(error: stripe.StripeError) -> StripeError:
    """Our error for one of the SDK's. It carries Stripe's codes, and never the request's body."""
    kind: type[StripeError] = next(
        (ours for theirs, ours in _TABLE if isinstance(error, theirs)), StripeError
    )
    if kind is StripeRefused and error.http_status == 404:
        kind = StripeNotFound
    detail = error.error
    lacking = _lacking(error) if kind is StripeKeyRefused else ()
    said = error.user_message if kind in (CardDeclined, StripeRefused, StripeNotFound) else None
    ours = kind(
        f"The API key lacks the right {' or '.join(lacking)}." if lacking else said,
        stripe_code=error.code,
        decline_code=getattr(detail, "decline_code", None),
        request_id=error.request_id,
        http_status=error.http_status,
        param=getattr(error, "param", None),
    )
    if isinstance(ours, StripeKeyRefused):
        ours.permissions = lacking
    return ours


def _lacking(error: stripe.StripeError) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_PERMISSION.findall(error.user_message or "")))


def is_retried(error: stripe.StripeError) -> bool:
    """Whether the same call is made again: connection failures, timeouts and rate limits."""
    return isinstance(error, (stripe.APIConnectionError, stripe.RateLimitError))
