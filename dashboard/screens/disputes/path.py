"""Where a dispute stands, in a sentence, and its way there: nothing that is not known."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from core.reads.disputes import answers as reads
from core.reads.disputes.answers import Answer
from core.reads.disputes.detail import Dispute, DisputeDetail, Step
from core.reads.payments.parts import FraudWarning
from dashboard import i18n
from dashboard.i18n import N_, _
from dashboard.screens.disputes import labels as dispute_labels
from dashboard.ui import status_badges, stripe_labels, widgets
from dashboard.ui.kit import timeline
from dashboard.ui.kit.timeline import Entry

_ICONS = {
    "won": "check_circle",
    "lost": "cancel",
    "warning_closed": "check_circle",
    "prevented": "shield",
}
#: What a status says by itself, where no answer and no deadline says more.
_STANDING = {
    "under_review": N_("The bank has the answer and decides, usually within 60 to 75 days."),
    "warning_under_review": N_(
        "The bank has the answer. If it asks no more, the inquiry ends by itself after 120 days."
    ),
    "appeal_under_review": N_("The bank has the appeal and decides."),
    "won": N_("The bank decided for you: the money came back."),
    "lost": N_("It is lost: the customer keeps the money."),
    "warning_closed": N_("The inquiry ended without a dispute: no money was taken."),
    "prevented": N_("It was settled before it became a dispute."),
}


def is_late(dispute: Dispute, now: datetime) -> bool:
    """Whether it waits for an answer that Stripe takes no more."""
    gone = dispute.due_by is not None and dispute.due_by <= now
    return dispute_labels.waits(dispute.status) and (dispute.past_due or gone)


def standing_text(detail: DisputeDetail, now: datetime, zone: ZoneInfo) -> str:
    """Where it stands now, in one sentence; empty in a status that is new at Stripe."""
    dispute = detail.dispute
    on_its_way = [one for one in detail.answers if one.confirmed_at is None]
    if on_its_way and dispute_labels.waits(dispute.status):
        return _("An answer is on its way to Stripe; whether it arrived is being resolved.")
    if not dispute_labels.waits(dispute.status):
        accepted = any(one.kind == reads.ACCEPT and one.confirmed_at for one in detail.answers)
        if dispute.status == "lost" and accepted:
            return _("It is lost: the loss was accepted.")
        if dispute.status == "lost" and not dispute.submission_count:
            return _("It is lost: nothing was submitted.")
        return _(_STANDING[dispute.status]) if dispute.status in _STANDING else ""
    if dispute.due_by is None:
        if dispute.past_due:
            return _("The deadline has passed: Stripe takes no answer any more.")
        return _("It waits for an answer. Stripe gives no deadline.")
    when = i18n.minute(dispute.due_by, zone)
    if is_late(dispute, now):
        said = _("The deadline passed {when}: Stripe takes no answer any more, the bank decides.")
        return said.format(when=when)
    return _("Stripe takes an answer until {when}.").format(when=when)


def draw(detail: DisputeDetail, now: datetime, zone: ZoneInfo) -> None:
    """What is known to have happened, oldest first, and the deadline while it waits."""
    widgets.card_title(_("Path"))
    dispute = detail.dispute
    found = [(dispute.created_at, _opened(detail, zone))]
    found += [(one.created_at, _warning(one, zone)) for one in detail.warnings]
    # The first step is the opening itself.
    found += [(one.at, _step(one, zone)) for one in detail.path[1:]]
    found += [(one.asked_at, _answer(one, zone)) for one in detail.answers]
    entries = [entry for _at, entry in sorted(found, key=lambda one: one[0])]
    told = detail.path[-1].status if detail.path else None
    if told != dispute.status:
        entries.append(_as_read(dispute, zone))
    if dispute_labels.waits(dispute.status) and dispute.due_by is not None:
        entries.append(_deadline(dispute, now, zone))
    timeline.draw("dispute_path", entries, alt=_("What happened to the dispute, oldest first"))


def _opened(detail: DisputeDetail, zone: ZoneInfo) -> Entry:
    first = detail.path[0].status if detail.path else detail.dispute.status
    inquiry = first.startswith("warning")
    title = _("The bank asked about the payment") if inquiry else _("The dispute was opened")
    when = i18n.minute(detail.dispute.created_at, zone)
    return Entry(title, when, "help" if inquiry else "gavel", "orange")


def _step(step: Step, zone: ZoneInfo) -> Entry:
    title = status_badges.word(status_badges.DISPUTE, step.status)
    tone = status_badges.tone(status_badges.DISPUTE, step.status)
    icon = _ICONS.get(step.status, "schedule")
    return Entry(title, i18n.minute(step.at, zone), icon, tone)


def _answer(answer: Answer, zone: ZoneInfo) -> Entry:
    said = _("{who} accepted the loss")
    if answer.kind == reads.SUBMIT:
        said = _("{who} submitted evidence")
    note = _("Stripe's answer has not arrived")
    if answer.confirmed_at is not None:
        at = i18n.moment(answer.confirmed_at, zone)
        note = _("Confirmed by Stripe {when}").format(when=at)
    when = i18n.minute(answer.asked_at, zone)
    return Entry(said.format(who=answer.by), when, "send", "blue", note=note)


def _warning(warning: FraudWarning, zone: ZoneInfo) -> Entry:
    note = stripe_labels.words(warning.fraud_type)
    when = i18n.minute(warning.created_at, zone)
    return Entry(_("Early fraud warning"), when, "flag", "orange", note=note)


def _as_read(dispute: Dispute, zone: ZoneInfo) -> Entry:
    """The status as Stripe has it, where no event told since when."""
    title = status_badges.word(status_badges.DISPUTE, dispute.status)
    tone = status_badges.tone(status_badges.DISPUTE, dispute.status)
    when = _("as read {when}").format(when=i18n.minute(dispute.as_of, zone))
    note = _("Since when is not known: no event told of it")
    return Entry(title, when, _ICONS.get(dispute.status, "schedule"), tone, note=note)


def _deadline(dispute: Dispute, now: datetime, zone: ZoneInfo) -> Entry:
    when = i18n.minute(dispute.due_by, zone) if dispute.due_by else ""
    if is_late(dispute, now):
        return Entry(_("The deadline passed"), when, "event_busy", "red")
    left = dispute_labels.left(dispute.due_by, now)
    return Entry(_("Answer by"), when, "event_upcoming", "gray", note=left)
