"""The names of what can be scheduled: databases keep them, so a name never changes.

Which function each stands for is said in `core.emulator.runtime.scheduled_tasks`.
"""

from __future__ import annotations

from enum import StrEnum, auto


class Task(StrEnum):
    """Something that happens by itself later."""

    # Rows, charges and holds.
    LIST_ROW = auto()
    POST_CHARGE = auto()
    SETTLE_DEBIT = auto()
    #: As earlier emulators named `SETTLE_DEBIT`, by intent.
    FINISH_PROCESSING = auto()
    FAIL_CHARGE = auto()
    EXPIRE_CHARGE = auto()
    EXPIRE_AUTHORIZATION = auto()
    EXPIRE_CHECKOUT_SESSION = auto()
    VOUCHER_ENDS = auto()
    # Disputes, warnings, reviews.
    OPEN_DISPUTE = auto()
    WARN = auto()
    DISPUTE_DEADLINE = auto()
    DECIDE_DISPUTE = auto()
    ESCALATE_INQUIRY = auto()
    INQUIRY_ENDS = auto()
    APPROVE_REVIEW = auto()
    # Refunds and payouts.
    FINISH_REFUND = auto()
    FAIL_REFUND = auto()
    EXPIRE_REFUND = auto()
    DAILY_PAYOUTS = auto()
    PAYOUT_LEAVES = auto()
    PAYOUT_ARRIVES = auto()
    # Records that take a moment.
    CLOCK_READY = auto()
    REPORT_DONE = auto()
    REDACTED = auto()
    # Simulated business.
    RETRY = auto()
    CAPTURE = auto()
    ABANDON = auto()
    ASK_REFUND = auto()
    DISPUTE_ORDER = auto()
    ANSWER_DISPUTE = auto()
    # Steps of hard cases.
    HARD_CASE = auto()
    MOVEMENT = auto()
    OVERDRAW = auto()
    PAYOUT_FATE = auto()
    BRING_DISPUTE = auto()
    CAPTURE_PART = auto()
    ORDER_REFUND = auto()
    FAILING_REFUND = auto()
    ASK_FOR_DESTINATION = auto()
    CANCEL_REFUND = auto()
