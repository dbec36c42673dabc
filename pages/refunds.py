"""Refunds: what was asked for, what waits for a second person, and all there were."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import streamlit as st

from core.reads.refunds import bulk as bulk_reads
from core.reads.refunds import figures as reads
from core.reads.refunds import history as refund_history
from core.reads.refunds import requests as refund_requests
from core.reads.search import totals
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.screens.refunds import approval_dialog as refund_approval_dialog
from dashboard.screens.refunds import approval_queue as refund_approval_queue
from dashboard.screens.refunds import bulk_approval_dialog, bulk_tables
from dashboard.screens.refunds import drawer as refund_drawer
from dashboard.screens.refunds import form as refund_form
from dashboard.screens.refunds import tables as refund_tables
from dashboard.ui import (
    address,
    drawer,
    file_links,
    freshness,
    list_heads,
    live,
    navigation,
    viewer,
    widgets,
)
from dashboard.ui.kit import links
from dashboard.ui.kit.links import Target

TABS = {
    "asked": N_("Asked"),
    "waiting": N_("Waiting for approval"),
    "history": N_("History"),
    "bulk": N_("Bulk"),
}
RIGHTS = {"waiting": "approve_refund", "bulk": "bulk_refund"}
#: Of what is under way.
UNDER_WAY = {
    "": N_("All"),
    "awaiting_approval": N_("Waits for approval"),
    "pending": N_("Pending"),
    "unknown": N_("Being resolved"),
}
STATES = {
    "": N_("All"),
    "succeeded": N_("Refunded"),
    "pending": N_("Pending"),
    "failed": N_("Failed"),
    "unknown": N_("Being resolved"),
    "refused": N_("Refused"),
    "expired": N_("Expired"),
    "canceled": N_("Canceled"),
}


def main() -> None:
    """Draw the screen."""
    person = viewer.require("ask_refund")
    with widgets.header(_("Refunds"), livemode=viewer.livemode()):
        refund_form.button(label=_("Ask for a refund"), kind="primary")
        if person.may("bulk_refund"):
            st.page_link(
                navigation.named("bulk_refund"),
                label=_("Bulk refund"),
                icon=":material/library_add_check:",
            )
    shown = {code: name for code, name in TABS.items() if person.may(RIGHTS.get(code, _ASK))}
    tab = widgets.url_choice(_("Show"), "tab", shown, default="asked")
    if tab == "history":
        history()
    elif tab == "asked":
        asked(widgets.url_choice(_("Status"), "state", UNDER_WAY, default=""))
    else:
        {"waiting": waiting, "bulk": bulks}[tab]()
    dialogs()


_ASK = "ask_refund"


def dialogs() -> None:
    """The one dialog that is open, if any: they stand on the page, outside of its fragments."""
    for one in (refund_form, refund_approval_dialog, bulk_approval_dialog):
        if one.DIALOG.about() is not None:
            one.open_asked_dialog()
            return
    if request := drawer.asked("refund"):
        drawer.draw("refund", _("Refund request"), lambda: refund_drawer.body(request))


@st.fragment
def asked(state: str) -> None:
    """What is under way, drawn again when something changed."""
    drawer.follow_selection("refund")
    at = live.moment("refunds")
    every = live.read(at, refund_requests.under_way, livemode=viewer.livemode())
    found = [one for one in every if not state or one.state == state]
    said = ngettext("{n} under way, newest first", "{n} under way, newest first", len(found))
    head = list_heads.text(totals.of_amounts([one.amount for one in found]))
    said = f"{head} · {list_heads.charged()} · {said.format(n=len(found))}"
    table = refund_tables.UNDER_WAY
    table.draw(
        table.frame(found),
        partial(drawer.remember, "refund"),
        target=links.here("refund"),
        chosen=drawer.asked("refund"),
        caption=i18n.as_of(said, freshness.now().mirror, viewer.zone()),
    )
    live.ping("refunds", at[0])


@st.fragment
def waiting() -> None:
    """The queue of the second person."""
    viewer.require("approve_refund")
    version = live.version("refunds")
    now, livemode = datetime.now(UTC), viewer.livemode()
    refund_approval_queue.draw(
        viewer.read(bulk_reads.waiting, livemode=livemode, now=now),
        viewer.read(reads.waiting, livemode=livemode, now=now),
    )
    live.ping("refunds", version)


def history() -> None:
    """All refunds, with filters that stand in the address."""
    chosen = refund_tables.CHOICE.kept_columns()
    state = widgets.url_choice(_("Status"), "state", STATES, default="")
    payment = st.text_input(
        _("Payment id"),
        key="payment",
        type="search",
        bind="query-params",
        placeholder="pi_…",
        label_visibility="collapsed",
        on_change=widgets.first_page,
    )
    refund_tables.CHOICE.draw_columns(chosen)
    entries(state, (payment or "").strip(), address.get("before"), chosen)


@st.fragment
def entries(state: str, payment: str, cursor: str | None, chosen: Sequence[str]) -> None:
    """A page of the history, drawn again when something changed."""
    drawer.follow_selection("refund")
    if elsewhere := st.session_state.pop("open_elsewhere", None):
        viewer.go("payment", id=elsewhere)
    viewer.require(_ASK)
    version = live.version("refunds")
    mode = viewer.livemode()
    wanted: dict[str, Any] = {"payment_id": payment or None, "state": state or None}
    page = viewer.read(refund_history.history, livemode=mode, cursor=cursor, **wanted)
    shown = len(page.entries)
    said = ngettext("{n} shown, newest first", "{n} shown, newest first", shown)
    head = list_heads.text(viewer.read(refund_history.totals, livemode=mode, **wanted))
    said = f"{head} · {list_heads.charged()} · {said.format(n=shown)}"
    found = {one.id: one for one in page.entries}
    table = refund_tables.HISTORY
    table.draw(
        table.frame(page.entries),
        lambda entry_id: opened(found.get(entry_id)),
        target=Target(lambda entry_id: row_address(found[entry_id]), leaves=False),
        caption=i18n.as_of(said, freshness.now().mirror, viewer.zone()),
        order=chosen or None,
    )
    below({"state": state, "payment": payment}, chosen, cursor, page.older_cursor)
    if cursor is None:
        live.ping("refunds", version)


def row_address(entry: refund_history.Entry) -> str:
    """A request's drawer; for what was made elsewhere, its payment's page."""
    if entry.request_id or not entry.payment_id:
        return links.here("refund").address(entry.request_id or entry.id)
    return links.screen("payment").address(entry.payment_id)


def opened(entry: refund_history.Entry | None) -> None:
    """A request opens its drawer; what was made elsewhere is told on its payment's page."""
    if entry is None:
        return
    if entry.request_id:
        drawer.remember("refund", entry.request_id)
    elif entry.payment_id:
        st.session_state["open_elsewhere"] = entry.payment_id


def below(
    filters: dict[str, str], chosen: Sequence[str], cursor: str | None, older: str | None
) -> None:
    """The file of what is shown, and the way through the pages."""
    row = st.container(horizontal=True, horizontal_alignment="right")
    file_links.money_links(row, "refunds", **filters | refund_tables.CHOICE.in_file(chosen))
    row.button(_("Newest"), key="newest", disabled=cursor is None, on_click=widgets.first_page)
    row.button(
        _("Older"),
        key="older",
        icon=":material/chevron_right:",
        icon_position="right",
        disabled=older is None,
        on_click=widgets.next_page,
        args=("before", older),
    )


@st.fragment
def bulks() -> None:
    """The bulks, newest first."""
    if bulk_id := st.session_state.pop("open_bulk", None):
        viewer.go("bulk_refund", id=bulk_id)
    viewer.require("bulk_refund")
    version = live.version("refunds")
    found = viewer.read(bulk_reads.latest, livemode=viewer.livemode())
    if found:
        bulk_tables.bulks(found, lambda key: st.session_state.update(open_bulk=key))
    else:
        box = widgets.empty(
            _("No bulk refund yet"),
            _("Refund many payments at once, from a search or a list; tried out before."),
        )
        with box:
            st.page_link(
                navigation.named("bulk_refund"),
                label=_("Bulk refund"),
                icon=":material/library_add_check:",
            )
    live.ping("refunds", version)


main()
