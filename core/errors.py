"""The tree of errors: each says what happened; its class says the HTTP status and the code."""

from __future__ import annotations


class TillwatchError(Exception):
    """Something went wrong in Tillwatch."""

    status = 500
    code = "internal_error"

    def __init__(self, message: str | None = None) -> None:
        self.message = message or self.said()
        super().__init__(self.message)

    @classmethod
    def said(cls) -> str:
        """What every error of this class says: the first line of its docstring."""
        return (cls.__doc__ or "").strip().splitlines()[0]


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


class StatementRefused(InvalidInput):
    """A bank's statement cannot be taken in. Nothing of its file was written."""

    code = "statement_refused"


class StatementUnbalanced(StatementRefused):
    """A statement's opening balance and its lines do not make its closing balance."""

    code = "statement_unbalanced"


class ReportRefused(InvalidInput):
    """A report of Stripe's cannot be taken in. Nothing of its file was written."""

    code = "report_refused"


class NotRefundable(InvalidInput):
    """Nothing can be given back of this payment now. Nothing was written and nothing was sent."""

    status = 409
    code = "not_refundable"


class ChangedMeanwhile(InvalidInput):
    """Somebody else changed this since it was shown. Nothing was written and nothing was sent."""

    status = 409
    code = "changed_meanwhile"


class FormatCannotCarry(InvalidInput):
    """A format has no place for something in the books. Nothing was written."""

    code = "format_cannot_carry"


class UnknownCurrency(InvalidInput):
    """Stripe does not know this currency."""

    code = "unknown_currency"


class CurrencyMismatch(TillwatchError):
    """Two currencies cannot be added, subtracted or compared."""

    code = "currency_mismatch"


class JournalUnbalanced(TillwatchError):
    """An entry of the journal does not sum to zero."""

    code = "journal_unbalanced"


class BatchAltered(TillwatchError):
    """A batch of the journal is not what was exported."""

    code = "batch_altered"


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


class ProofNeeded(NotPermitted):
    """Confirm first that it is you. Nothing was done."""

    code = "proof_needed"


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


class BackupFailed(TillwatchError):
    """The backup could not be made. No file was left."""

    code = "backup_failed"


class BackupRefused(TillwatchError):
    """The backup cannot be restored. Nothing was written."""

    status = 409
    code = "backup_refused"

    @classmethod
    def damaged(cls) -> BackupRefused:
        """The file is not what was written."""
        return cls(
            "The file is damaged, or no backup: its digest does not fit. Nothing was written."
        )


class RestoreCutShort(TillwatchError):
    """The restore did not come to its end. Drop what the target holds, and restore again."""

    code = "restore_cut_short"


class ListRepeated(TillwatchError):
    """The list does not go on behind one of its pages: its file would never end."""

    code = "list_repeated"


class DatabaseDown(TillwatchError):
    """The database does not answer. Nothing was kept; try again."""

    status = 503
    code = "database_down"


class TablesDiffer(DatabaseDown):
    """The database's tables are those of another version of the program. Nothing was kept."""

    code = "tables_differ"


class StripeError(TillwatchError):
    """Stripe did not do what was asked."""

    status = 502
    code = "stripe_error"

    def __init__(
        self,
        message: str | None = None,
        *,
        stripe_code: str | None = None,
        decline_code: str | None = None,
        request_id: str | None = None,
        http_status: int | None = None,
        param: str | None = None,
    ) -> None:
        self.stripe_code = stripe_code
        self.decline_code = decline_code
        self.request_id = request_id
        self.http_status = http_status
        #: The parameter that Stripe finds fault with.
        self.param = param
        super().__init__(message)


class CardDeclined(StripeError):
    """The card was declined."""

    status = 402
    code = "card_declined"


class StripeRefused(StripeError):
    """Stripe refused the request; nothing changed there."""

    status = 400
    code = "stripe_refused"


class StripeNotFound(StripeRefused):
    """Stripe has no such object."""

    status = 404
    code = "stripe_not_found"


class StripeKeyRefused(StripeError):
    """Stripe refused the API key, or the key lacks a permission."""

    code = "stripe_key_refused"
    #: The rights that the key lacks, as Stripe names them (`rak_charge_read`); where it names some.
    permissions: tuple[str, ...] = ()


class StripeBusy(StripeError):
    """Stripe asks us to slow down."""

    status = 503
    code = "stripe_busy"


class OutcomeUnknown(StripeError):
    """Stripe's answer did not arrive; whether it acted is being resolved."""

    status = 503
    code = "outcome_unknown"


class OperationUndone(StripeError):
    """This was not done: nothing of it is at Stripe. It may be asked for anew."""

    status = 409
    code = "operation_undone"


class IdempotencyConflict(StripeError):
    """The same idempotency key came with other parameters."""

    status = 409
    code = "idempotency_conflict"


class StripeUnreachable(OutcomeUnknown):
    """Stripe did not answer. Nothing was changed; try again."""

    code = "stripe_unreachable"


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
