"""Payments that were scored, and money that was lost: the rows behind each figure of fraud."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from core.domain.payers import payer_of
from core.money import Money, show
from core.reads.fraud import rules as rule_reads
from core.reads.fraud import scored
from core.reads.fraud.scored import Filters, ScoredPage, ScoredRow
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.screens.fraud import labels as fraud_labels
from dashboard.screens.fraud import row_links, rule_words
from dashboard.ui import address, columns, customer_links, status_badges, viewer, widgets
from dashboard.ui.data_table import (
    Column,
    DataTable,
    Empty,
    chips,
    currency,
    moment,
    money,
    opener,
    text,
)
from dashboard.ui.kit import cards as kit_cards
from dashboard.ui.kit import links
from dashboard.ui.kit.cards import Card

FIGURES = {
    "scored": N_("All that were scored"),
    "low": N_("Low scores"),
    "medium": N_("Medium scores"),
    "high": N_("High scores"),
    "refused": N_("Refused before Stripe"),
    "paid": N_("Paid payments"),
    "fraud": N_("Paid, and fraud"),
    "lost": N_("Money lost to fraud"),
}
_KINDS: status_badges.Kind = {
    "scored": (N_("Payment"), "gray"),
    "refused": (N_("Refused"), "red"),
    "dispute": (N_("Dispute lost"), "red"),
    "refund": (N_("Refund as fraud"), "violet"),
}
COLUMNS: dict[str, Column[ScoredRow]] = {
    "amount": money(N_("Amount"), lambda row: columns.money(row.amount_minor, row.currency)),
    "currency": currency(lambda row: row.currency),
    "kind": chips(N_("Kind"), lambda row: (row.kind,), _KINDS),
    "level": chips(N_("Level"), lambda row: (row.level,) if row.level else (), fraud_labels.LEVEL),
    "score": money(N_("Score"), lambda row: "" if row.score is None else str(row.score)),
    "why": text(N_("Rules"), lambda row: fraud_labels.in_short(row.factors), cut=22, optional=True),
    "state": chips(
        N_("Status"), lambda row: (row.state,) if row.state else (), status_badges.PAYMENT
    ),
    "email": customer_links.column(
        N_("E-mail"),
        lambda row: row.email,
        lambda row: payer_of(None, row.email),
        cut=16,
        optional=True,
    ),
    "created": moment(N_("Created"), lambda row: row.created_at, seconds=False),
    "id": opener(N_("Payment"), lambda row: row.payment_id),
}
TABLE = DataTable(
    "scored",
    N_("Scored payments"),
    COLUMNS,
    placeholder="–",
    empty=Empty(N_("No rows here"), N_("Nothing of this kind in these days.")),
)
_OPENED = "scored_opened"


def draw(livemode: bool) -> None:
    """What the address asks for: filters, sums of all rows, a page of them."""
    if opened := st.session_state.pop(_OPENED, None):
        customer_links.open_clicked(opened, "payment")
    with st.container(horizontal=True, vertical_alignment="center"):
        widgets.url_select(
            _("Rows"), "figure", list(FIGURES), lambda code: _(FIGURES[code]), default="scored"
        )
        known = viewer.read(rule_reads.currencies, livemode=livemode)
        widgets.url_select(_("All currencies"), "cur", known, str.upper)
        filters = row_links.scored_read(address.values())
        for said in _narrowed(filters):
            st.badge(said, color="blue")
        if filters.since or filters.until or filters.points or filters.rule:
            st.button(
                _("All days, points and rules"),
                key="scored_wide",
                icon=":material/close:",
                type="tertiary",
                on_click=_widen,
            )
    cursor, older = widgets.cursor()
    page = viewer.read(
        scored.page,
        livemode=livemode,
        zone=viewer.zone(),
        filters=filters,
        cursor=cursor,
        older=older,
    )
    _sums(page)
    _table(page, filters)
    widgets.pager(newer=page.newer, older=page.older)


def _narrowed(filters: Filters) -> list[str]:
    """The days, points and rule that the rows are narrowed to, in words."""
    found = []
    if filters.since and filters.until:
        last = filters.until - timedelta(days=1)
        said = _("{first} to {last}")
        found.append(said.format(first=i18n.day(filters.since), last=i18n.day(last)))
    if filters.points:
        least, most = filters.points
        if least is None:
            found.append(_("points: up to {number}").format(number=most))
        elif most is None:
            found.append(_("points: from {number}").format(number=least))
        else:
            found.append(_("points: {least} to {most}").format(least=least, most=most))
    if filters.rule:
        rule = widgets.safe_text(rule_words.title_or_number(filters.rule))
        found.append(_("rule: {rule}").format(rule=rule))
    return found


def _widen() -> None:
    address.drop("from", "until", "points", "held")
    widgets.first_page()


def _sums(page: ScoredPage) -> None:
    """How many of each currency there are, and what they come to: that is what stands where one
    came from."""
    shown = []
    for one in page.sums:
        said = ngettext("{n} row", "{n} rows", one.count)
        shown.append(
            Card(
                one.currency.upper(),
                show(Money(one.amount_minor, one.currency)),
                note=said.format(n=i18n.number(one.count)),
            )
        )
    if shown:
        kit_cards.draw("scored_sums", shown)


def _table(page: ScoredPage, filters: Filters) -> None:
    lost = filters.figure == "lost"
    TABLE.draw(
        TABLE.frame(page.rows),
        lambda payment_id: st.session_state.update({_OPENED: payment_id}),
        target=links.screen("payment"),
        hidden=("level", "score") if lost else ("kind",),
    )
