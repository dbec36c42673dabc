"""Ledger rows of what the address asks for, what they come to, and their file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import streamlit as st

from core.domain.payers import payer_of
from core.money import Money, show
from core.reads.ledger.rows import Filters, LedgerRow, RowPage, Sums
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.ui import columns, customer_links, metric_cards, stripe_labels
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
from dashboard.ui.kit import links

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


def asked_for(query: Mapping[str, str]) -> Filters:
    """What an address asks for; what cannot be read in it is left out."""
    return Filters(
        _day(query.get("from")),
        _day(query.get("until")),
        query.get("currency") or None,
        query.get("balance") or None,
        query.get("category") or None,
        query.get("late") or None,
    )


def as_address(filters: Filters) -> dict[str, str]:
    """The parameters of an address that asks for this."""
    found = {
        "from": filters.since.isoformat() if filters.since else None,
        "until": filters.until.isoformat() if filters.until else None,
        "currency": filters.currency,
        "balance": filters.balance_type,
        "category": filters.category,
        "late": filters.late_of,
    }
    return {name: value for name, value in found.items() if value}


def _day(written: str | None) -> date | None:
    try:
        return date.fromisoformat(written or "")
    except ValueError:
        return None


def description(filters: Filters) -> str:
    """What the rows are, in words."""
    parts = []
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
    if filters.late_of:
        parts.append(_("came after {month} was closed").format(month=filters.late_of))
    return " · ".join(parts) or _("All of them")


def cards(found: tuple[Sums, ...]) -> None:
    """What all rows come to, of each currency: that is what stands where one came from."""
    for one in found:
        code = one.currency
        shown = [
            metric_cards.Card(
                _("Rows, {currency}").format(currency=code.upper()), i18n.number(one.count)
            ),
            metric_cards.Card(_("Gross"), show(Money(one.gross_minor, code))),
            metric_cards.Card(_("Fees"), show(Money(one.net_minor - one.gross_minor, code))),
            metric_cards.Card(_("Net"), show(Money(one.net_minor, code))),
        ]
        metric_cards.cards(shown, columns=4)


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
