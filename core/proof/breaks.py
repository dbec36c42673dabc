"""A break: what two witnesses say differently about one object, and what may be behind it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

#: What may differ. `unexplained`: a total, when all that is known of its rows does not explain it.
KINDS = (
    "missing_here",
    "missing_there",
    "amount",
    "fee",
    "currency",
    "category",
    "day",
    "duplicate",
    "orphan",
    "payout_sum",
    "payout_state",
    "bank_missing",
    "bank_unknown",
    "bank_amount",
    "unmapped",
    "unexplained",
)

#: What is probably behind a break, in words.
CAUSES = {
    "late": "Stripe lists rows late; the daily walk brings it in.",
    "not_at_stripe": "Stripe's list does not have it: it was written by something else.",
    "unreadable": "Stripe lists a row that cannot be read: see what is parked.",
    "edited": "The row here is not what Stripe says: it was changed after it was written.",
    "arithmetic": "Its net is not its amount less its fee.",
    "fee_parts": "The parts of its fee do not sum to its fee.",
    "object_amount": "Its amount is not that of the object behind it.",
    "other_object": "It stands for another object than the one that names it.",
    "other_currency": "It is in another currency than the payout that paid it out.",
    "twice": "The object behind it has more rows than its amount explains.",
    "zone": "Its day is not the day of its time in the reporting time zone.",
    "unmapped_category": "Its reporting category is not known to this version.",
    "no_row": "The object moved money, and no ledger row stands for it yet.",
    "no_object": "The object behind the row is not in the mirror yet.",
    "daily_sum": "The kept daily sums are not those of the rows: run `rollups rebuild`.",
    "balance": "The ledger does not come to Stripe's balance.",
    "bucket": "Stripe moves pending funds to available at an hour of its own.",
    "payout_list": "Its rows do not sum to what it paid out.",
    "no_payout_of_rows": "Rows say that it paid them out, and it is no automatic payout.",
    "payout_differs": "The payout here is not what Stripe says: it is read again.",
    "not_returned": "It failed or was canceled, and no row brought its money back.",
    "pair": "More was released than was ever held back.",
    "report_row": "Stripe's report has it otherwise; one made anew may have late rows.",
    "report_sum": "A figure of Stripe's report is not what the ledger's rows come to.",
    "not_exported": "Payouts or bank lines changed since the books were exported: export again.",
    "batch": "A batch of the journal is not what was exported.",
    "no_line": "The bank's statement has no line for it.",
    "no_payout": "A line looks like a payout of Stripe's, and no payout fits it.",
    "line_amount": "The lines matched to it do not come to its amount.",
}

#: What is not told of an object of which the first is.
_IMPLIES = {
    "duplicate": ("missing_there", "orphan"),
    "missing_here": ("orphan",),
    "category": ("unmapped",),
}

#: Stripe lists some rows hours or days after their time.
LISTED_LATE = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class Break:
    """One difference. Amounts are minor units of `currency`; None where there is nothing to count.

    `identity` is the rule that does not hold, `kind` one of `KINDS`, `cause` a key of `CAUSES`.
    Before `due` it may still go by itself.
    """

    identity: str
    kind: str
    object_id: str
    currency: str
    day: date
    cause: str
    ours_minor: int | None = None
    theirs_minor: int | None = None
    due: datetime | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """Kind, object and currency: the same difference, whichever run or rule finds it."""
        return self.kind, self.object_id, self.currency

    def is_expected(self, now: datetime) -> bool:
        """Whether it is not yet due."""
        return self.due is not None and now < self.due


@dataclass(frozen=True, slots=True)
class Delta:
    """By how much a row here differs from Stripe's, ours less theirs, in minor units.

    `at` (UTC) is when the row was created, `source_id` the object behind it.
    """

    currency: str
    category: str
    gross_minor: int
    fee_minor: int
    net_minor: int
    count: int
    at: datetime
    source_id: str | None = None
    balance_type: str = "payments"


def merged(found: Iterable[Break]) -> list[Break]:
    """Each difference once: the first that was found of a key, and nothing that another implies.

    A duplicate is not at Stripe either, and stands for an object that has its own row; who names
    what is missing is no break of its own; a category that Stripe does not say needs no mapping.
    """
    unique: dict[tuple[str, str, str], Break] = {}
    for one in found:
        unique.setdefault(one.key, one)
    implied = {
        (other, one.object_id) for one in unique.values() for other in _IMPLIES.get(one.kind, ())
    }
    kept = [one for one in unique.values() if (one.kind, one.object_id) not in implied]
    return sorted(kept, key=lambda one: (one.day, one.kind, one.object_id, one.currency))
