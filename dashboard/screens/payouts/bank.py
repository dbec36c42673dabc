"""One payout at the bank: its lines, what is in transit, and what happened in order of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time

import streamlit as st

from core.access.rights import MANAGE_BANK
from core.money import Money
from core.reads.payouts.at_bank import MATCHED, AtBank, PayoutLine
from core.reads.payouts.detail import PayoutDetail
from dashboard import i18n
from dashboard.i18n import N_, _
from dashboard.screens.payouts import labels
from dashboard.ui import drawer, navigation, status_badges, stripe_labels, viewer, widgets
from dashboard.ui.status_badges import Kind
from dashboard.ui.widgets import safe_text

STATES: Kind = {
    "matched": (N_("Matched"), "green"),
    "under_way": (N_("Under way"), "blue"),
    "late": (N_("Late at the bank"), "red"),
    "no_statement": (N_("No statement yet"), "orange"),
    "nothing": (N_("Never arrives"), "gray"),
}
HOW = {
    "trace_id": N_("by its trace id"),
    "amount": N_("by its amount"),
    "person": N_("by {name}"),
}
#: What an event of Stripe's says, with its icon; others say nothing that people look for.
EVENTS = {
    "payout.created": (N_("Made at Stripe"), ":material/add_circle:"),
    "payout.paid": (N_("Paid, as Stripe says"), ":material/task_alt:"),
    "payout.failed": (N_("Failed"), ":material/error:"),
    "payout.canceled": (N_("Canceled"), ":material/cancel:"),
}


@dataclass(frozen=True, slots=True)
class Moment:
    """What happened when (UTC). `is_day`: only the day is known."""

    at: datetime
    icon: str
    words: str
    is_day: bool = False


def card(found: PayoutDetail, bank: AtBank) -> None:
    """The bank's lines, or why there are none; what is still in transit."""
    with st.container(border=True):
        head = st.container(horizontal=True, vertical_alignment="center")
        head.header(_("At the bank"), anchor=False, width="content")
        with head:
            status_badges.badge(STATES, bank.state)
        currency = found.payout.amount.currency
        in_transit = labels.exact(Money(bank.in_transit_minor, currency))
        shown = {_("Not seen at the bank"): in_transit}
        if bank.state != MATCHED:
            shown[_("Expected by")] = i18n.day(bank.due_on) if bank.due_on else "–"
        drawer.facts(shown)
        for line in bank.lines:
            _line(line)


def _line(line: PayoutLine) -> None:
    part = labels.exact(Money(line.matched_minor, line.currency))
    whole = labels.exact(Money(line.line_minor, line.currency))
    how = _(HOW[line.how]).format(name=line.matched_by)
    drawer.facts(
        {
            _("Booked"): i18n.day(line.booked_on),
            _("Amount"): part
            if part == whole
            else _("{part} of {whole}").format(part=part, whole=whole),
            _("Text"): line.text[:200],
            _("Account"): line.account,
            _("Matched"): f"{how}, {i18n.minute(line.matched_at, viewer.zone())}",
            _("Reason"): line.reason,
        }
    )
    if viewer.signed_in().may(MANAGE_BANK):
        st.page_link(
            navigation.named("bank"),
            label=_("Bank line #{number}").format(number=line.line_id),
            icon=":material/assured_workload:",
            query_params={"part": "lines", "line": str(line.line_id)},
        )


def timeline(found: PayoutDetail, bank: AtBank) -> None:
    """Made, expected, paid or failed with its reason, booked by the bank: in order of time."""
    with st.container(border=True):
        widgets.card_title(_("What happened"))
        for one in moments(found, bank):
            when = i18n.day(one.at.date()) if one.is_day else i18n.minute(one.at, viewer.zone())
            st.markdown(f"{one.icon} {safe_text(one.words)}  \n:small[{when}]")


def moments(found: PayoutDetail, bank: AtBank) -> list[Moment]:
    """What is known to have happened, or is expected."""
    row = found.payout
    made = [_event(row.created_at, "payout.created", found)]
    if row.arrival_at is not None:
        said = _("Expected at the bank")
        made.append(Moment(row.arrival_at, ":material/event:", said, is_day=True))
    known = {one.type: one.at for one in bank.events}
    made += [
        _event(at, type_, found)
        for type_, at in known.items()
        if type_ in EVENTS and type_ != "payout.created"
    ]
    ended = f"payout.{row.status}"
    if row.status in ("failed", "canceled") and ended not in known:
        # Its event is not kept: the reading says that it is so, not when.
        made.append(_event(found.as_of, ended, found))
    if found.returned is not None:
        back = _("Its money came back to Stripe's balance")
        made.append(Moment(found.returned.created_at, ":material/undo:", back))
    for line in bank.lines:
        amount = labels.exact(Money(line.line_minor, line.currency))
        booked = _("Booked by the bank, {amount}").format(amount=amount)
        noon = datetime.combine(line.booked_on, time(12), UTC)
        made.append(Moment(noon, ":material/account_balance:", booked, is_day=True))
        made.append(Moment(line.matched_at, ":material/link:", _("Matched with the bank")))
    return sorted(made, key=lambda one: one.at)


def _event(at: datetime, type_: str, found: PayoutDetail) -> Moment:
    words, icon = EVENTS[type_]
    why = stripe_labels.words(found.payout.failure_code) if type_ == "payout.failed" else ""
    return Moment(at, icon, f"{_(words)}: {why}" if why else _(words))
