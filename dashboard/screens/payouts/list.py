"""The list of payouts with its figures: what is on its way, and what is still at Stripe."""

from __future__ import annotations

from collections.abc import Sequence

from core.money import show
from core.reads.payouts.list import PayoutRow, Unpaid
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.screens.payouts import labels
from dashboard.ui import metric_cards, navigation, status_badges, stripe_labels, viewer
from dashboard.ui.data_table import (
    DataTable,
    Empty,
    chips,
    currency,
    moment,
    money,
    number,
    opener,
    text,
)
from dashboard.ui.list_views import ListViews

VIEWS = {
    "all": N_("All"),
    "on_the_way": N_("In transit"),
    "paid": N_("Paid"),
    "failed": N_("Failed"),
}
NONE_YET = Empty(
    N_("No payouts yet"),
    N_("They appear here when Stripe sends money to your bank."),
    ":material/account_balance:",
)
NONE_HERE = Empty(N_("No payout here"), N_("Choose another state, or take a filter out."))

TABLE: DataTable[PayoutRow] = DataTable(
    "payouts",
    N_("Payouts"),
    {
        "amount": money(N_("Amount"), lambda row: show(row.amount)),
        "currency": currency(lambda row: row.amount.currency),
        "status": chips(
            N_("Status"),
            lambda row: status_badges.cell(row.status),
            status_badges.PAYOUT,
        ),
        "payout": opener(N_("Payout"), lambda row: row.stripe_id),
        "expected": text(N_("Arrives"), lambda row: labels.day(row.arrival_at)),
        "failure": text(
            N_("Why it failed"),
            lambda row: stripe_labels.words(row.failure_code),
            optional=True,
        ),
        "payments": number(N_("Payments"), lambda row: row.payments),
        "kind": text(N_("Kind"), labels.kind),
        "rows": text(N_("Its rows"), lambda row: labels.rows_complete(row.reconciliation_status)),
        "trace": text(N_("Trace id"), labels.trace),
        "created": moment(N_("Sent"), lambda row: row.created_at, seconds=False),
    },
    placeholder="–",
)


#: The columns that people choose from, by their titles, and what each is in a file.
CHOICE = ListViews(
    "payouts",
    {name: column.title for name, column in TABLE.columns.items()},
    {
        "amount": ("amount",),
        "currency": ("currency",),
        "status": ("status",),
        "payout": ("id",),
        "expected": ("expected_utc",),
        "failure": ("failure_code",),
        "payments": ("payments",),
        "kind": ("kind",),
        "rows": ("reconciliation_status",),
        "trace": ("trace_id", "trace_id_status"),
        "created": ("created_utc",),
    },
)


def cards(found: Sequence[Unpaid]) -> None:
    """Of the currency with the most payouts on their way: the next, the others, what is left."""
    if not found:
        return
    first, code = found[0], found[0].on_the_way.currency.upper()
    read = ""
    if first.read_at is not None:
        read = _("as of {time}").format(time=i18n.minute(first.read_at, viewer.zone()))
    shown = []
    kept_in = first.on_the_way.currency
    moving = navigation.address("payouts", view="on_the_way", currency=kept_in)
    if first.next_amount is not None:
        arrives = labels.day(first.next_arrival)
        label = _("Next payout, {currency}: {day}").format(currency=code, day=arrives)
        shown.append(metric_cards.money_card(label, first.next_amount, address=moving))
    said = ngettext(
        "On the way, {currency}: {n} payout", "On the way, {currency}: {n} payouts", first.count
    )
    label = said.format(currency=code, n=i18n.number(first.count))
    shown.append(metric_cards.money_card(label, first.on_the_way, address=moving))
    for label, amount in (
        (_("Available at Stripe, {currency}"), first.available),
        (_("Pending at Stripe, {currency}"), first.pending),
    ):
        if amount is not None:
            # What a balance is made of is told by its closing.
            proof = navigation.address("proof", currency=kept_in)
            label = label.format(currency=code)
            shown.append(metric_cards.money_card(label, amount, note=read, address=proof))
    metric_cards.linked("payout_cards", shown, leaves=False)


def others(found: Sequence[Unpaid]) -> str:
    """What is on its way in the other currencies."""
    moving = [one for one in found[1:] if one.count]
    return " · ".join(labels.exact(one.on_the_way) for one in moving)


def counted(rows: int) -> str:
    """How many a page shows."""
    said = ngettext("{n} shown, newest first", "{n} shown, newest first", rows)
    return said.format(n=rows)
