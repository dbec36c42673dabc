"""What happened to a payment, newest first, each step with the id of the object behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo

import streamlit as st

from core.reads.payments.detail import PaymentDetail
from core.reads.payments.parts import Attempt, TimelineEntry
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.ui import columns, error_explanations, status_badges, stripe_labels
from dashboard.ui.widgets import safe_text

#: More steps than this are shown on demand.
SHOWN = 40
_WORDS = {
    "created": (N_("Payment created"), "add_circle"),
    "canceled": (N_("Payment canceled"), "block"),
    "attempt_succeeded": (N_("Attempt succeeded"), "check_circle"),
    "attempt_failed": (N_("Attempt failed"), "cancel"),
    "attempt_pending": (N_("Attempt pending"), "hourglass_top"),
    "request_asked": (N_("{who} asked to give back"), "front_hand"),
    "request_approved": (N_("{who} approved it"), "verified"),
    "request_refused": (N_("{who} refused it"), "block"),
    "refund_succeeded": (N_("Refund succeeded"), "undo"),
    "refund_pending": (N_("Refund pending"), "undo"),
    "refund_requires_action": (N_("Refund waits for the customer"), "undo"),
    "refund_failed": (N_("Refund failed"), "error"),
    "refund_canceled": (N_("Refund canceled"), "undo"),
    "fraud_warning": (N_("Early fraud warning"), "flag"),
    "ledger": (N_("Booked in Stripe's ledger"), "account_balance"),
    "event": (N_("Stripe reported"), "bolt"),
}


def draw(detail: PaymentDetail, zone: ZoneInfo, link: Callable[[str], str | None]) -> None:
    """The steps; each opens to its id and what is known of it."""
    head = st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    )
    head.header(_("What happened"), anchor=False, width="content")
    with_plumbing = head.toggle(
        _("Stripe's own steps"), key="stripe_steps", help=_("Events and bookings at Stripe")
    )
    shown = (one for one in detail.timeline[::-1] if with_plumbing or not one.is_plumbing)
    entries = tuple(shown)
    attempts = {attempt.stripe_id: attempt for attempt in detail.attempts}
    more = len(entries) > SHOWN and not st.session_state.get("all_steps")
    for entry in entries[:SHOWN] if more else entries:
        what, icon = words(entry)
        with st.expander(label(entry, what, zone), type="step", icon=f":material/{icon}:"):
            _opened(entry, attempts.get(entry.stripe_id), link(entry.stripe_id))
    if more:
        st.button(
            ngettext("Show the {n} step", "Show all {n} steps", len(entries)).format(
                n=len(entries)
            ),
            key="all_steps_wanted",
            on_click=lambda: st.session_state.update(all_steps=True),
        )


def words(entry: TimelineEntry) -> tuple[str, str]:
    """What happened, in words, and its icon."""
    if entry.kind.startswith("dispute_"):
        state = status_badges.word(status_badges.DISPUTE, entry.kind.removeprefix("dispute_"))
        return _("Dispute: {state}").format(state=state), "gavel"
    text, icon = _WORDS.get(entry.kind, ("", "circle"))
    if entry.who is not None:
        return _(text).format(who=entry.who), icon
    return _(text) if text else status_badges.made_from(entry.kind), icon


def label(entry: TimelineEntry, what: str, zone: ZoneInfo) -> str:
    """One line of markdown; what comes from outside is escaped in it."""
    parts = [f":gray[{safe_text(i18n.moment(entry.at, zone))}]", f"**{safe_text(what)}**"]
    if entry.amount_minor is not None and entry.currency:
        amount = columns.money(entry.amount_minor, entry.currency)
        parts.append(safe_text(f"{amount} {entry.currency.upper()}"))
    if entry.detail and entry.detail != "authorized":
        shown = entry.detail if entry.kind == "event" else stripe_labels.words(entry.detail)
        parts.append(safe_text(shown))
    # Narrow spaces would fold into one: these keep the columns apart.
    return "\N{EN SPACE}".join(parts)


def _opened(entry: TimelineEntry, attempt: Attempt | None, address: str | None) -> None:
    row = st.container(horizontal=True, vertical_alignment="center")
    row.code(entry.stripe_id, language=None)
    if address:
        row.link_button(_("In Stripe"), address, type="tertiary", icon=":material/open_in_new:")
    if entry.note:
        st.text(entry.note)
    if attempt is not None:
        for line in _outcome_lines(attempt):
            st.text(line)


def _outcome_lines(attempt: Attempt) -> Sequence[str]:
    """What an attempt's outcome says, in lines of plain text."""
    method = columns.method(attempt.method_type, attempt.card_brand, attempt.card_last4)
    risk = status_badges.word(status_badges.RISK, attempt.risk_level)
    lines = [_("Method: {method}").format(method=method)]
    if attempt.risk_score is not None:
        lines.append(_("Risk: {score}, {level}").format(score=attempt.risk_score, level=risk))
    message = attempt.failure_message or attempt.seller_message
    if message:
        lines.append(_("Message: {text}").format(text=message))
    if meaning := error_explanations.meaning_of(attempt):
        lines.append(_("Meaning: {text}").format(text=meaning))
    return lines
