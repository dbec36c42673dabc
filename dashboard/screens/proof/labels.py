"""What the proof tells, in words: witnesses, identities, kinds of differences, likely causes."""

from __future__ import annotations

from datetime import datetime

from core.money import Money, show
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.ui import stripe_labels

WITNESSES = {
    "ledger": N_("Ours"),
    "list": N_("Stripe's list"),
    "balance": N_("Stripe's balance"),
    "report": N_("Stripe's report"),
    "bank": N_("Bank"),
    "books": N_("Books"),
}
#: The identities, in the order in which they are held.
IDENTITIES = {
    "row": N_("Each row's net is its amount less its fee, and its fee the sum of its parts"),
    "object": N_("Each charge, refund, dispute and payout has its rows"),
    "list": N_("Each day's rows are those of Stripe's list"),
    "bridge": N_("Opening and each category come to the closing"),
    "balance": N_("The ledger comes to Stripe's balance"),
    "payout": N_("Each automatic payout is the sum of its rows"),
    "unpaid": N_("What no payout paid out is what is left"),
    "life": N_("Each payout that failed or was canceled came back"),
    "report": N_("Stripe's own reports say what the ledger says"),
    "bank": N_("Each payout that was paid is a line of the bank's statement"),
    "books": N_("What was exported for the books is what was kept of it"),
    "pairs": N_("What was held back is released once"),
}
#: Why nothing is known of an identity, where it is not Stripe that could not be asked.
NOT_IMPORTED = {
    "bank": N_("not known: no bank statement of these days was imported"),
    "report": N_("not known: no report of these days was imported"),
}
BALANCES = {
    "payments": N_("Payments"),
    "issuing": N_("Cards that are issued"),
    "refund_and_dispute_prefunding": N_("Refunds and disputes, paid in ahead"),
}
KINDS = {
    "missing_here": N_("Missing here"),
    "missing_there": N_("Not at Stripe"),
    "amount": N_("Amount differs"),
    "fee": N_("Fee differs"),
    "currency": N_("Currency differs"),
    "category": N_("Category differs"),
    "day": N_("Day differs"),
    "duplicate": N_("Counted twice"),
    "orphan": N_("Belongs to another object"),
    "payout_sum": N_("Payout is not the sum of its rows"),
    "payout_state": N_("Payout's status differs"),
    "bank_missing": N_("Payout is not at the bank"),
    "bank_unknown": N_("Bank line without a payout"),
    "bank_amount": N_("Bank booked another amount"),
    "unmapped": N_("Category is not known"),
    "unexplained": N_("Total differs"),
}
CAUSES = {
    "late": N_("Stripe lists rows late; the daily walk brings it in."),
    "not_at_stripe": N_("Stripe's list does not have it: something else wrote it here."),
    "unreadable": N_("Stripe lists a row that cannot be read here: a developer sees what it is."),
    "edited": N_("The row here is not what Stripe says: it was changed after it was written."),
    "arithmetic": N_("Its net is not its amount less its fee."),
    "fee_parts": N_("The parts of its fee do not sum to its fee."),
    "object_amount": N_("Its amount is not that of the object behind it."),
    "other_object": N_("It stands for another object than the one that names it."),
    "other_currency": N_("It is in another currency than the payout that paid it out."),
    "twice": N_("The object behind it has more rows than its amount explains."),
    "zone": N_("Its day is not the day of its time in the reporting time zone."),
    "unmapped_category": N_("Stripe books it under a name that has no place here yet."),
    "no_row": N_("The object moved money, and no ledger row stands for it yet."),
    "no_object": N_("The object behind the row has not been read from Stripe yet."),
    "daily_sum": N_("The daily sums that are kept are not those of the rows: rebuild them."),
    "balance": N_("The ledger does not come to Stripe's balance."),
    "bucket": N_("Stripe moves pending funds to available at an hour of its own."),
    "payout_list": N_("Its rows do not sum to what it paid out."),
    "no_payout_of_rows": N_("Rows say that it paid them out, and it is no automatic payout."),
    "payout_differs": N_("The payout here is not what Stripe says: it is read again."),
    "not_returned": N_("It failed or was canceled, and no row brought its money back."),
    "pair": N_("More was released than was ever held back."),
    "no_line": N_("The bank's statement has no line for it."),
    "no_payout": N_("A line looks like a payout of Stripe's, and no payout fits it."),
    "line_amount": N_("The lines matched to it do not come to its amount."),
    "report_row": N_("Stripe's report has it otherwise; one made anew may have late rows."),
    "report_sum": N_("A figure of Stripe's report is not what the ledger's rows come to."),
    "not_exported": N_(
        "Payouts or bank lines changed since the books were exported: export them again."
    ),
    "batch": N_("What was exported for the books is not what was kept of it."),
}
_DAY = 24 * 3600


def kind(code: str) -> str:
    """What differs, in words."""
    return _(KINDS[code]) if code in KINDS else stripe_labels.words(code)


def cause(code: str) -> str:
    """What is probably behind it, a sentence; nothing for a cause that is not known."""
    return _(CAUSES[code]) if code in CAUSES else ""


def thing(identity: str, object_id: str) -> str:
    """What differs, by its id; a sum is named by its category, and a balance by what it is for."""
    if identity == "balance":
        return balance(object_id)
    return stripe_labels.words(object_id) if identity == "bridge" else object_id


def balance(code: str) -> str:
    """What one of Stripe's balances is for."""
    return _(BALANCES[code]) if code in BALANCES else stripe_labels.words(code)


def amount(minor: int | None, currency: str) -> str:
    """One side of a difference; a dash where it has nothing."""
    return "–" if minor is None else show(Money(minor, currency))


def age(found_at: datetime, now: datetime) -> str:
    """For how long it has been known."""
    return i18n.ago(int((now - found_at).total_seconds()))


def due(at: datetime | None, now: datetime) -> str:
    """How long it may still go by itself, or for how long it is overdue."""
    if at is None:
        return "–"
    left = int((at - now).total_seconds())
    days, hours = abs(left) // _DAY, max(abs(left) // 3600, 1)
    if left < 0:
        late = ngettext("{n} day late", "{n} days late", days).format(n=i18n.number(days))
        early = ngettext("{n} hour late", "{n} hours late", hours).format(n=i18n.number(hours))
        return late if days else early
    soon = ngettext("in {n} hour", "in {n} hours", hours).format(n=i18n.number(hours))
    later = ngettext("in {n} day", "in {n} days", days).format(n=i18n.number(days))
    return later if days else soon


def counted(open_: int) -> str:
    """How many differences are open."""
    return ngettext("{n} difference", "{n} differences", open_).format(n=i18n.number(open_))
