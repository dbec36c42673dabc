"""A closed month as it was closed, as it is known now, and the rows that make the difference."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import streamlit as st

from core.money import Money, show
from core.reads.ledger import rows as row_reads
from core.reads.ledger.rows import Filters, LedgerRow
from core.reads.periods import adjustments as reads
from core.reads.periods.adjustments import ClosedFigure
from core.reads.periods.months import Month
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.ui import columns, file_links, navigation, stripe_labels, viewer, widgets
from dashboard.ui.data_table import Column, DataTable, currency, money, number, text

#: Late rows that are shown here; all of them stand in their list.
MOST = 25
_ALL = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A figure of the table: a category, or with '' the sum of a currency. Minor units."""

    currency: str
    category: str
    closed_minor: int
    now_minor: int
    late: int


def _amount(minor: int, line: Line) -> str:
    return show(Money(minor, line.currency))


FIGURES: dict[str, Column[Line]] = {
    "currency": currency(lambda line: line.currency),
    "what": text(
        N_("What"),
        lambda line: stripe_labels.words(line.category) if line.category else _("All of it"),
        cut=16,
    ),
    "closed": money(N_("As closed"), lambda line: _amount(line.closed_minor, line)),
    "now": money(N_("As known now"), lambda line: _amount(line.now_minor, line)),
    "difference": money(
        N_("Difference"), lambda line: _amount(line.now_minor - line.closed_minor, line)
    ),
    "late": number(N_("Late rows"), lambda line: line.late),
}
ROWS: dict[str, Column[LedgerRow]] = {
    "row": text(N_("Ledger row"), lambda row: row.stripe_id, cut=22),
    "kind": text(N_("Kind"), lambda row: stripe_labels.words(row.category)),
    "closed": money(N_("As closed"), lambda row: columns.money(0, row.currency)),
    "now": money(N_("As known now"), lambda row: columns.money(row.net_minor, row.currency)),
    "difference": money(N_("Difference"), lambda row: columns.money(row.net_minor, row.currency)),
    "currency": currency(lambda row: row.currency),
    "happened": text(N_("Happened"), lambda row: i18n.day(row.business_day)),
    "counts": text(N_("Counts on"), lambda row: i18n.day(row.booked_day) if row.booked_day else ""),
    "object": text(N_("Object"), lambda row: row.source_id or "", cut=21),
}


def lines(found: Iterable[ClosedFigure]) -> list[Line]:
    """A line for each currency, and one for each of its categories that differs."""
    of_currency: dict[str, list[ClosedFigure]] = {}
    for one in found:
        of_currency.setdefault(one.currency, []).append(one)
    made: list[Line] = []
    for code, figures in of_currency.items():
        made.append(
            Line(
                code,
                _ALL,
                sum(one.closed_minor for one in figures),
                sum(one.now_minor for one in figures),
                sum(one.late for one in figures),
            )
        )
        made += [
            Line(code, one.category, one.closed_minor, one.now_minor, one.late)
            for one in figures
            if one.difference_minor or one.late
        ]
    return made


def card(month: Month) -> None:
    """Both sides of each currency, zero printed, and the rows that came late."""
    livemode = viewer.livemode()
    found = viewer.read(reads.figures, livemode=livemode, month=month.month)
    filters = Filters(late_of=month.month)
    with st.container(border=True):
        title = _("Since {month} was closed").format(month=i18n.month(month.first_day))
        widgets.card_title(title)
        table = DataTable(f"closed_{month.month}", N_("As closed and as known now"), FIGURES)
        table.draw(table.frame(lines(found)))
        late = sum(one.late for one in found)
        if not late:
            st.caption(_("No row came late."))
        else:
            said = ngettext(
                "{n} row came late, and counts on the first open day:",
                "{n} rows came late, and count on the first open day:",
                late,
            )
            st.caption(said.format(n=i18n.number(late)))
            page = viewer.read(
                row_reads.page,
                livemode=livemode,
                zone=viewer.zone(),
                filters=filters,
                limit=MOST,
            )
            rows = DataTable(f"late_{month.month}", N_("Late rows"), ROWS, placeholder="–")
            rows.draw(rows.frame(page.rows))
            st.page_link(
                navigation.named("ledger"),
                label=_("All late rows"),
                icon=":material/arrow_forward:",
                query_params={"late": month.month},
            )
        foot = st.container(horizontal=True, horizontal_alignment="right")
        file_links.money_links(foot, "closed_figures", month=month.month)
