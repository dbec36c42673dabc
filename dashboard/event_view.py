"""Events as a table, with their filters and what waits among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from core.access.principals import Principal
from core.access.rights import REPLAY_EVENTS
from core.actions import events as actions
from core.reads.events import SOURCES, EventRow
from core.reads.search.query import Query
from dashboard import chips, columns, console, drawer, i18n, log_filters, widgets
from dashboard.chips import N_
from dashboard.i18n import _
from dashboard.log_page import Nothing
from dashboard.widgets import ROW

STATE = {
    "pending": (N_("Waiting"), "blue"),
    "applied": (N_("Applied"), "green"),
    "skipped": (N_("Passed over"), "gray"),
    "dead": (N_("Dead"), "red"),
}
SOURCE = {
    "webhook": N_("Webhook"),
    "poll": N_("Poll"),
    "backfill": N_("Backfill"),
    "simulated": N_("Simulated"),
}
SEGMENTS = {"": N_("All")} | {code: label for code, (label, _tone) in STATE.items()}
#: What people look for most; others are typed into the line.
TYPES = (
    "payment_intent.*",
    "charge.*",
    "refund.*",
    "charge.dispute.*",
    "payout.*",
    "checkout.session.*",
    "radar.*",
    "review.*",
    "customer.*",
    "invoice.*",
)


def filters(query: Query) -> None:
    """Segments and the popover."""
    row = st.container(horizontal=True, vertical_alignment="center")
    with row:
        log_filters.segments(query, "state", SEGMENTS, _("State"))
        popover = log_filters.more(query, "type", "source", "received", "object")
    with popover:
        log_filters.pills(query, "type", _("Type"), TYPES)
        log_filters.pills(query, "source", _("Source"), SOURCES, source)
        log_filters.period(query, "received", _("Received"))
        log_filters.word(query, "object", _("Id of the object"), "pi_…")
        log_filters.clearing(query)


def source(code: str) -> str:
    """Who brought an event, in words."""
    return _(SOURCE[code]) if code in SOURCE else code


def standing(found: Mapping[str, int], person: Principal) -> None:
    """What waits and what was given up; with the right, a way to try all of that again."""
    if not found["dead"]:
        return
    row = st.container(horizontal=True, vertical_alignment="center")
    row.badge(
        _("Dead: {n}").format(n=i18n.number(found["dead"])),
        icon=":material/error:",
        color="red",
        help=_("Given up after eight tries. They stay until they are replayed."),
    )
    if not person.may(REPLAY_EVENTS):
        return
    with row.popover(_("Replay all dead"), icon=":material/replay:", key="replay_dead"):
        st.text(
            _(
                "Each is put back, up to {n} at once, and applied again. What is newer stays."
            ).format(n=i18n.number(actions.MOST))
        )
        if st.button(_("Replay them now"), key="replay_dead_now", type="primary"):
            count = console.act(actions.replay_dead, livemode=console.livemode())
            st.toast(_("{n} put back").format(n=i18n.number(count)), icon=":material/replay:")
            st.rerun()


def frame(rows: Sequence[EventRow]) -> pd.DataFrame:
    """One line an event."""
    return pd.DataFrame(
        {
            "state": [chips.cell(row.state) for row in rows],
            "type": [row.type for row in rows],
            "object": [row.object_id or "" for row in rows],
            "source": [source(row.source) for row in rows],
            "tries": [row.attempts for row in rows],
            "error": [row.last_error or "" for row in rows],
            "received": [row.received_at for row in rows],
            "event": [columns.opener(row.stripe_id) for row in rows],
        }
    )


def table(rows: Sequence[EventRow], shaped: pd.DataFrame, zone: ZoneInfo) -> None:
    """Draw the table; a click on an event's id opens its drawer."""

    def clicked() -> None:
        drawer.remember("event", columns.opened("events_open"))

    failed = any(row.attempts for row in rows)
    # What opens a row stays in sight.
    hidden = {"source"} if failed else {"tries", "error"}
    st.dataframe(
        shaped,
        hide_index=True,
        height=widgets.height(len(rows)),
        row_height=ROW,
        column_order=[name for name in shaped.columns if name not in hidden],
        column_config={
            "state": chips.chip_column(_("State"), STATE, width=96),
            "type": columns.text_column(_("Type"), width=220),
            "object": columns.text_column(_("Object"), width=208),
            "source": columns.text_column(_("Source"), width=84),
            "tries": st.column_config.NumberColumn(_("Failed"), width=56),
            "error": columns.text_column(_("Last error"), width=120),
            "received": columns.time_column(_("Received"), zone),
            "event": columns.open_column(_("Event"), "events_open", clicked, width=232),
        },
        key="events",
        alt=_("Events, newest first"),
    )


def counted(rows: int) -> str:
    """How many a page shows."""
    return _("Events: {n} shown, newest first").format(n=rows)


def nothing() -> Nothing:
    """What stands there instead of an empty table."""
    return Nothing(
        _("No event matches"),
        _("Show all events"),
        _("No events yet"),
        _("Point a webhook endpoint at the receiver; the worker also asks Stripe for them."),
    )
