"""The list of customers with its search line."""

from __future__ import annotations

import streamlit as st

from core.money import Money, show
from core.reads.customers.list import CustomerPage, CustomerRow, Head
from core.reads.customers.sums import PayerSums, Totals
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.ui import address, widgets
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
    asked = address.get("q", "")
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
        address.put("q", typed)
    else:
        address.drop("q")


def caption_text(page: CustomerPage, search: str, head: Head | None) -> str:
    """How many match and what all of them paid in each currency (`head`), or where that is not
    known what those paid that are shown; how many stand there, and in which order."""
    shown = _shown_text(page, search)
    if head is None or not head.exact:
        return " · ".join(filter(None, (shown, _these_paid(page))))
    parts = [_("Customers: {count}").format(count=i18n.number(head.customers))]
    if head.paid.sums:
        said = _("all of them paid {amounts}")
        sums = " · ".join(coded(one.amount) for one in head.paid.sums)
        parts.append(said.format(amounts=sums).replace("$", "\\$"))
    elif not head.paid.exact:
        parts.append(_these_paid(page))
    return " · ".join(filter(None, (*parts, shown)))


def _these_paid(page: CustomerPage) -> str:
    """What the customers on the page paid; of one with very many payments only the newest count."""
    paid: dict[str, int] = {}
    for total in (one for row in page.rows for one in row.sums.totals):
        paid[total.currency] = paid.get(total.currency, 0) + total.paid.minor
    sums = [coded(Money(minor, code)) for code, minor in sorted(paid.items()) if minor]
    if not sums:
        return ""
    whole = all(row.sums.whole for row in page.rows)
    said = _("these paid {amounts}") if whole else _("these paid more than {amounts}")
    return said.format(amounts=" · ".join(sums)).replace("$", "\\$")


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
    return _summed(row, found.paid) if found else ""


def _code(row: CustomerRow) -> str:
    found = _main(row)
    return found.currency if found else ""


def _given_back(row: CustomerRow) -> str:
    found = _main(row)
    return _summed(row, found.given_back) if found and found.given_back.minor else ""


def _disputed(row: CustomerRow) -> str:
    found = _main(row)
    return _summed(row, found.disputed) if found and found.disputed.minor else ""


def _others(row: CustomerRow) -> str:
    more = "" if row.sums.whole else "+"
    return " · ".join(f"{coded(total.paid)}{more}" for total in row.sums.totals[1:])


def _summed(row: CustomerRow, amount: Money) -> str:
    """A sum, or that there is more of it than was summed."""
    return f"{show(amount)}{'' if row.sums.whole else '+'}"


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
