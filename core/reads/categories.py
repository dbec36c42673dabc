"""Which part of revenue each of Stripe's reporting categories belongs to."""

from __future__ import annotations

GROSS = frozenset(["charge", "partial_capture_reversal"])
REFUNDS = frozenset(["refund", "refund_failure"])
DISPUTES = frozenset(["dispute", "dispute_reversal"])
#: Stripe's own bills: the amount itself is the (negative) fee.
FEES = frozenset(["fee"])
#: Money that moves between Stripe and the bank, or between our own balances: not revenue.
MOVED = frozenset(
    "payout payout_reversal payout_minimum_balance_hold payout_minimum_balance_release"
    " transfer transfer_reversal topup topup_reversal".split()
)

_KINDS = {
    **dict.fromkeys(GROSS, "gross"),
    **dict.fromkeys(REFUNDS, "refund"),
    **dict.fromkeys(DISPUTES, "dispute"),
    **dict.fromkeys(FEES, "fee"),
    **dict.fromkeys(MOVED, "moved"),
}


def kind_of(reporting_category: str) -> str:
    """`gross`, `refund`, `dispute`, `fee`, `moved`, or `other` for anything else."""
    return _KINDS.get(reporting_category, "other")
