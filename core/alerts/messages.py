"""What a channel is told: ids, counts, amounts with their currency and a link; never a person.

Messages are in English: a channel has no language of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from core import money
from core.alerts.kinds import KINDS
from core.money import Money

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """One line, and the text under it."""

    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Told:
    """The alert that a message is about. `notice`: 1 is the first one, others are reminders."""

    alert_id: int
    kind: str
    livemode: bool
    subject: str
    facts: Facts
    first_seen_at: datetime
    notice: int


def of_alert(told: Told, screens_url: str) -> Message:
    """The message about an alert. The number in its last line is the same however often a crash
    had it sent: who gets it twice knows it by that."""
    title, text = _TEXTS[told.kind](told.subject, told.facts)
    begun = told.first_seen_at.astimezone(UTC).isoformat(sep=" ", timespec="minutes")
    lines = [text, f"Since {begun.removesuffix('+00:00')} UTC."]
    if not told.livemode:
        lines.append("This is test data.")
    if screens_url:
        base = screens_url.rstrip("/")
        lines.append(f"{base}/{KINDS[told.kind].screen}")
        lines.append(f"Acknowledge or mute: {base}/alerts")
    lines.append(f"Alert {told.alert_id}, message {told.notice}")
    again = "Reminder: " if told.notice > 1 else ""
    return Message(f"[Tillwatch] {again}{title}", "\n".join(lines))


def of_test(channel: str) -> Message:
    """The message that shows that a channel works."""
    return Message("[Tillwatch] Test message", f"The channel “{channel}” works. Nothing is wrong.")


def percent(part: int, whole: int) -> str:
    """A share with one decimal, rounded to the nearest: `12.5`."""
    tenths = round(Fraction(part * 1000, whole)) if whole else 0
    return f"{tenths // 10}.{tenths % 10}"


def _amount(facts: Facts) -> str:
    amount = Money(facts["amount_minor"], facts["currency"])
    return f"{money.plain(amount)} {amount.currency.upper()}"


def _failure_rate(_subject: str, facts: Facts) -> tuple[str, str]:
    rate = percent(facts["failed"], facts["finished"])
    before = percent(facts["before_failed"], facts["before"])
    text = (
        f"{facts['failed']} of {facts['finished']} payments of the last {facts['minutes']} minutes"
        f" failed ({rate} %). On the days before it was {before} %."
    )
    return f"{rate} % of payments fail", text


def _dispute_rate(_subject: str, facts: Facts) -> tuple[str, str]:
    parts = facts["disputes"], facts["paid"]
    hundredths = round(Fraction(parts[0] * 10_000, parts[1]))
    rate = f"{hundredths // 100}.{hundredths % 100:02}"
    text = f"{parts[0]} disputes on {parts[1]} paid payments in {facts['days']} days ({rate} %)."
    return f"The dispute rate is {rate} %", text


def _silence(_subject: str, facts: Facts) -> tuple[str, str]:
    last = facts["last_at"].replace("T", " ").removesuffix("+00:00")
    text = (
        f"The last of the {facts['of']} is of {last} UTC. In earlier weeks some came in the same"
        " hours."
    )
    return f"No {facts['of']} for longer than usual", text


def _dead_event(subject: str, facts: Facts) -> tuple[str, str]:
    return (
        "Events were not applied",
        f"Events of the type {subject} that were given up: {facts['count']}.",
    )


def _stopped_stream(subject: str, facts: Facts) -> tuple[str, str]:
    why = f" ({facts['error']})" if facts["error"] else ""
    return f"The stream {subject} does not go on", f"The stream {subject} is {facts['state']}{why}."


def _open_break(_subject: str, facts: Facts) -> tuple[str, str]:
    text = (
        f"Open differences of the kind {facts['break_kind']} in {facts['currency'].upper()}:"
        f" {facts['count']}, the oldest of {facts['day']}."
    )
    return "The books differ from Stripe", text


def _failed_payout(subject: str, facts: Facts) -> tuple[str, str]:
    return "A payout failed", f"The payout {subject} of {_amount(facts)} failed."


def _doubled_operation(subject: str, facts: Facts) -> tuple[str, str]:
    payment = f" It is about the payment {facts['payment_id']}." if facts["payment_id"] else ""
    text = (
        f"The operation {subject} ({facts['operation']}) has {facts['count']} objects at Stripe:"
        f" {facts['objects']}.{payment} Somebody may have been paid or charged twice."
    )
    return "One operation was done twice", text


def _large_refund(subject: str, facts: Facts) -> tuple[str, str]:
    payment = f" of the payment {facts['payment_id']}" if facts["payment_id"] else ""
    return "A large refund", f"The refund {subject}{payment} gives back {_amount(facts)}."


_TEXTS: dict[str, Callable[[str, Facts], tuple[str, str]]] = {
    "failure_rate": _failure_rate,
    "dispute_rate": _dispute_rate,
    "silence": _silence,
    "dead_event": _dead_event,
    "stopped_stream": _stopped_stream,
    "open_break": _open_break,
    "failed_payout": _failed_payout,
    "doubled_operation": _doubled_operation,
    "large_refund": _large_refund,
}
