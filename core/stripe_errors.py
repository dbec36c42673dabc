"""What Stripe answers instead of doing what was asked, as errors of ours."""

from __future__ import annotations

from core.error_base import TillwatchError


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
