"""What each of Stripe's reporting categories is: a part of revenue, or another movement.

The table is `categories.toml`. A category that does not stand in it is nobody's: it is shown by its
own name and counts as no revenue until it is mapped.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

_TABLE: dict[str, dict[str, list[str]]] = tomllib.loads(
    Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
)
#: The parts of revenue, in the order in which they are added up.
PARTS = tuple(_TABLE["revenue"])
#: Those whose own amount is a cost, so that it is turned round: taken is positive.
COSTS = ("fee", "network_cost", "tax")
#: What a movement is whose category is not mapped.
UNMAPPED = "unmapped"
#: The kinds of the other movements of the balance, unmapped ones last.
MOVEMENTS = (*_TABLE["movements"], UNMAPPED)
#: The categories that make revenue.
REVENUE = frozenset(one for names in _TABLE["revenue"].values() for one in names)

_KINDS = {
    category: kind
    for table in _TABLE.values()
    for kind, categories in table.items()
    for category in categories
}
#: Every category that is mapped.
KNOWN = frozenset(_KINDS)
_COSTS = frozenset(one for one, kind in _KINDS.items() if kind in COSTS)
_FIGURES = {category: f"{kind}_minor" for category, kind in _KINDS.items()}
_UNMAPPED_FIGURE = f"{UNMAPPED}_minor"
#: What `add_row` adds to.
FIGURES = (*(f"{kind}_minor" for kind in (*PARTS, *MOVEMENTS)), "net_minor", "other_minor")
#: Fees that Stripe bills by rows of their own (category `fee`): Radar, Billing and so on.
BILLED = "billed"
#: The part of fees whose kind is not known, as the ledger calls it.
UNSPECIFIED = "unspecified"


def kind_of(reporting_category: str) -> str:
    """One of `PARTS` or of `MOVEMENTS`; `unmapped` for a category that the table does not hold."""
    return _KINDS.get(reporting_category, UNMAPPED)


def categories_of(kind: str) -> tuple[str, ...]:
    """The categories of one of `PARTS`, or of a kind of movement."""
    return tuple(sorted(one for one, known in _KINDS.items() if known == kind))


def add_row(
    sums: dict[str, int], category: str, *, amount_minor: int, fee_minor: int, net_minor: int
) -> None:
    """Add what ledger rows of a category came to: their amount to the part or movement it is.

    `sums` holds `FIGURES`: the parts and movements, `net_minor` (revenue alone) and `other_minor`
    (all movements). `net + other` grows by the rows' net. The fee of any row is a fee, also of a
    payout.
    """
    if category in REVENUE:
        sums[_FIGURES[category]] += -amount_minor if category in _COSTS else amount_minor
        sums["net_minor"] += net_minor
    else:
        sums[_FIGURES.get(category, _UNMAPPED_FIGURE)] += amount_minor
        sums["other_minor"] += amount_minor
        sums["net_minor"] += net_minor - amount_minor
    sums["fee_minor"] += fee_minor
