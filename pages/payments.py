"""Payments: what comes in, by one search line, fifty rows at a time."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from core.errors import InvalidInput
from core.reads import payments as reads
from dashboard import console, i18n, live, payment_filters, payment_table, widgets
from dashboard.i18n import _

EXAMPLE = "status:failed amount:>100 last4:4242 -currency:usd"


def main() -> None:
    """Draw the screen."""
    actions = widgets.header(_("Payments"), livemode=console.livemode())
    line = st.text_input(
        _("Search payments"),
        key="q",
        type="search",
        bind="query-params",
        placeholder=EXAMPLE,
        label_visibility="collapsed",
        on_change=widgets.first_page,
    )
    payment_filters.bar(line)
    try:
        query = reads.parse(line)
    except InvalidInput as error:
        widgets.unreadable(error)
        st.stop()
    cursor, older = widgets.cursor()
    with actions:
        running = st.toggle(
            _("Live"),
            value=True,
            key="live",
            persist_state="session",
            disabled=cursor is not None,
            help=_("Older pages stand still.") if cursor else None,
        )
        export(line)
    newest(str(query), cursor, older, running and cursor is None)


@st.fragment
def newest(line: str, cursor: str | None, older: bool, running: bool) -> None:
    """The rows: drawn again, alone, when the version changed or a row is opened."""
    if opened := st.session_state.pop("opened", None):
        console.go("payment", id=opened, back=line)
    console.viewer()
    # The version first: rows that come between the two reads are then drawn once more, not missed.
    version = live.version("payments")
    page, table, at = view(version, line, cursor, older, console.livemode(), i18n.language())
    if page.rows:
        st.caption(said(page, at))
        payment_table.show(
            table,
            console.zone(),
            key="rows",
            alt=_("Payments, newest first"),
            on_open=remember,
            without=["risk"] if "status:failed" in line else ["reason"],
        )
    else:
        nothing(bool(line))
    widgets.pager(newer=page.newer_cursor, older=page.older_cursor)
    if running:
        live.ping("payments", version)


@st.cache_data(max_entries=200, ttl=300, show_spinner=False)
def view(
    version: int, line: str, cursor: str | None, older: bool, livemode: bool, spoken: str
) -> tuple[reads.PaymentPage, pd.DataFrame, datetime]:
    """A page as it is shown; computed once for everybody who looks at the same search."""
    page = console.read(
        reads.page,
        query=reads.parse(line),
        livemode=livemode,
        cursor=cursor,
        older=older,
        zone=console.zone(),
    )
    return page, payment_table.frame(page.rows), datetime.now(UTC)


def said(page: reads.PaymentPage, at: datetime) -> str:
    """How many match and when that was true, in one line."""
    zone = console.zone()
    parts = [_("Payments: {count}").format(count=page.count.label)] if page.count else []
    parts.append(_("{n} shown, newest first").format(n=len(page.rows)))
    if page.searched_to:
        parts.append(_("searched back to {time}").format(time=i18n.minute(page.searched_to, zone)))
    parts.append(f"{i18n.moment(at, zone)} {zone}")
    return " · ".join(parts)


def export(line: str) -> None:
    """The same search as a file: for those who may take money figures away."""
    here = console.view()
    asked = urlencode({"q": line, "mode": "live" if here.livemode else "test"})
    allowed = here.person.may("see_revenue")
    st.link_button(
        _("Export CSV"),
        f"/ui/export/payments.csv?{asked}",
        icon=":material/download:",
        disabled=not allowed,
        help=None if allowed else _("Exports need the finance role."),
    )


def nothing(searched: bool) -> None:
    """What stands there instead of an empty table."""
    if searched:
        box = widgets.empty(_("No payment matches"), _("Take a term out, or look further back."))
        box.button(_("Show all payments"), on_click=payment_filters.clear)
    else:
        widgets.empty(_("No payments yet"), _("They appear here within seconds of the first one."))


def remember(payment_id: str) -> None:
    """A click on an id: the fragment opens it when it runs, for a callback cannot."""
    st.session_state["opened"] = payment_id


main()
