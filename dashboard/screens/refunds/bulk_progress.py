"""One bulk refund: how far it is, what came of its rows, and stopping it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.actions.refunds import bulk_approvals as bulk_refund_approvals
from core.actions.refunds import bulk_ask as bulk_refunds
from core.errors import NotFound
from core.reads.refunds import bulk as reads
from core.reads.refunds.bulk import Bulk
from core.states import BulkRefundState
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.screens.refunds import bulk_tables
from dashboard.screens.refunds import labels as refund_labels
from dashboard.ui import (
    address,
    drawer,
    file_links,
    flash,
    live,
    status_badges,
    stripe_labels,
    viewer,
    widgets,
)
from dashboard.ui.flash import Flash

#: Which rows are shown, by the states that they are in.
ROWS = {
    "": N_("All"),
    "failed": N_("Failed"),
    "unknown": N_("Being resolved"),
    "unsent": N_("Not sent"),
    "sent": N_("Refunded"),
}
_STATES = {
    "": (),
    "failed": ("failed",),
    "unknown": ("sending", "unknown"),
    "unsent": ("requested", "queued", "canceled", "expired", "refused"),
    "sent": ("succeeded", "pending"),
}
_FLASH = Flash("bulk_progress_flash", refund_labels.ERRORS)


def draw(bulk_id: str) -> None:
    """The bulk, drawn again each second while it runs."""
    bulk = _read(bulk_id)
    running = bulk is not None and bulk.state == BulkRefundState.RUNNING

    @st.fragment(run_every=1 if running else None)
    def live_progress() -> None:
        now = _read(bulk_id)
        if now is None:
            return
        if running and now.state != BulkRefundState.RUNNING:
            # It has ended: the page need not be drawn each second any more.
            st.rerun()
        version = live.version("refunds")
        _progress(now)
        _rows(now)
        if not running:
            live.ping("refunds", version)

    if bulk is None:
        drawer.gone(_("There is no such bulk refund here"))
    else:
        live_progress()


def _read(bulk_id: str) -> Bulk | None:
    try:
        return viewer.read(reads.by_id, bulk_id=bulk_id, livemode=viewer.livemode())
    except NotFound:
        return None


def _progress(bulk: Bulk) -> None:
    with st.container(border=True):
        row = st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        )
        head = row.container(horizontal=True, vertical_alignment="center", width="content")
        sums = _(", ").join(refund_labels.exact(one) for one in bulk.sums.values())
        said = ngettext("{n} payment: {sums}", "{n} payments: {sums}", bulk.total)
        said = said.format(n=bulk.total, sums=sums)
        head.header(widgets.safe_text(said), anchor=False, width="content")
        with head:
            status_badges.badge(refund_labels.BULK, bulk.state)
        with row:
            _controls(bulk)
        _FLASH.show()
        done = bulk.total - bulk.unsent
        text = _("{done} of {total} done").format(done=done, total=bulk.total)
        st.progress(done / bulk.total, text=text)
        _unresolved(bulk)
        bulk_tables.totals(bulk, key="bulk_totals")
        _facts(bulk)


def _unresolved(bulk: Bulk) -> None:
    waiting = bulk.rows_in("sending", "unknown")
    if bulk.state != BulkRefundState.RUNNING and waiting:
        said = ngettext(
            "{n} has no answer from Stripe yet. It is resolved; nothing is sent twice.",
            "{n} have no answer from Stripe yet. They are resolved; nothing is sent twice.",
            waiting,
        )
        st.caption(said.format(n=waiting))
    if failed := bulk.rows_in("failed"):
        said = ngettext(
            "{n} failed: its row says why. The others are not touched by that.",
            "{n} failed: the rows say why. The others are not touched by that.",
            failed,
        )
        st.caption(said.format(n=failed))


def _facts(bulk: Bulk) -> None:
    zone = viewer.zone()
    waits = bulk.state == "awaiting_approval" and bulk.expires_at
    # Nobody's click: those who decided lost the right to.
    by_worker = _("the worker") if bulk.state == "stopped" else None
    drawer.facts(
        {
            _("Asked by"): refund_labels.who(bulk.asked_by, by_token=bulk.by_token),
            _("Asked at"): i18n.moment(bulk.created_at, zone),
            _("Reason"): stripe_labels.words(bulk.reason),
            _("Note"): bulk.note,
            _("Rule"): refund_labels.over(bulk.over) or None,
            _("Decided by"): bulk.decided_by,
            _("Stopped by"): bulk.stopped_by or by_worker,
            _("Why"): refund_labels.why(bulk.why) or None,
            _("Expires"): i18n.moment(bulk.expires_at, zone) if waits and bulk.expires_at else None,
        }
    )


def _controls(bulk: Bulk) -> None:
    """Stop what runs; take back what one asked for and nobody decided."""
    own = bulk.asked_user_id == viewer.signed_in().user_id
    running = bulk.state == BulkRefundState.RUNNING
    if running and st.button(_("Stop"), key="bulk_stop", icon=":material/stop_circle:"):
        _perform(bulk_refunds.stop, bulk.bulk_id)
    waits = bulk.state == "awaiting_approval" and own
    if waits and st.button(_("Take back"), key="bulk_withdraw", icon=":material/close:"):
        _perform(bulk_refund_approvals.withdraw, bulk.bulk_id)


def _perform(action: Callable[..., Any], bulk_id: str) -> None:
    outcome = flash.perform(_FLASH.errors, action, bulk_id)
    if outcome.message is None:
        st.rerun()
    # What is drawn each second would take away what is said here and now.
    _FLASH.set(outcome.message.text, outcome.message.kind)


def _rows(bulk: Bulk) -> None:
    card = st.container(border=True)
    with card:
        widgets.card_title(_("Payments"))
        among = widgets.url_choice(_("Rows"), "rows", ROWS, default="")
    cursor = address.get("after")
    page = viewer.read(
        reads.rows,
        bulk_id=bulk.bulk_id,
        livemode=viewer.livemode(),
        among=_STATES.get(among, ()),
        cursor=cursor,
    )
    with card:
        if page.rows:
            bulk_tables.rows(page.rows)
        else:
            st.caption(_("None here."))
        row = st.container(horizontal=True, horizontal_alignment="right")
        asked = {"id": bulk.bulk_id, "mode": "live" if viewer.livemode() else "test"}
        file_links.links(row, "bulk_refund", asked, csv=_("CSV"), type="tertiary")
        row.button(
            _("From the start"),
            key="rows_first",
            disabled=not cursor,
            on_click=widgets.first_page,
        )
        row.button(
            _("Next rows"),
            key="rows_next",
            icon=":material/chevron_right:",
            icon_position="right",
            disabled=page.next_cursor is None,
            on_click=widgets.next_page,
            args=("after", page.next_cursor),
        )
