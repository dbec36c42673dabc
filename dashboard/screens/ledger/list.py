"""Ledger rows of what an address asks for, and what they come to."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from core.domain.payers import payer_of
from core.money import Money, show
from core.reads.ledger.rows import Filters, LedgerRow, RowPage, Sums
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.ui import columns, customer_links, revenue_labels, stripe_labels
from dashboard.ui.data_table import (
    Column,
    DataTable,
    Empty,
    currency,
    moment,
    money,
    opener,
    text,
)
from dashboard.ui.kit import cards as kit_cards
from dashboard.ui.kit import links
from dashboard.ui.kit.cards import Card

COLUMNS: dict[str, Column[LedgerRow]] = {
    "created": moment(N_("Booked"), lambda row: row.created_at),
    "kind": text(N_("Kind"), lambda row: stripe_labels.words(row.category)),
    "gross": money(N_("Gross"), lambda row: columns.money(row.amount_minor, row.currency)),
    "fee": money(N_("Fees"), lambda row: columns.money(-row.fee_minor, row.currency)),
    "net": money(N_("Net"), lambda row: columns.money(row.net_minor, row.currency)),
    "currency": currency(lambda row: row.currency),
    "payment": opener(N_("Payment"), lambda row: row.payment_id),
    "counts": text(
        N_("Counts on"),
        lambda row: i18n.day(row.booked_day) if row.booked_day else "",
        optional=True,
    ),
    "customer": customer_links.column(
        N_("Customer"),
        lambda row: row.email,
        lambda row: payer_of(None, row.email),
        cut=18,
        optional=True,
    ),
    "source": text(N_("Object"), lambda row: row.source_id or "", cut=21),
    "row": text(N_("Ledger row"), lambda row: row.stripe_id, cut=22),
}
TABLE = DataTable(
    "ledger_rows",
    N_("Ledger rows"),
    COLUMNS,
    placeholder="–",
    empty=Empty(N_("No rows here"), N_("Nothing moved this balance in these days.")),
)


def description(filters: Filters) -> str:
    """What the rows are, in words."""
    parts = []
    if name := figure_name(filters):
        parts.append(name)
    if filters.category:
        parts.append(stripe_labels.words(filters.category))
    if filters.since and filters.until:
        last = filters.until - timedelta(days=1)
        said = _("{first} to {last}")
        parts.append(said.format(first=i18n.day(filters.since), last=i18n.day(last)))
    if filters.currency:
        parts.append(filters.currency.upper())
    if filters.balance_type and filters.balance_type != "payments":
        parts.append(stripe_labels.words(filters.balance_type))
    if filters.method is not None:
        parts.append(columns.method(filters.method) if filters.method else _("No method"))
    if filters.card_country is not None:
        country = filters.card_country
        parts.append(columns.country(country) if country else _("No card"))
    if filters.late_of:
        parts.append(_("came after {month} was closed").format(month=filters.late_of))
    return " · ".join(parts) or _("All of them")


def figure_name(filters: Filters) -> str:
    """What the figure is called that the rows come to; nothing where none was asked for."""
    if filters.fee_type is not None:
        return revenue_labels.fee_part(filters.fee_type)
    return revenue_labels.figure(filters.figure) if filters.figure else ""


def cards(found: tuple[Sums, ...], filters: Filters) -> None:
    """What all rows come to, of each currency: that is what stands where one came from.

    A row may count in a figure by its fee alone: then what they come to as it stands first.
    """
    for one in found:
        code = one.currency
        shown = [
            Card(_("Rows, {currency}").format(currency=code.upper()), i18n.number(one.count)),
            Card(_("Gross"), show(Money(one.gross_minor, code))),
            Card(_("Fees"), show(Money(one.net_minor - one.gross_minor, code))),
            Card(_("Net"), show(Money(one.net_minor, code))),
        ]
        if name := figure_name(filters):
            as_figure = show(Money(one.figure_minor, code))
            # Where all of them count in full, it is the same figure.
            shown = [card for card in shown if (card.label, card.value) != (name, as_figure)]
            shown.insert(0, Card(name, as_figure, note=_("of these rows, as Revenue counts them")))
        kit_cards.draw(f"sums_{code}", shown)


def table(page: RowPage) -> None:
    """One page of rows; one about a payment opens it."""
    named = any(row.payment_id for row in page.rows)
    shown = ngettext("{n} shown, newest first", "{n} shown, newest first", len(page.rows))
    TABLE.draw(
        TABLE.frame(page.rows),
        remember,
        target=links.screen("payment"),
        caption=shown.format(n=i18n.number(len(page.rows))),
        hidden=() if named else ("payment",),
    )


def remember(payment_id: str) -> None:
    """A click on a payment: the page opens it when it runs, for a callback cannot."""
    st.session_state["payment_opened"] = payment_id
