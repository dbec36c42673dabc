"""Each call to Stripe for a test payment and each event that followed, oldest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from core.reads.developer import operation_calls
from core.reads.developer.operation_calls import ApiCall
from core.reads.payments.detail import PaymentDetail
from core.reads.payments.parts import EventPart
from dashboard import i18n
from dashboard.i18n import _
from dashboard.screens.checkout.state import Attempt
from dashboard.ui import viewer, widgets
from dashboard.ui.widgets import safe_text


@dataclass(frozen=True)
class _Step:
    at: datetime
    icon: str
    label: str
    ids: tuple[str, ...]
    told: str


def draw(attempt: Attempt, detail: PaymentDetail | None) -> None:
    """The timeline; each step opens to its ids."""
    made = viewer.read(
        operation_calls.of_operations, operation_ids=attempt.operations, livemode=False
    )
    events: tuple[EventPart, ...] = detail.events if detail else ()
    if attempt.session_id:
        ids = [attempt.session_id]
        events += viewer.read(operation_calls.events_about, object_ids=ids, livemode=False)
    steps = sorted([*map(_call, made), *map(_event, events)], key=lambda step: step.at)
    if not steps:
        return
    widgets.card_title(_("What happened"))
    zone = viewer.zone()
    for step in steps:
        moment = f":gray[{safe_text(i18n.moment(step.at, zone))}]"
        label = f"{moment}\N{EN SPACE}{step.label}"
        with st.expander(label, type="step", icon=f":material/{step.icon}:"):
            st.text(step.told)
            for one in step.ids:
                st.code(one, language=None, width="content")


def _call(call: ApiCall) -> _Step:
    answer = str(call.status) if call.status is not None else call.error or _("no answer")
    took = _("{milliseconds} ms").format(milliseconds=max(1, call.duration_us // 1000))
    colour = "green" if call.status is not None and call.status < 300 else "red"
    path = safe_text(f"{call.method} {call.path}")
    label = f"**{path}**\N{EN SPACE}:{colour}[{safe_text(answer)}]\N{EN SPACE}{safe_text(took)}"
    told = _("Our call to Stripe, try {number}; its request id and idempotency key:")
    ids = tuple(one for one in (call.request_id, call.operation_id) if one)
    return _Step(call.started_at, "north_east", label, ids, told.format(number=call.attempt))


def _event(event: EventPart) -> _Step:
    how = _("by webhook") if event.source == "webhook" else _("by poll")
    label = f"**{safe_text(event.type)}**\N{EN SPACE}{safe_text(how)}"
    told = _("Stripe's event of {time}; its id:").format(
        time=i18n.moment(event.created_at, viewer.zone())
    )
    # Stripe dates events by the second: when they came in keeps them behind their calls.
    return _Step(event.received_at, "bolt", label, (event.stripe_id,), told)
