"""The lines of the statements: filters, the rows with their payouts, pages, and their file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import streamlit as st

from core.reads.bank import lines as reads
from core.reads.bank.lines import MATCHED, OPEN, LineRow
from core.reads.bank.statements import BankAccountRow
from dashboard import i18n
from dashboard.i18n import N_, _
from dashboard.screens.bank import labels
from dashboard.ui import address, columns, file_links, status_badges, viewer, widgets
from dashboard.ui.data_table import Column, DataTable, Empty, chips, currency, money, opener, text
from dashboard.ui.kit import links

PAGE = 50
#: The parameter of the URL that names the open line.
OPENS = "line"
VIEWS = {"all": N_("All"), OPEN: N_("Without a payout"), MATCHED: N_("Matched")}

COLUMNS: dict[str, Column[LineRow]] = {
    "number": opener(N_("No."), lambda row: str(row.line_id), shown=lambda row: f"#{row.line_id}"),
    "booked": text(N_("Booked"), lambda row: i18n.day(row.booked_on)),
    "amount": money(N_("Amount"), lambda row: columns.money(row.amount_minor, row.currency)),
    "currency": currency(lambda row: row.currency),
    "state": chips(N_("State"), lambda row: status_badges.cell(row.state), labels.STATES),
    "payouts": text(
        N_("Payout"), lambda row: ", ".join(one.payout_id for one in row.matches), cut=22
    ),
    "name": text(N_("Name"), lambda row: row.name, optional=True),
    "text": text(N_("Text"), lambda row: row.text, cut=23),
    "account": text(N_("Account"), lambda row: row.account_name or row.account, cut=19),
}
TABLE = DataTable(
    "bank_lines",
    N_("Bank lines"),
    COLUMNS,
    placeholder="",
    empty=Empty(N_("No line here"), N_("Choose another state, or take a filter out.")),
)


def draw(known: Sequence[BankAccountRow]) -> None:
    """Filters and rows; a click on a number opens the line."""
    names = {str(one.account_id): labels.account(one) for one in known}
    row = st.container(horizontal=True, vertical_alignment="center")
    with row:
        view = widgets.url_choice(_("State"), "view", VIEWS, default="all")
        account = widgets.url_select(
            _("Any account"), "account", list(names), lambda one: names.get(one, one), width=260
        )
    livemode, state = viewer.livemode(), None if view == "all" else view
    found = viewer.read(
        reads.lines,
        livemode=livemode,
        account_id=int(account) if account in names else None,
        state=state,
        before=place(address.get("before")),
        limit=PAGE + 1,
    )
    one_account = ("account",) if len(known) < 2 else ()
    TABLE.draw(TABLE.frame(found[:PAGE]), _open, target=links.here(OPENS), hidden=one_account)
    _pager(found)
    below = st.container(horizontal=True, horizontal_alignment="right")
    asked = {"state": state, "account": account if account in names else None}
    given = {key: value for key, value in asked.items() if value}
    file_links.mode_links(below, "bank_lines", livemode, **given)


def _open(name: str) -> None:
    address.put(OPENS, name)


def place(written: str | None) -> tuple[date, int] | None:
    """The day and number of the last line that was seen, as a page's address has them."""
    day, _dot, number = (written or "").partition(".")
    try:
        return date.fromisoformat(day), int(number)
    except ValueError:
        return None


def _pager(found: Sequence[LineRow]) -> None:
    older = found[PAGE - 1] if len(found) > PAGE else None
    is_first = not address.has("before")
    if older is None and is_first:
        return
    row = st.container(horizontal=True, horizontal_alignment="right")
    row.button(
        _("Newest"),
        key="bank_newest",
        icon=":material/first_page:",
        disabled=is_first,
        on_click=widgets.first_page,
    )
    cursor = f"{older.booked_on.isoformat()}.{older.line_id}" if older else None
    row.button(
        _("Older"),
        key="bank_older",
        icon=":material/chevron_right:",
        icon_position="right",
        disabled=older is None,
        on_click=widgets.next_page,
        args=("before", cursor),
    )
