"""What happened to an event: from Stripe into the inbox, into the mirror, and read again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from core.reads.developer.events import EventDetail, EventRow, Reading
from core.states import EventState
from dashboard import i18n
from dashboard.i18n import N_, _
from dashboard.screens.events import list as event_list
from dashboard.ui.widgets import safe_text

KINDS = {
    "payment_intent": N_("Payment"),
    "charge": N_("Attempt"),
    "refund": N_("Refund"),
    "dispute": N_("Dispute"),
    "payout": N_("Payout"),
    "early_fraud_warning": N_("Early fraud warning"),
    "review": N_("Review"),
    "customer": N_("Customer"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the trace. `at` None: not yet, or not known."""

    icon: str
    at: datetime | None
    what: str
    detail: str = ""


def steps(found: EventDetail) -> Iterator[Step]:
    """The trace in its order."""
    event = found.event
    simulated = event.source == "simulated"
    yield Step(
        "science" if simulated else "bolt",
        event.created_at,
        _("Made up here") if simulated else _("Created at Stripe"),
    )
    late = event.received_at - event.created_at
    # Stripe's clock may be ahead of ours.
    told = not simulated and late >= timedelta()
    yield Step(
        "move_to_inbox",
        event.received_at,
        _("Into the inbox: {source}").format(source=event_list.source(event.source)),
        _("after {time}").format(time=length(late)) if told else "",
    )
    yield from _applying(event)
    if event.state == EventState.APPLIED:
        yield from map(_read_again, found.readings)


def _applying(event: EventRow) -> Iterator[Step]:
    if event.attempts:
        tries = _("Tries that failed: {count}").format(count=event.attempts)
        yield Step("error", None, tries, event.last_error or "")
    if event.state == EventState.APPLIED:
        shown = f"{(event.duration_us or 0) / 1000:.1f}"
        took = _("{milliseconds} ms").format(milliseconds=shown)
        yield Step("check_circle", event.applied_at, _("Applied to the mirror"), took)
    elif event.state == EventState.SKIPPED:
        yield Step("do_not_disturb_on", event.applied_at, _passed(event), event.account or "")
    elif event.state == EventState.DEAD:
        yield Step("block", None, _("Given up: replay it once the reason is gone"))
    else:
        yield Step("hourglass_top", event.next_attempt_at, _("Due to be applied"))


def _passed(event: EventRow) -> str:
    """Why an event changed nothing here."""
    because = event_list.because(event.skipped_because)
    if not because:
        return _("Passed over: it changes nothing here")
    return _("Passed over: {reason}").format(reason=because)


def _read_again(one: Reading) -> Step:
    """What became of an object that the event asked to be read again."""
    name = _(KINDS[one.kind]) if one.kind in KINDS else one.kind
    if one.parked:
        said = _("{object}: Stripe refuses it").format(object=name)
        return Step("do_not_touch", None, said, one.last_error or one.stripe_id)
    if one.waiting:
        said = _("{object}: to be read again from Stripe").format(object=name)
        return Step("sync", None, said, one.last_error or one.stripe_id)
    if one.as_of is None:
        said = _("{object}: not at Stripe, nothing is shown of it").format(object=name)
        return Step("help", None, said, one.stripe_id)
    if one.confirmed:
        said = _("{object}: shown as last read from Stripe").format(object=name)
        return Step("verified", one.as_of, said, one.stripe_id)
    said = _("{object}: shown as an event told it").format(object=name)
    return Step("pending", one.as_of, said, one.stripe_id)


def draw(found: EventDetail, zone: ZoneInfo) -> None:
    """The trace, a line a step."""
    for step in steps(found):
        at = f":gray[{safe_text(i18n.moment(step.at, zone))}]" if step.at else ":gray[–]"
        parts = [f":material/{step.icon}:", at, f"**{safe_text(step.what)}**"]
        if step.detail:
            parts.append(safe_text(step.detail))
        st.markdown("\N{EN SPACE}".join(parts))


def settled(found: EventDetail) -> bool:
    """Whether nothing more is to come by itself."""
    waits = any(one.waiting and not one.parked for one in found.readings)
    return found.event.state != EventState.PENDING and not waits


def length(span: timedelta) -> str:
    """A stretch of time, in seconds or whole minutes."""
    seconds = span.total_seconds()
    if seconds < 120:
        return _("{seconds} s").format(seconds=f"{seconds:.1f}")
    return _("{minutes} min").format(minutes=i18n.number(int(seconds // 60)))
