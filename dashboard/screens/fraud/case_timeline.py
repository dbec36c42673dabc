"""What was done about a case and its payment, by whom and when, the newest first."""

from __future__ import annotations

from collections.abc import Sequence

from core.reads.fraud.case_detail import CaseEvent
from dashboard import i18n
from dashboard.i18n import N_, _
from dashboard.screens.fraud import labels as fraud_labels
from dashboard.ui import status_badges, stripe_labels, viewer
from dashboard.ui.kit import timeline
from dashboard.ui.kit.timeline import Entry
from dashboard.ui.status_badges import Tone

#: Words, icon and colour of what happened.
_WORDS: dict[str, tuple[str, str, Tone]] = {
    "opened": (N_("The case was opened"), "flag", "orange"),
    "assigned": (N_("{who} gave it to {detail}"), "person_add", "blue"),
    "returned": (N_("{who} gave it back"), "undo", "gray"),
    "note": (N_("{who} wrote"), "chat", "gray"),
    "approved": (N_("{who} approved the payment as good"), "check", "green"),
    "dismissed": (N_("{who} dismissed the case"), "close", "gray"),
    "refunded": (N_("{who} refunded as fraud"), "undo", "violet"),
    "closed": (N_("The case closed by itself: {detail}"), "task_alt", "gray"),
    "request_asked": (N_("{who} asked to give back"), "front_hand", "orange"),
    "request_approved": (N_("{who} approved the refund"), "verified", "green"),
    "request_refused": (N_("{who} refused the refund"), "block", "red"),
}


def draw(events: Sequence[CaseEvent]) -> None:
    """All of it as a timeline."""
    timeline.draw("case_events", [entry(one) for one in events], alt=_("What was done"))


def entry(one: CaseEvent) -> Entry:
    """One event in words."""
    title, icon, tone = _said(one)
    amount = fraud_labels.exact(one.amount) if one.amount else ""
    has_reason = one.kind.startswith(("request_", "refund_", "dispute_"))
    return Entry(
        title,
        i18n.minute(one.at, viewer.zone()),
        icon,
        tone,
        amount=amount,
        note=stripe_labels.words(one.detail) if has_reason and one.detail else "",
        quote=one.note or "",
    )


def _said(one: CaseEvent) -> tuple[str, str, Tone]:
    what, _mark, status = one.kind.partition("_")
    if one.kind not in _WORDS:
        kinds = status_badges.DISPUTE if what == "dispute" else status_badges.RESULT
        state = status_badges.word(kinds, status)
        said = _("Dispute: {state}") if what == "dispute" else _("Refund: {state}")
        icon = "gavel" if what == "dispute" else "undo"
        return said.format(state=state), icon, status_badges.tone(kinds, status)
    text, icon, tone = _WORDS[one.kind]
    detail = one.detail or ""
    if one.kind == "closed":
        detail = status_badges.word(fraud_labels.states(), detail)
    return _(text).format(who=one.who or "", detail=detail), icon, tone
