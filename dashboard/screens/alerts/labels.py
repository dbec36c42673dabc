"""Alerts in words: kinds, what was found, parameters of rules, states of messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any

from core.alerts.kinds import KINDS
from core.reads.alerts.alerts import Alert
from core.states import AlertState, DeliveryState
from dashboard import i18n
from dashboard.i18n import N_, _, pgettext
from dashboard.ui import columns, status_badges, stream_labels, viewer

KIND = {
    "failure_rate": N_("Many payments fail"),
    "dispute_rate": N_("Many disputes"),
    "silence": N_("Nothing comes any more"),
    "dead_event": N_("Events not applied"),
    "stopped_stream": N_("A stream stands still"),
    "open_break": N_("The books differ from Stripe"),
    "failed_payout": N_("A payout failed"),
    "doubled_operation": N_("One operation was done twice"),
    "large_refund": N_("A large refund"),
}
STATES: status_badges.Kind = {
    AlertState.OPEN: (N_("To be looked at"), "red"),
    AlertState.ACKNOWLEDGED: (N_("Acknowledged"), "blue"),
    AlertState.CLOSED: (N_("Over"), "gray"),
}
DELIVERIES: status_badges.Kind = {
    DeliveryState.WAITING: (N_("To be sent"), "blue"),
    DeliveryState.SENT: (N_("Sent"), "green"),
    DeliveryState.FAILED: (N_("Not delivered"), "red"),
    DeliveryState.DROPPED: (N_("Not sent"), "gray"),
}
RULES: status_badges.Kind = {
    "watched": (N_("Watched"), "green"),
    "muted": (N_("Muted"), "orange"),
    "rests": (N_("Rests"), "gray"),
}
CHANNELS: status_badges.Kind = {
    "used": (N_("In use"), "green"),
    "rests": (N_("Rests"), "gray"),
}
TYPES = {"webhook": N_("Webhook"), "email": N_("E-mail"), "chat": N_("Chat")}
#: Our codes of a message that did not arrive.
ERRORS = {
    "not_taken": N_("The channel cannot be reached, or does not take it."),
    "unreadable_url": N_("Its address cannot be read."),
    "timed_out": N_("The channel did not answer in time."),
    "no_key": N_("Its address was kept with another ENCRYPTION_KEY. Set it anew."),
    "fault": N_("The program failed."),
}
PARAMETERS = {
    "failure_rate.above_percent": N_("Share of failed payments, in percent, from"),
    "failure_rate.times": N_("Times the share of the days before, from"),
    "failure_rate.window_minutes": N_("Stretch that is looked at, in minutes"),
    "failure_rate.least": N_("Payments in it, from"),
    "failure_rate.days": N_("Days before to compare with"),
    "dispute_rate.above_basis_points": N_("Disputes in hundredths of a percent of payments, from"),
    "dispute_rate.days": N_("Days that are looked at"),
    "dispute_rate.least": N_("Disputes in them, from"),
    "silence.of": N_("What is waited for"),
    "silence.weeks": N_("Earlier weeks to compare with"),
    "silence.least_minutes": N_("Silence in minutes, from"),
    "stopped_stream.minutes": N_("Minutes that it stands still, from"),
    "open_break.days": N_("Days past the due date, from"),
    "failed_payout.days": N_("Days that are looked at"),
    "doubled_operation.days": N_("Days that are looked at"),
    "large_refund.currency": N_("Currency"),
    "large_refund.amount": N_("Amount from"),
    "large_refund.hours": N_("Hours that are looked at"),
}
CHOICES = {"payments": N_("Payments"), "events": N_("Events")}
#: Kinds of breaks, as the proof names them.
BREAKS = {
    "missing_here": N_("Missing here"),
    "missing_there": N_("Missing at Stripe"),
    "amount": N_("Another amount"),
    "fee": N_("Another fee"),
    "currency": N_("Another currency"),
    "category": N_("Another category"),
    "day": N_("Another day"),
    "duplicate": N_("Twice"),
    "orphan": N_("Nothing stands behind it"),
    "payout_sum": N_("A payout's rows have another sum"),
    "payout_state": N_("A payout has another state"),
    "bank_missing": N_("Missing on the bank's statement"),
    "bank_unknown": N_("Unknown line on the bank's statement"),
    "bank_amount": N_("Another amount on the bank's statement"),
    "unmapped": N_("Without a category"),
    "unexplained": N_("A total that nothing explains"),
}

Facts = Mapping[str, Any]


def kind(name: str) -> str:
    """What an alert or a rule is about."""
    return _(KIND[name]) if name in KIND else name


def parameter(kind_name: str, name: str) -> str:
    """What a parameter of a rule is called."""
    label = PARAMETERS.get(f"{kind_name}.{name}")
    return _(label) if label else name


def any_parameter(name: str) -> str:
    """What a parameter is called, whichever kind it is of: for an error that names it."""
    known = {"url": N_("Address"), "name": N_("Name"), "until": N_("Until"), "kind": N_("Kind")}
    labels = known | {key.partition(".")[2]: label for key, label in PARAMETERS.items()}
    return _(labels.get(name, name))


def error(code: str | None) -> str:
    """Why a message did not arrive; nothing where it did."""
    return _(ERRORS[code]) if code in ERRORS else code or ""


def found(one: Alert) -> str:
    """What was found, in one line. It may hold foreign text: a type of event."""
    say = _FOUND.get(one.kind)
    return say(one.subject, one.facts) if say else one.subject


def time(text: str) -> str:
    """A time of the facts, in the viewer's zone."""
    return i18n.minute(datetime.fromisoformat(text), viewer.zone())


def _share(part: int, whole: int) -> str:
    return i18n.percent(Fraction(part, whole), digits=2) if whole else "–"


def _failure_rate(_subject: str, facts: Facts) -> str:
    said = _("Failed: {failed} of {finished} ({rate}); on the days before {usual}")
    return said.format(
        failed=i18n.number(facts["failed"]),
        finished=i18n.number(facts["finished"]),
        rate=_share(facts["failed"], facts["finished"]),
        usual=_share(facts["before_failed"], facts["before"]),
    )


def _dispute_rate(_subject: str, facts: Facts) -> str:
    said = _("Disputes: {disputed}; paid payments: {paid}; share: {rate}")
    return said.format(
        disputed=i18n.number(facts["disputes"]),
        paid=i18n.number(facts["paid"]),
        rate=_share(facts["disputes"], facts["paid"]),
    )


def _silence(_subject: str, facts: Facts) -> str:
    of_payments = facts["of"] == "payments"
    said = _("The last payment is of {time}") if of_payments else _("The last event is of {time}")
    return said.format(time=time(facts["last_at"]))


def _dead_event(subject: str, facts: Facts) -> str:
    said = _("{type}: {count}, the oldest of {time}")
    count = i18n.number(facts["count"])
    return said.format(type=subject, count=count, time=time(facts["oldest_at"]))


def _stopped_stream(subject: str, facts: Facts) -> str:
    word = stream_labels.STATES[str(facts.get("state"))]
    return _("{stream}: {state}").format(stream=stream_labels.name(subject), state=_(word))


def _open_break(_subject: str, facts: Facts) -> str:
    name, currency = facts["break_kind"], facts["currency"].upper()
    what = f"{_(BREAKS[name]) if name in BREAKS else name}, {currency}"
    said = _("{what}: {count}, the oldest of {day}")
    return said.format(what=what, count=i18n.number(facts["count"]), day=facts["day"])


def _doubled_operation(subject: str, facts: Facts) -> str:
    said = _("Objects of one operation at Stripe: {objects}")
    return f"{said.format(objects=facts['objects'])} · {facts['operation']} {subject}"


def _object(subject: str, facts: Facts) -> str:
    amount = columns.money(facts["amount_minor"], facts["currency"])
    return f"{amount} {facts['currency'].upper()} · {subject}"


_FOUND: dict[str, Callable[[str, Facts], str]] = {
    "failure_rate": _failure_rate,
    "dispute_rate": _dispute_rate,
    "silence": _silence,
    "dead_event": _dead_event,
    "stopped_stream": _stopped_stream,
    "open_break": _open_break,
    "failed_payout": _object,
    "doubled_operation": _doubled_operation,
    "large_refund": _object,
}


def parameters(kind_name: str, given: Mapping[str, int | str]) -> str:
    """A rule's parameters in one line."""
    texts = []
    for field in KINDS[kind_name].fields:
        value = given.get(field.name, field.default)
        shown = _(CHOICES[value]) if value in CHOICES else str(value)
        shown = shown.upper() if field.name == "currency" else shown
        named = parameter(kind_name, field.name)
        texts.append(_("{what}: {value}").format(what=named, value=shown))
    return " · ".join(texts) or pgettext("parameters", "None")
