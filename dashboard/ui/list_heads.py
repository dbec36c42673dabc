"""The head of a list: how many rows its filters find, and what they come to in each currency."""

from __future__ import annotations

from core.money import show
from core.reads.search.totals import Totals
from dashboard import i18n
from dashboard.i18n import _


def charged() -> str:
    """Of which currency amounts of payments, refunds and disputes are, beside those that settle."""
    return _("in the currency that customers paid in")


def text(found: Totals) -> str:
    """In one line, safe where markdown is drawn; currencies are not added up."""
    if not found.exact:
        return _("In all: more than {count}").format(count=i18n.number(found.n))
    parts = [_("In all: {count}").format(count=i18n.number(found.n))]
    for one in found.sums:
        said = f"{show(one.amount)} {one.amount.currency.upper()}"
        parts.append(said if len(found.sums) == 1 else f"{said} ({i18n.number(one.n)})")
    return " · ".join(parts).replace("$", "\\$")
