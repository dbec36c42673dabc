"""The words of closing a month."""

from __future__ import annotations

from collections.abc import Mapping

from core.money import Money, show
from dashboard import i18n
from dashboard.i18n import N_, _, pgettext
from dashboard.ui.status_badges import Kind

#: What must be so before a month is closed, by what keeps it open.
CHECKS = {
    "not_over": N_("The month is over"),
    "not_reconciled": N_("All of it was reconciled since it ended"),
    "open_breaks": N_("No difference is open or past its due date"),
    "unmapped": N_("Every category is mapped"),
    "list_not_read": N_("Every day was compared with Stripe's list"),
    "balance_not_read": N_("Stripe's balance was read since it ended"),
    "balance_differs": N_("The ledger comes to Stripe's balance"),
    "statement_missing": N_("Each bank account that payouts arrived on has a statement of it"),
}

#: What of a seal may not hold, in the words of `core.proof.periods.verify`.
FAULTS = (
    N_("the certificate is not the one that was sealed"),
    N_("the audit log names another digest, or none"),
    N_("ledger rows were changed, added or removed"),
    N_("rows belong to other payouts than they did"),
    N_("the kept sums are not those of the certificate"),
)


def states() -> Kind:
    """How a month stands, in the language spoken now: its words have other meanings elsewhere."""
    return {
        "open": (pgettext("month", "Open"), "blue"),
        "asked": (_("Waits for a second person"), "orange"),
        "closed": (pgettext("month", "Closed"), "green"),
    }


def check(name: str, blockers: Mapping[str, int]) -> tuple[str, str]:
    """A line of the checklist with its icon; how many there are of what keeps the month open."""
    count = blockers.get(name)
    if count is None:
        return ":green[:material/check_circle:]", _(CHECKS[name])
    counted = f" ({i18n.number(count)})" if count > 1 else ""
    return ":red[:material/cancel:]", _(CHECKS[name]) + counted


def side(minor: int | None, currency: str) -> str:
    """One side of a difference; a dash where it has nothing."""
    return "–" if minor is None else show(Money(minor, currency))
