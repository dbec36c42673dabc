"""Events as a table, with their filters and what waits among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from core.access.principals import Principal
from core.access.rights import REPLAY_EVENTS
from core.actions.developer import events as actions
from core.reads.developer import events as reads
from core.reads.developer.events import SOURCES, EventRow
from core.reads.search.query import Query
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.ui import columns, drawer, navigation, search_filters, status_badges, viewer, widgets
from dashboard.ui.log_list import Nothing
from dashboard.ui.widgets import ROW

STATE = {
    "pending": (N_("Waiting"), "blue"),
    "applied": (N_("Applied"), "green"),
    "skipped": (N_("Passed over"), "gray"),
    "dead": (N_("Dead"), "red"),
}
#: Why an event was passed over.
BECAUSE = {
    "not_mirrored": N_("Nothing here shows its object"),
    "connected_account": N_("Of a connected account"),
    "no_key": N_("No key for its mode"),
    "test_button": N_("Sent by Stripe's test button"),
}
SOURCE = {
    "webhook": N_("Webhook"),
    "poll": N_("Poll"),
    "backfill": N_("Backfill"),
    "simulated": N_("Simulated"),
}
SEGMENTS = {"": N_("All")} | {code: label for code, (label, _tone) in STATE.items()}
#: In the URL: show the mode that has no key.
KEYLESS = "keyless"
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
        search_filters.segments(query, "state", SEGMENTS, _("State"))
        popover = search_filters.more(query, "type", "because", "source", "received", "object")
    with popover:
        search_filters.pills(query, "type", _("Type"), TYPES)
        search_filters.pills(query, "because", _("Passed over because"), BECAUSE, because)
        search_filters.pills(query, "source", _("Source"), SOURCES, source)
        search_filters.period(query, "received", _("Received"))
        search_filters.word(query, "object", _("Id of the object"), "pi_…")
        search_filters.clearing(query)


def source(code: str) -> str:
    """Who brought an event, in words."""
    return _(SOURCE[code]) if code in SOURCE else code


def because(code: str | None) -> str:
    """Why an event was passed over, in words; nothing for one that was not."""
    return _(BECAUSE[code]) if code in BECAUSE else code or ""


def mode() -> bool:
    """The mode whose events are shown: the console's, or the one without a key that is asked for.

    Its events are kept until there is a key, and seen nowhere else.
    """
    own = viewer.livemode()
    return own if _has_key(not own) or KEYLESS not in st.query_params else not own


def keyless() -> None:
    """Tell of events that wait for a key of their mode, and lead to them and back."""
    own = viewer.livemode()
    if _has_key(not own):
        return
    named = _("test mode") if own else _("live mode")
    row = st.container(horizontal=True, vertical_alignment="center")
    if mode() != own:
        said = _("Events of {mode}: there is no key for it. They are applied once there is one.")
        row.badge(said.format(mode=named), icon=":material/key_off:", color="orange")
        row.button(_("Back"), key="keyless_not", on_click=_leave, type="tertiary")
    elif count := viewer.read(reads.without_key, livemode=not own):
        said = _("Events of {mode} that wait for a key: {count}")
        row.badge(
            said.format(mode=named, count=i18n.number(count)),
            icon=":material/key_off:",
            color="orange",
        )
        row.button(_("Show them"), key="keyless", on_click=_enter, type="tertiary")


def _has_key(livemode: bool) -> bool:
    return livemode in viewer.current_console().settings.secret_keys


def _enter() -> None:
    search_filters.clear()
    st.query_params[KEYLESS] = "1"


def _leave() -> None:
    search_filters.clear()
    st.query_params.pop(KEYLESS, None)


def draw_counts(found: Mapping[str, int], person: Principal) -> None:
    """What waits and what was given up; with the right, a way to try all of that again."""
    if not found["dead"] and not found["parked"]:
        return
    row = st.container(horizontal=True, vertical_alignment="center")
    if found["parked"]:
        row.page_link(
            navigation.named("parked"),
            label=_("Objects that cannot be read: {count}").format(
                count=i18n.number(found["parked"])
            ),
            icon=":material/block:",
        )
    if found["dead"]:
        _dead(row, found["dead"], person)


def _dead(row: Any, count: int, person: Principal) -> None:
    row.badge(
        _("Dead: {count}").format(count=i18n.number(count)),
        icon=":material/error:",
        color="red",
        help=_("Given up after eight tries. They stay until they are replayed."),
    )
    if not person.may(REPLAY_EVENTS):
        return
    with row.popover(_("Replay all dead"), icon=":material/replay:", key="replay_dead"):
        st.text(
            _(
                "Each is put back, up to {most} at once, and applied again. What is newer stays."
            ).format(most=i18n.number(actions.MOST))
        )
        if st.button(_("Replay them now"), key="replay_dead_now", type="primary"):
            back = viewer.act(actions.replay_dead, livemode=mode())
            said = ngettext("{n} put back", "{n} put back", back).format(n=i18n.number(back))
            st.toast(said, icon=":material/replay:")
            st.rerun()


def frame(rows: Sequence[EventRow]) -> pd.DataFrame:
    """One line an event."""
    return pd.DataFrame(
        {
            "state": [status_badges.cell(row.state) for row in rows],
            "type": [row.type for row in rows],
            "object": [row.object_id or "" for row in rows],
            "source": [source(row.source) for row in rows],
            "because": [because(row.skipped_because) for row in rows],
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
    passed = any(row.skipped_because for row in rows)
    # What opens a row stays in sight.
    hidden = set() if failed else {"tries", "error"}
    hidden |= {"source"} if failed or passed else set()
    hidden |= set() if passed else {"because"}
    st.dataframe(
        shaped,
        hide_index=True,
        height=widgets.height(len(rows)),
        row_height=ROW,
        column_order=[name for name in shaped.columns if name not in hidden],
        column_config={
            "state": status_badges.chip_column(_("State"), STATE, width=96),
            "type": columns.text_column(_("Type"), width=220),
            "object": columns.text_column(_("Object"), width=208),
            "source": columns.text_column(_("Source"), width=84),
            "because": columns.text_column(_("Because"), width=150),
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
    return _("Events: {count} shown, newest first").format(count=rows)


def nothing() -> Nothing:
    """What stands there instead of an empty table."""
    return Nothing(
        _("No event matches"),
        _("Show all events"),
        _("No events yet"),
        _("Point a webhook endpoint at the receiver; the worker also asks Stripe for them."),
    )
