"""The life cycles that Tillwatch itself decides: each state by name, as its column keeps it.

Stripe's own statuses are not here: theirs is an open set, kept as it comes.
"""

from __future__ import annotations

from enum import StrEnum


class OperationState(StrEnum):
    """Of a call that changes something at Stripe."""

    SENDING = "sending"
    #: No answer came; it is being resolved.
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    #: By Stripe, for good.
    REFUSED = "refused"
    #: Stripe put it off before it acted: it may be tried again.
    NOT_SENT = "not_sent"
    #: Found undone.
    FAILED = "failed"


class RefundState(StrEnum):
    """Of a request to give money back; what may follow what is in `core.domain.refund_states`."""

    REQUESTED = "requested"
    QUEUED = "queued"
    AWAITING_APPROVAL = "awaiting_approval"
    REFUSED = "refused"
    EXPIRED = "expired"
    SENDING = "sending"
    UNKNOWN = "unknown"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


class BulkRefundState(StrEnum):
    """Of one decision about many payments."""

    AWAITING_APPROVAL = "awaiting_approval"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    REFUSED = "refused"
    EXPIRED = "expired"
    CANCELED = "canceled"


class EventState(StrEnum):
    """Of an event in the inbox."""

    PENDING = "pending"
    APPLIED = "applied"
    SKIPPED = "skipped"
    #: Given up after its last try; replayed by hand.
    DEAD = "dead"


class CaseState(StrEnum):
    """Of a case of suspected fraud."""

    OPEN = "open"
    APPROVED = "approved"
    REFUNDED = "refunded"
    DISMISSED = "dismissed"


class BreakState(StrEnum):
    """Of a difference between two witnesses."""

    #: It may still go by itself: it is not yet due.
    EXPECTED = "expected"
    OPEN = "open"
    #: A person said why; it is still there.
    EXPLAINED = "explained"
    #: A later run found that it is gone.
    CLOSED = "closed"


class PeriodState(StrEnum):
    """Of the closing of a month."""

    #: A second person is to confirm it.
    ASKED = "asked"
    CLOSED = "closed"
    REOPENED = "reopened"


class AlertState(StrEnum):
    """Of an alert: its condition holds until it is closed."""

    OPEN = "open"
    #: Somebody looks into it: nobody is reminded any more.
    ACKNOWLEDGED = "acknowledged"
    #: Its condition has gone, or nothing watches it any more.
    CLOSED = "closed"


class DeliveryState(StrEnum):
    """Of one message to one channel."""

    WAITING = "waiting"
    SENT = "sent"
    #: Given up after its last try.
    FAILED = "failed"
    #: Its channel was taken away before it was sent.
    DROPPED = "dropped"


class ScenarioRunState(StrEnum):
    """Of a run of the scenarios."""

    ASKED = "asked"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class MatchReason(StrEnum):
    """Why a bank's line is a payout. No life cycle: a match that is undone keeps it."""

    TRACE_ID = "trace_id"
    #: One line and one payout alone fit each other.
    AMOUNT = "amount"
    PERSON = "person"


class ExportState(StrEnum):
    """Of a file that the worker writes for a person."""

    ASKED = "asked"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELED = "canceled"
    #: It was done; the file has been kept for as long as files are.
    REMOVED = "removed"


class ReportType(StrEnum):
    """A report of Stripe's on its balance, as Stripe names it."""

    BALANCE_SUMMARY = "balance.summary.1"
    ACTIVITY_SUMMARY = "balance_change_from_activity.summary.1"
    ACTIVITY = "balance_change_from_activity.itemized.3"
    PAYOUTS = "payouts.itemized.3"


class ReportFigure(StrEnum):
    """A figure of the balance summary: the first three come to the last."""

    STARTING = "starting_balance"
    MOVED = "activity"
    PAID_OUT = "payouts"
    ENDING = "ending_balance"


LIFE_CYCLES: tuple[type[StrEnum], ...] = (
    OperationState,
    RefundState,
    BulkRefundState,
    EventState,
    CaseState,
    BreakState,
    PeriodState,
    AlertState,
    DeliveryState,
    ScenarioRunState,
    ExportState,
)
