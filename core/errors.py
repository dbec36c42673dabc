"""The tree of errors: each says what happened; its class says the HTTP status and the code."""

from __future__ import annotations

from core.error_base import TillwatchError
from core.inbox_errors import (
    BadSignature,
    BodyTooLarge,
    InboxFull,
    InsertRace,
    LeaseLost,
    MalformedEvent,
    MalformedObject,
    TooSlow,
)
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
    StripeUnreachable,
)

__all__ = [
    "AlreadyDecided",
    "AskerLostRight",
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
    "OwnAdministration",
    "RateLimited",
    "RequestRepeated",
    "RiskRefused",
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


class RiskRefused(TillwatchError):
    """This payment was refused. Nothing was sent."""

    status = 402
    code = "risk_refused"


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


class AskerLostRight(TillwatchError):
    """Who asked for this may not any more. Refuse it; somebody who may can ask anew."""

    status = 409
    code = "asker_lost_right"


class OwnAdministration(TillwatchError):
    """You cannot shut your own account or give up your own role. Ask another administrator."""

    status = 409
    code = "own_administration"


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


class DatabaseDown(TillwatchError):
    """The database does not answer. Nothing was kept; try again."""

    status = 503
    code = "database_down"
