"""Which screens there are, where they stand in the sidebar and which right opens each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import streamlit as st

from core.access import rights
from core.access.principals import Principal
from dashboard.i18n import _, pgettext
from dashboard.ui import address as here

PAGES = Path(__file__).parents[2] / "pages"
#: Where the session keeps the address of what was clicked, until a run opens it.
_CLICKED = "address_clicked"
#: Where addresses that no screen has are sent (dashboard/ui/closed_pages.py).
UNKNOWN = "unknown_address"


@dataclass(frozen=True, slots=True)
class Screen:
    """One page: `name` is its file in pages/ and its address."""

    name: str
    title: str
    icon: str
    section: str
    right: str
    hidden: bool = False

    @property
    def file(self) -> Path:
        """The script."""
        return PAGES / f"{self.name}.py"


def screens() -> tuple[Screen, ...]:
    """Every screen in the sidebar's order, in the language spoken now; the first is home."""
    monitor, finance, support = _("Monitor"), _("Finance"), _("Support")
    developers = _("Developers")
    see_payments, see_revenue = rights.SEE_PAYMENTS, rights.SEE_REVENUE
    use_tools, admin, administer = rights.USE_DEVELOPER_TOOLS, _("Admin"), rights.ADMINISTER
    return (
        Screen("home", _("Home"), "home", monitor, see_payments),
        Screen("overview", _("Overview"), "monitoring", monitor, see_payments),
        Screen("payments", _("Payments"), "payments", monitor, see_payments),
        Screen("payment", _("Payment"), "receipt_long", monitor, see_payments, hidden=True),
        Screen("revenue", _("Revenue"), "bar_chart", finance, see_revenue),
        Screen("payouts", _("Payouts"), "account_balance", finance, see_revenue),
        Screen("payout", _("Payout"), "account_balance", finance, see_revenue, hidden=True),
        Screen("bank", _("Bank"), "assured_workload", finance, rights.MANAGE_BANK),
        Screen("proof", _("Proof"), "balance", finance, see_revenue),
        Screen("books", _("Books"), "menu_book", finance, rights.MANAGE_BOOKS),
        Screen("ledger", _("Ledger rows"), "balance", finance, see_revenue, hidden=True),
        Screen("close", pgettext("screen", "Close"), "lock", finance, see_revenue),
        Screen("customers", _("Customers"), "groups", support, see_payments),
        Screen("customer", _("Customer"), "person", support, see_payments, hidden=True),
        Screen("refunds", _("Refunds"), "undo", support, rights.ASK_REFUND),
        Screen(
            "bulk_refund",
            _("Bulk refund"),
            "library_add_check",
            support,
            rights.BULK_REFUND,
            hidden=True,
        ),
        Screen("fraud", _("Fraud"), "shield", _("Risk"), rights.MANAGE_FRAUD),
        Screen("disputes", _("Disputes"), "gavel", _("Risk"), rights.SEE_DISPUTES),
        Screen("dispute", _("Dispute"), "gavel", _("Risk"), rights.SEE_DISPUTES, hidden=True),
        Screen("checkout", _("Checkout"), "shopping_cart", developers, use_tools),
        Screen("events", _("Events"), "bolt", developers, rights.SEE_EVENTS),
        Screen(
            "parked",
            _("Objects that cannot be read"),
            "block",
            developers,
            rights.SEE_EVENTS,
            hidden=True,
        ),
        Screen("api_log", _("API log"), "terminal", developers, use_tools),
        Screen("alerts", _("Alerts"), "notifications", admin, rights.SEE_ALERTS),
        Screen("users", _("Users"), "group", admin, administer),
        Screen("audit", _("Audit"), "policy", admin, administer),
        Screen("settings", _("Settings"), "settings", admin, administer),
    )


def open_to(person: Principal) -> Mapping[str, list[Any]]:
    """The pages that a person may open, by section, for `st.navigation`.

    What is not among them says so at its address (`dashboard.ui.closed_pages`).
    """
    found: dict[str, list[Any]] = {}
    for screen in screens():
        if screen.file.exists() and person.may(screen.right):
            found.setdefault(screen.section, []).append(page(screen, home=not found))
    return found


@dataclass(frozen=True, slots=True)
class Shortcut:
    """Something to do, the address where it is done, and the right that it takes."""

    title: str
    icon: str
    address: str
    right: str


def shortcuts() -> tuple[Shortcut, ...]:
    """What people come to do, in the language spoken now."""

    def made(title: str, icon: str, right: str, screen: str, **query: str) -> Shortcut:
        return Shortcut(title, icon, f"{screen}?{urlencode(query)}" if query else screen, right)

    return (
        made(_("Refund a payment"), "undo", rights.ASK_REFUND, "refunds"),
        made(_("Approve refunds"), "approval", rights.APPROVE_REFUND, "refunds", tab="waiting"),
        made(_("Refund many payments"), "library_add_check", rights.BULK_REFUND, "bulk_refund"),
        made(_("Answer a dispute"), "gavel", rights.MANAGE_DISPUTES, "disputes", view="open"),
        made(_("Decide fraud cases"), "shield", rights.MANAGE_FRAUD, "fraud", tab="cases"),
        made(_("Change fraud rules"), "rule", rights.MANAGE_FRAUD, "fraud", tab="rules"),
        made(_("See failed payments"), "error", rights.SEE_PAYMENTS, "payments", q="status:failed"),
        made(
            _("Take in a bank statement"),
            "upload_file",
            rights.MANAGE_BANK,
            "bank",
            part="statements",
        ),
        made(_("Close a month"), "lock", rights.SEE_REVENUE, "close"),
        made(_("Pay with a test card"), "credit_card", rights.USE_DEVELOPER_TOOLS, "checkout"),
        made(_("See dead events"), "bolt", rights.SEE_EVENTS, "events", q="state:dead"),
        made(_("Add a user"), "person_add", rights.ADMINISTER, "users", user="new"),
    )


def page(screen: Screen, *, home: bool = False) -> Any:
    """Streamlit's page for a screen."""
    return st.Page(
        screen.file,
        title=screen.title,
        icon=f":material/{screen.icon}:",
        url_path=screen.name,
        default=home,
        visibility="hidden" if screen.hidden else "visible",
    )


def may_open(person: Principal, name: str) -> bool:
    """Whether a screen is one of this person's."""
    return any(screen.name == name and person.may(screen.right) for screen in screens())


def named(name: str) -> Any:
    """A screen as Streamlit's page, to link to."""
    known = screens()
    screen = next(s for s in known if s.name == name)
    return page(screen, home=screen == known[0])


def go(name: str, **query: str) -> None:
    """Open another screen, with its query parameters; not from a fragment's callback."""
    here.forget()
    st.switch_page(named(name), query_params=query or None)


def address(name: str, **query: str) -> str:
    """Where a screen stands, for what leads to it and for a new tab."""
    return f"/{name}?{urlencode(query)}" if query else f"/{name}"


def remember(clicked: str) -> None:
    """Write down the address of a click: a callback cannot open it, the next run does."""
    st.session_state[_CLICKED] = clicked


def follow_click(person: Principal) -> None:
    """In a page or a fragment: open what was clicked. An address that is not one of this person's
    screens comes from nothing that was drawn, and opens nothing."""
    clicked = st.session_state.pop(_CLICKED, None)
    if clicked is not None:
        open_address(person, clicked)


def open_address(person: Principal, address: str) -> None:
    """Open `/screen?query` if it is one of this person's; any other address leads nowhere."""
    asked = urlsplit(address)
    name = asked.path.removeprefix("/")
    if not asked.netloc and may_open(person, name):
        here.forget()
        st.switch_page(named(name), query_params=parse_qsl(asked.query))
