"""One event: its trace, its JSON, and applying it again, first on trial."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import streamlit as st

from core.access.rights import REPLAY_EVENTS
from core.actions.developer import events as actions
from core.errors import NotFound
from core.inbox.rehearsal import Rehearsal
from core.reads.developer import events as reads
from core.reads.developer.events import EventDetail
from dashboard import i18n
from dashboard.i18n import _
from dashboard.screens.events import list as event_list
from dashboard.screens.events import trace as event_trace
from dashboard.ui import (
    columns,
    drawer,
    live,
    navigation,
    status_badges,
    stripe_links,
    viewer,
    widgets,
)

_TRIAL = "event_trial"
_ASKED = "event_asked"


def body(event_id: str) -> None:
    """What the drawer shows of an event."""
    livemode, version = event_list.mode(), live.version("any")
    found = _found(event_id, livemode)
    if found is None:
        drawer.gone(_("There is no such event here"))
        return
    told = st.container()
    # Before the trace is drawn above: a replay is then seen in it at once.
    if viewer.signed_in().may(REPLAY_EVENTS) and _again(event_id, livemode):
        found = _found(event_id, livemode) or found
    with told:
        _summary(found)
    with st.expander(_("Event as JSON"), icon=":material/data_object:"):
        st.json(found.body, expanded=2)
    if not event_trace.settled(found):
        live.ping("any", version)


def _found(event_id: str, livemode: bool) -> EventDetail | None:
    try:
        return viewer.read(reads.detail, event_id=event_id, livemode=livemode)
    except NotFound:
        return None


def _summary(found: EventDetail) -> None:
    """State, type, ids and trace."""
    event, simulated = found.event, found.event.source == "simulated"
    row = st.container(horizontal=True, vertical_alignment="center")
    with row:
        status_badges.badge(event_list.STATE, event.state)
        if simulated:
            st.badge(_("Simulated"), icon=":material/science:", color="violet")
        if found.thin:
            st.badge(_("Thin event"), icon=":material/horizontal_rule:", color="gray")
    row.code(event.type, language=None)
    st.code(event.stripe_id, language=None)
    _links(found)
    if simulated:
        st.caption(
            _(
                "It was made up here. Once it is applied, its object is read again from Stripe, "
                "and the mirror shows what Stripe says."
            )
        )
    if found.thin:
        st.caption(_("It names its object and carries nothing of it: Stripe is asked for it."))
    st.header(_("Trace"), anchor=False)
    event_trace.draw(found, viewer.zone())


def _links(found: EventDetail) -> None:
    """To the payment's page here, and to Stripe's Dashboard."""
    settings, event = viewer.current_console().settings, found.event
    row = st.container(horizontal=True)
    if found.payment_id is not None:
        row.page_link(
            navigation.named("payment"),
            label=_("Payment"),
            icon=":material/receipt_long:",
            query_params={"id": found.payment_id},
        )
    # A made-up event is not at Stripe.
    ids = [(_("Object in Stripe"), event.object_id)]
    ids += [] if event.source == "simulated" else [(_("Event in Stripe"), event.stripe_id)]
    for label, stripe_id in ids:
        if address := stripe_links.address(settings, stripe_id, livemode=event.livemode):
            row.link_button(label, address, type="tertiary", icon=":material/open_in_new:")


def _again(event_id: str, livemode: bool) -> bool:
    """Trial and replay; the second is asked for twice. Whether it was replayed just now."""
    row = st.container(horizontal=True)
    if row.button(
        _("What would change?"),
        key="event_try",
        icon=":material/preview:",
        help=_("Applies the event and takes it back at once: nothing is kept."),
    ):
        trial = viewer.act(actions.dry_run, event_id, livemode=livemode)
        st.session_state[_TRIAL] = trial
    if row.button(_("Replay"), key="event_replay", icon=":material/replay:"):
        st.session_state[_ASKED] = event_id
    asked = st.session_state.get(_ASKED) == event_id
    done = asked and _confirmed(event_id, livemode)
    kept: Rehearsal | None = st.session_state.get(_TRIAL)
    if kept is not None and kept.event_id == event_id:
        _trial(kept)
    return done


def _confirmed(event_id: str, livemode: bool) -> bool:
    place = st.empty()
    with place.container(border=True, gap="small"):
        st.text(_("Apply this event again? What the mirror knows that is newer stays as it is."))
        row = st.container(horizontal=True)
        sure = row.button(_("Replay now"), key="event_replay_now", type="primary")
        row.button(_("Cancel"), key="event_replay_not", on_click=_forget)
    if sure:
        viewer.act(actions.replay, [event_id], livemode=livemode)
        _forget()
        place.empty()
        st.toast(_("Put back, to be applied again"), icon=":material/replay:")
    return sure


def _forget() -> None:
    for key in (_ASKED, _TRIAL):
        st.session_state.pop(key, None)


def _trial(trial: Rehearsal) -> None:
    """What a replay would do, in a table of field, now and then."""
    st.header(_("On trial"), anchor=False)
    if trial.error:
        st.error(
            _("It would fail: {reason}. Nothing was changed.").format(
                reason=widgets.safe_text(trial.error.rstrip("."))
            )
        )
        return
    if not trial.known:
        said = _("It would be passed over: {reason}.")
        st.text(said.format(reason=event_list.because(trial.because)))
        return
    if trial.changes:
        widgets.plain_table(_changes(trial), _layout(), key="event_changes", alt=_("On trial"))
    else:
        st.text(_("No field would change: the mirror shows this state, or a newer one."))
    for kind, stripe_id in trial.read_again:
        name = event_trace.KINDS.get(kind, kind)
        st.text(
            _("{object} {id} would be read again from Stripe.").format(object=_(name), id=stripe_id)
        )


def _changes(trial: Rehearsal) -> columns.Table:
    return {
        "field": [one.field for one in trial.changes],
        "now": [value(one.now) for one in trial.changes],
        "then": [value(one.then) for one in trial.changes],
        "table": [one.table for one in trial.changes],
        "row": [one.key for one in trial.changes],
    }


def _layout() -> dict[str, Any]:
    return {
        "field": columns.text_column(_("Field"), width=150),
        "now": columns.text_column(_("Now"), width=120),
        "then": columns.text_column(_("Then"), width=120),
        "table": columns.text_column(_("Table"), width=130),
        "row": columns.text_column(_("Row"), width=240),
    }


def value(raw: Any) -> str:
    """A field's value as text."""
    if raw is None:
        return "–"
    if isinstance(raw, bool):
        return _("Yes") if raw else _("No")
    return i18n.moment(raw, viewer.zone()) if isinstance(raw, datetime) else str(raw)
