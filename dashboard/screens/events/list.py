"""Events as a table, with their filters and what waits among them."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.access.principals import Principal
from core.access.rights import REPLAY_EVENTS, SEE_EVENTS
from core.actions.developer import events as actions
from core.reads.developer import events as reads
from core.reads.developer.events import FIELDS, SOURCES, EventRow
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.ui import address, navigation, search_filters, viewer
from dashboard.ui.data_table import (
    Column,
    DataTable,
    Empty,
    chips,
    code,
    moment,
    number,
    opener,
    text,
)
from dashboard.ui.log_list import LogList
from dashboard.ui.search_filters import PERIODS, Period, Pills, SearchBar, Segments, Typed

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


def source(code: str) -> str:
    """Who brought an event, in words."""
    return _(SOURCE[code]) if code in SOURCE else code


def because(code: str | None) -> str:
    """Why an event was passed over, in words; nothing for one that was not."""
    return _(BECAUSE[code]) if code in BECAUSE else code or ""


BAR = SearchBar(
    label=N_("Search events"),
    example="type:charge.* state:dead object:pi_… source:webhook received:24h",
    fields=FIELDS,
    segments=Segments("state", N_("State"), SEGMENTS),
    more=(
        Pills("type", N_("Type"), TYPES),
        Pills("because", N_("Passed over because"), tuple(BECAUSE), because),
        Pills("source", N_("Source"), SOURCES, source),
        Period("received", N_("Received"), PERIODS),
        Typed("object", N_("Id of the object"), "pi_…"),
    ),
)


def mode() -> bool:
    """The mode whose events are shown: the console's, or the one without a key that is asked for.

    Its events are kept until there is a key, and seen nowhere else.
    """
    own = viewer.livemode()
    return own if _has_key(not own) or not address.has(KEYLESS) else not own


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
    address.put(KEYLESS, "1")


def _leave() -> None:
    search_filters.clear()
    address.drop(KEYLESS)


def draw_counts(person: Principal) -> None:
    """What waits and what was given up; with the right, a way to try all of that again."""
    found = viewer.read(reads.waiting, livemode=mode())
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


def counted(rows: int) -> str:
    """How many a page shows."""
    return _("Events: {count} shown, newest first").format(count=rows)


COLUMNS: dict[str, Column[EventRow]] = {
    "state": chips(N_("State"), lambda row: [row.state], STATE),
    "type": code(N_("Type"), lambda row: row.type, cut=21),
    "object": text(N_("Object"), lambda row: row.object_id or "", cut=20),
    # What opens a row stays in sight.
    "source": text(N_("Source"), lambda row: source(row.source), unless=("because", "tries")),
    "because": text(N_("Because"), lambda row: because(row.skipped_because), optional=True),
    "tries": number(N_("Failed"), lambda row: row.attempts, optional=True),
    "error": text(N_("Last error"), lambda row: row.last_error or "", optional=True),
    "received": moment(N_("Received"), lambda row: row.received_at),
    "event": opener(N_("Event"), lambda row: row.stripe_id),
}
LIST = LogList(
    right=SEE_EVENTS,
    bar=BAR,
    read=reads.page,
    table=DataTable(
        "events",
        N_("Events, newest first"),
        COLUMNS,
        empty=Empty(
            N_("No events yet"),
            N_("Point a webhook endpoint at the receiver; the worker also asks Stripe for them."),
        ),
    ),
    opens="event",
    counted=counted,
    no_match=N_("No event matches"),
    show_all=N_("Show all events"),
    topic="inbox",
)
