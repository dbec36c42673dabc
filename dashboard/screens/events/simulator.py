"""Making an event up in test mode: a type, a real object to begin with, a change in it."""

from __future__ import annotations

import json

import streamlit as st

from core.access.principals import Principal
from core.access.rights import USE_DEVELOPER_TOOLS
from core.actions.developer import events as actions
from core.actions.developer.synthetic_events import LARGEST
from core.errors import InvalidInput, StripeError, TestModeOnly, TillwatchError
from core.gateway.event_types import TYPES, carried_by, with_object
from core.reads.developer import events as reads
from dashboard.i18n import N_, _
from dashboard.screens.events import trace as event_trace
from dashboard.ui import drawer, flash, viewer, widgets
from dashboard.ui.flash import ErrorTable, ErrorText

_OPEN, _TEXT, _TYPE, _OBJECT = "sim_open", "sim_text", "sim_type", "sim_object"
FIRST = "payment_intent.succeeded"


def _reason(error: TillwatchError) -> str:
    """What was wrong, as the beginning of a sentence."""
    if isinstance(error, InvalidInput):
        return f"{error.field}: {widgets.rule(error)}".rstrip(".")
    return _(error.message).rstrip(".")


_ERRORS = ErrorTable(
    (
        ErrorText(
            (InvalidInput, StripeError, TestModeOnly),
            N_("{reason}. Nothing was put into the inbox."),
        ),
    ),
    reason=_reason,
)


def button(person: Principal) -> None:
    """Opens the form; where it cannot be used it says why."""
    why = None
    if not person.may(USE_DEVELOPER_TOOLS):
        why = _("Only developers make events up.")
    elif viewer.livemode():
        why = _("Events are made up in test mode only.")
    st.button(
        _("Simulate"),
        key="simulate",
        icon=":material/science:",
        disabled=why is not None,
        help=why,
        on_click=lambda: st.session_state.update({_OPEN: True}),
    )


def dialog() -> None:
    """The form, if it is to be open. Call it from the page's body."""
    if not st.session_state.get(_OPEN):
        return

    @st.dialog(
        _("Simulate an event"),
        width="large",
        icon=":material/science:",
        on_dismiss=lambda: st.session_state.pop(_OPEN, None),
    )
    def drawn() -> None:
        _form()

    drawn()


def _form() -> None:
    st.caption(
        _(
            "It enters the inbox like an event of Stripe's and is applied. Then its object is read "
            "again from Stripe, and the mirror shows what Stripe says: what is made up lasts for "
            "seconds. What else listens to Stripe hears nothing of it."
        )
    )
    known = [name for name in TYPES if carried_by(name)]
    others = [name for name in TYPES if not carried_by(name)]
    st.session_state.setdefault(_TYPE, FIRST)
    chosen = st.selectbox(_("Type"), [*known, *others], key=_TYPE)
    kind = carried_by(chosen)
    if kind is None:
        st.caption(_("Objects of this type change nothing here: the event will be passed over."))
    else:
        _from_stripe(chosen, kind)
    text = st.text_area(
        _("Object as JSON"), key=_TEXT, height=300, max_chars=LARGEST, placeholder="{ … }"
    )
    st.caption(
        _("Its id, its time of creation and the ids of other objects in it have to stay.")
        + " "
        + _("It is always of test mode.")
    )
    if st.button(_("Put into the inbox"), key="sim_send", type="primary"):
        _send(chosen, text or "")


def _from_stripe(chosen: str, kind: str) -> None:
    """Fill the form from an object as Stripe shows it now."""
    samples = viewer.read(reads.samples, types=with_object(kind), livemode=False)
    row = st.container(horizontal=True, vertical_alignment="bottom")
    name = _(event_trace.KINDS.get(kind.rpartition(".")[2], kind))
    asked = row.selectbox(
        _("{object}: choose one, or type its id").format(object=name),
        samples,
        key=f"{_OBJECT}_{kind}",
        index=0 if samples else None,
        accept_new_options=True,
        placeholder=_("Id at Stripe"),
    )
    if row.button(
        _("Fill in from Stripe"),
        key="sim_fill",
        icon=":material/download:",
        disabled=not asked,
        help=None if asked else _("Choose an object first."),
    ):
        outcome = flash.perform(_ERRORS, actions.real_object, chosen, str(asked))
        outcome.show_error()
        if outcome.done:
            st.session_state[_TEXT] = json.dumps(outcome.value, indent=2, ensure_ascii=False)


def _send(chosen: str, text: str) -> None:
    outcome = flash.perform(_ERRORS, actions.simulate, chosen, text, livemode=viewer.livemode())
    if outcome.value is None:
        outcome.show_error()
        return
    st.session_state.pop(_OPEN, None)
    drawer.show("event", outcome.value)
