"""The list of customers with its search line."""

from __future__ import annotations

import streamlit as st

from core.money import Money, show
from core.reads.customers.list import CustomerPage, CustomerRow
from core.reads.customers.sums import PayerSums, Totals
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.ui import widgets
from dashboard.ui.data_table import (
    Column,
    DataTable,
    Empty,
    currency,
    each,
    moment,
    money,
    opener,
    text,
)
from dashboard.ui.kit.cells import Cell
from dashboard.ui.list_views import ListViews

NONE_YET = Empty(
    N_("No customers yet"),
    N_("Customers of Stripe appear here; guests are found by their e-mail address."),
    icon=":material/group:",
)
NONE_FOUND = Empty(
    N_("No customer matches"),
    N_("Names are found by whole words of payments, addresses by their beginning."),
    icon=":material/search_off:",
)


def search_line() -> str:
    """The field; what it holds stands in the address."""
    asked = st.query_params.get("q", "")
    st.session_state["customer_search"] = asked
    st.text_input(
        _("Search customers"),
        key="customer_search",
        type="search",
        placeholder=_("Name, e-mail, last four digits of a card, or cus_…"),
        label_visibility="collapsed",
        on_change=_search,
    )
    return asked


def _search() -> None:
    widgets.first_page()
    typed = str(st.session_state["customer_search"] or "").strip()
    if typed:
        st.query_params["q"] = typed
    else:
        st.query_params.pop("q", None)


def caption_text(page: CustomerPage, search: str) -> str:
    """How many are shown, in which order, and what these paid in each currency."""
    paid: dict[str, int] = {}
    for total in (one for row in page.rows for one in row.sums.totals):
        paid[total.currency] = paid.get(total.currency, 0) + total.paid.minor
    said = _shown_text(page, search)
    if not paid:
        return said
    sums = [coded(Money(minor, code)) for code, minor in sorted(paid.items()) if minor]
    these = _("these paid {amounts}").format(amounts=" · ".join(sums)).replace("$", "\\$")
    return f"{said} · {these}"


def _shown_text(page: CustomerPage, search: str) -> str:
    shown = len(page.rows)
    if not search:
        said = ngettext("{n} shown, newest first", "{n} shown, newest first", shown)
    elif page.more:
        said = ngettext(
            "{n} found; there are more: search by more of the name or the address",
            "{n} found; there are more: search by more of the name or the address",
            shown,
        )
    else:
        said = ngettext("{n} found", "{n} found", shown)
    return said.format(n=i18n.number(shown))


def counted(sums: PayerSums) -> str:
    """How many payments, or that there are more than were counted."""
    return f"{i18n.number(sums.payments)}{'' if sums.whole else '+'}"


def coded(amount: Money) -> str:
    """An amount with its code."""
    return f"{show(amount)} {amount.currency.upper()}"


def _main(row: CustomerRow) -> Totals | None:
    """The currency with most payments; the others stand in a column of their own."""
    return row.sums.totals[0] if row.sums.totals else None


def _paid(row: CustomerRow) -> str:
    found = _main(row)
    return show(found.paid) if found else ""


def _code(row: CustomerRow) -> str:
    found = _main(row)
    return found.currency if found else ""


def _given_back(row: CustomerRow) -> str:
    found = _main(row)
    return show(found.given_back) if found and found.given_back.minor else ""


def _disputed(row: CustomerRow) -> str:
    found = _main(row)
    return show(found.disputed) if found and found.disputed.minor else ""


def _others(row: CustomerRow) -> str:
    return " · ".join(coded(total.paid) for total in row.sums.totals[1:])


def _name(row: CustomerRow) -> str:
    return row.name or row.email or row.customer


_COLUMNS: dict[str, Column[CustomerRow]] = {
    "name": text(N_("Customer"), _name, cut=20),
    "email": text(N_("E-mail"), lambda row: row.email, cut=22),
    "paid": money(N_("Total paid"), _paid),
    "currency": currency(_code),
    "given_back": each(
        N_("Given back"), lambda row: Cell(_given_back(row)), holds="figure", optional=True
    ),
    "disputed": each(
        N_("Disputed"), lambda row: Cell(_disputed(row)), holds="figure", optional=True
    ),
    "others": text(N_("Other currencies"), _others, optional=True),
    "payments": each(N_("Payments"), lambda row: Cell(counted(row.sums)), holds="figure"),
    "last": moment(N_("Last payment"), lambda row: row.sums.last_at, seconds=False),
    "since": moment(N_("Customer since"), lambda row: row.created_at, seconds=False),
    "customer": opener(N_("Id"), lambda row: row.customer),
}
TABLE = DataTable("customers", N_("Customers"), _COLUMNS)
#: The columns that people choose from, by their titles, and what each is in a file.
CHOICE = ListViews(
    "customers",
    {name: column.title for name, column in _COLUMNS.items()},
    {
        "name": ("name",),
        "email": ("email",),
        "paid": ("paid",),
        "currency": ("currency",),
        "given_back": ("given_back",),
        "disputed": ("disputed",),
        "others": (),
        "payments": ("payments",),
        "last": ("last_payment_utc",),
        "since": ("created_utc",),
        "customer": ("id",),
    },
)
