"""The tree of errors: each says what happened; its class says the HTTP status and the code."""

from __future__ import annotations

from core.error_base import TillwatchError
from core.stripe_errors import (
    CardDeclined,
    IdempotencyConflict,
    OperationUndone,
    OutcomeUnknown,
    StripeBusy,
    StripeError,
    StripeKeyRefused,
    StripeNotFound,
    StripeRefused,
)

__all__ = [
    "AlreadyDecided",
    "BadSignature",
    "BodyTooLarge",
    "CardDeclined",
    "CurrencyMismatch",
    "DatabaseDown",
    "IdempotencyConflict",
    "IdempotencyKeyReused",
    "InboxFull",
    "InsertRace",
    "InvalidAmount",
    "InvalidInput",
    "LeaseLost",
    "MalformedEvent",
    "MalformedObject",
    "MalformedRequest",
    "Misconfigured",
    "NotFound",
    "NotPermitted",
    "NotRefundable",
    "NotSignedIn",
    "OperationUndone",
    "OutcomeUnknown",
    "RateLimited",
    "RequestRepeated",
    "ServerBusy",
    "StripeBusy",
    "StripeError",
    "StripeKeyRefused",
    "StripeNotFound",
    "StripeRefused",
    "StripeUnreachable",
    "TestModeOnly",
    "TillwatchError",
    "TokenMissing",
    "TooManyAttempts",
    "TooSlow",
    "UnknownCurrency",
    "UnsupportedMediaType",
]


class InvalidInput(TillwatchError):
    """A value breaks a rule. Nothing was written and nothing was sent."""

    status = 422
    code = "invalid_input"

    def __init__(self, field: str, rule: str, **values: object) -> None:
        self.field = field
        #: `rule` with its places filled; the template is what a translation is found by.
        self.template = rule
        self.values = values
        self.rule = rule.format(**values) if values else rule
        super().__init__(f"{field}: {self.rule}")


class InvalidAmount(InvalidInput):
    """An amount cannot be read or cannot be charged in its currency."""

    code = "invalid_amount"


class NotRefundable(InvalidInput):
    """Nothing can be given back of this payment now. Nothing was written and nothing was sent."""

    status = 409
    code = "not_refundable"


class UnknownCurrency(InvalidInput):
    """Stripe does not know this currency."""

    code = "unknown_currency"


class CurrencyMismatch(TillwatchError):
    """Two currencies cannot be added, subtracted or compared."""

    code = "currency_mismatch"


class NotSignedIn(TillwatchError):
    """Sign in first."""

    status = 401
    code = "not_signed_in"


class TokenMissing(NotSignedIn):
    """Send a token in the header Authorization, after the word Bearer."""

    code = "token_missing"


class NotPermitted(TillwatchError):
    """Your roles do not allow this."""

    status = 403
    code = "not_permitted"

    def __init__(self, right: str, message: str | None = None) -> None:
        self.right = right
        super().__init__(message)


class NotFound(TillwatchError):
    """There is no such object here."""

    status = 404
    code = "not_found"


class TestModeOnly(TillwatchError):
    """This works with a test key alone. Nothing was sent."""

    status = 403
    code = "test_mode_only"


class RequestRepeated(TillwatchError):
    """The same request is being carried out. Ask again in a moment."""

    status = 409
    code = "request_under_way"


class IdempotencyKeyReused(TillwatchError):
    """The same Idempotency-Key came with another request. Nothing was sent."""

    status = 409
    code = "idempotency_key_reused"


class AlreadyDecided(TillwatchError):
    """This was decided already; look at what became of it."""

    status = 409
    code = "already_decided"


class TooManyAttempts(TillwatchError):
    """Too many attempts. Wait a while, then try again."""

    status = 429
    code = "too_many_attempts"


class Misconfigured(TillwatchError):
    """A setting is missing or unsafe."""

    code = "misconfigured"


class RateLimited(TillwatchError):
    """Too many requests in this minute."""

    status = 429
    code = "rate_limited"

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__()


class ServerBusy(TillwatchError):
    """Too many requests are under way. Nothing of this one was done; send it again."""

    status = 503
    code = "server_busy"


class MalformedRequest(TillwatchError):
    """The request's body is not a JSON object in UTF-8."""

    status = 400
    code = "malformed_request"


class UnsupportedMediaType(TillwatchError):
    """The request's body must be application/json."""

    status = 415
    code = "unsupported_media_type"


class MalformedEvent(TillwatchError):
    """A webhook body is not an event."""

    status = 400
    code = "malformed_event"


class MalformedObject(TillwatchError):
    """An object from Stripe lacks what every such object has."""

    status = 400
    code = "malformed_object"


class BadSignature(TillwatchError):
    """A webhook signature does not match, or its time is too far from now."""

    status = 400
    code = "bad_signature"


class BodyTooLarge(TillwatchError):
    """The body is larger than is accepted."""

    status = 413
    code = "body_too_large"


class InboxFull(TillwatchError):
    """Too many events wait to be kept. Nothing of this one was; send it again."""

    status = 503
    code = "inbox_full"


class DatabaseDown(TillwatchError):
    """The database does not answer. Nothing was kept; try again."""

    status = 503
    code = "database_down"


class TooSlow(TillwatchError):
    """The request's body took too long to arrive."""

    status = 408
    code = "too_slow"


class LeaseLost(TillwatchError):
    """Another worker took this piece of work over."""

    code = "lease_lost"


class InsertRace(TillwatchError):
    """Another worker wrote the same row first; the transaction is tried again."""

    code = "insert_race"


class StripeUnreachable(OutcomeUnknown):
    """Stripe did not answer. Nothing was changed; try again."""

    code = "stripe_unreachable"
