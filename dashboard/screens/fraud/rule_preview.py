"""What the draft would have done, beside the rules in force, and the button that it opens."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core import clock
from core.actions.fraud import rule_sets as actions
from core.actions.fraud.backtests import Preview
from core.money import Money, show
from core.risk.drafts import Draft
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.screens.fraud import rule_drafts
from dashboard.screens.fraud.messages import FLASH
from dashboard.screens.fraud.rule_drafts import Tried
from dashboard.ui import customer_links, status_badges, viewer, widgets
from dashboard.ui.kit import cards, links, table
from dashboard.ui.kit.cells import Cell, chip

_OUTCOME: status_badges.Kind = {"fraud": (N_("Fraud"), "red"), "good": (N_("Good"), "green")}
_OPENED, _REASON, _UNSAID = "newly_opened", "rules_reason", "rules_reason_missing"


def draw(draft: Draft, body: str | None, *, changed: bool) -> None:
    """The result of exactly this draft, or how to get it; then the way to put it in force.

    `body` None: something in the draft is wrong. `changed`: it is not what is in force.
    """
    livemode = viewer.livemode()
    with st.container(border=True, key="preview_card"):
        widgets.card_title(_("What it would have done"))
        asked = st.button(
            _("Run again") if rule_drafts.was_tried() else _("Try on the past"),
            key="rules_try",
            icon=":material/history:",
        )
        if body is None:
            st.caption(_("Something in the draft is wrong: it is said at its field."))
        elif asked:
            rule_drafts.try_out(body, livemode)
        tried = rule_drafts.tried(body, livemode)
        if tried is not None:
            _result(tried)
        elif body is not None and rule_drafts.was_tried():
            st.caption(_("The draft changed since it was tried."))
        elif body is not None:
            st.caption(_("Nothing is changed and nothing is sent by trying."))
    if tried is not None and tried.found is not None and tried.found.newly:
        _newly(tried.found)
    _save_card(draft, tried, changed=changed)


def _result(tried: Tried) -> None:
    found = tried.found
    if found is None:
        st.info(_("No paid payment has a score yet: there is no past to try rules on."))
        return
    cards.draw("preview", _figures(found), narrow=112, leaves=False)
    _money(found)
    zone = viewer.zone()
    ends = (found.asked.since, found.asked.until)
    since, until = (i18n.day(clock.business_day(at, zone)) for at in ends)
    said = ngettext(
        "{n} paid payment with a score, {fraud} fraud, {since} to {until}.",
        "{n} paid payments with a score, {fraud} of them fraud, {since} to {until}.",
        found.payments,
    )
    numbers = {"n": i18n.number(found.payments), "fraud": i18n.number(found.fraud)}
    st.caption(said.format(**numbers, since=since, until=until))
    st.caption(
        _("They are so young that disputes may still come.")
        if found.young
        else _("Younger ones are left out: a dispute may still come.")
    )


def _figures(found: Preview) -> list[cards.Card]:
    """Counts of the draft with their change against the rules in force."""
    tried, before = found.tried, found.before

    def card(label: str, now: int, then: int, *, more_is_good: bool | None) -> cards.Card:
        change = now - then
        better = None if more_is_good is None or not change else (change > 0) == more_is_good
        said = f"{change:+,}" if change else "±0"
        return cards.Card(
            label,
            i18n.number(now),
            change=said,
            note=_("in force: {count}").format(count=i18n.number(then)),
            is_good=better,
        )

    return [
        card(_("Fraud caught"), tried.caught, before.caught, more_is_good=True),
        card(_("Fraud missed"), tried.missed_fraud, before.missed_fraud, more_is_good=False),
        card(_("Good ones stopped"), tried.refused_good, before.refused_good, more_is_good=False),
        card(_("Flagged, medium or high"), found.flagged, found.flagged_before, more_is_good=None),
    ]


def _money(found: Preview) -> None:
    """A line a currency and measure: nothing is summed over them."""
    measures = (
        (_("Fraud caught"), found.tried.saved, found.before.saved),
        (_("Fraud missed"), found.tried.missed, found.before.missed),
        (_("Good ones stopped"), found.tried.lost, found.before.lost),
    )
    columns = (
        table.Column("measure", _("Money"), place="a"),
        table.Column("draft", _("Draft"), is_figure=True, place="b"),
        table.Column("before", _("In force"), is_figure=True, place="d"),
    )
    rows = []
    for code in sorted({code for _name, *parts in measures for part in parts for code in part}):
        for name, now, then in measures:
            if now.get(code) or then.get(code):
                label = _("{measure}, {currency}").format(measure=name, currency=code.upper())
                shown, before = (show(Money(part.get(code, 0), code)) for part in (now, then))
                note = _("in force: {count}").format(count=before)
                rows.append(table.Row((Cell(label), Cell(shown), Cell(note))))
    if not rows:
        st.caption(_("Neither would have refused anything."))
        return
    alt = _("Money against the rules in force")
    table.draw("preview_money", columns, rows, alt=alt)


def _newly(found: Preview) -> None:
    with st.container(border=True):
        widgets.card_title(_("Newly stopped by it"))
        columns = (
            table.Column("amount", _("Amount"), is_figure=True, place="a"),
            table.Column("created", _("Created"), place="c"),
            table.Column("was", _("Was"), place="b"),
            table.Column("payment", _("Payment"), cut=30),
        )
        page, zone = links.screen("payment"), viewer.zone()
        rows = [
            table.Row(
                (
                    Cell(f"{show(Money(one.amount_minor, one.currency))} {one.currency.upper()}"),
                    Cell(i18n.minute(one.created_at, zone)),
                    Cell(chips=(chip(_OUTCOME, "fraud" if one.fraud else "good"),)),
                    Cell(one.payment_id, is_code=True),
                ),
                one.payment_id,
                page.address(one.payment_id),
            )
            for one in found.newly
        ]
        alt = _("The newest payments that the draft stops and the rules in force do not")
        st.caption(alt)
        table.draw("newly", columns, rows, alt=alt, leaves=True, on_open=_remember)
        if payment := st.session_state.pop(_OPENED, None):
            customer_links.open_clicked(payment, "payment")


def _remember(payment_id: str) -> None:
    st.session_state[_OPENED] = payment_id


def _save_card(draft: Draft, tried: Tried | None, *, changed: bool) -> None:
    """Why, and the button: it opens once the result of this draft was seen."""
    second = viewer.action_context().approvals.rules
    state = st.session_state
    with st.container(border=True, key="save_card"):
        widgets.card_title(_("Put in force"))
        viewer.confirm_first("/fraud?tab=rules", is_kept=True)
        rule_drafts.fill(_REASON, draft.reason)
        st.text_input(
            _("Why this change?"),
            key=_REASON,
            max_chars=actions.LONGEST_REASON,
            on_change=_keep_reason,
            args=(draft,),
        )
        if state.pop(_UNSAID, False):
            said = _("Say why: it stands with the version for good.")
            st.markdown(f":small[:red[{said}]]")
        missing = ""
        if not changed:
            missing = _("Nothing is changed yet.")
        elif tried is None:
            missing = _("Try this draft on the past first, and look at what comes of it.")
        row = st.container(horizontal=True)
        row.button(
            _("Ask a second person to put it in force") if second else _("Put in force"),
            key="rules_save",
            type="primary",
            icon=":material/publish:",
            disabled=bool(missing),
            on_click=_save,
            args=(tried.body if tried else None,),
        )
        if rule_drafts.is_begun():
            row.button(
                _("Discard draft"),
                key="rules_reset",
                type="tertiary",
                on_click=rule_drafts.discard,
            )
        if missing:
            st.caption(missing)


def _keep_reason(base: Draft) -> None:
    reason = st.session_state[_REASON]
    rule_drafts.change(base, lambda draft: replace(draft, reason=reason))


def _save(tried_body: str | None) -> None:
    """Put exactly what was tried in force; a button that the browser opened by itself does not."""
    if tried_body is None or rule_drafts.tried(tried_body, viewer.livemode()) is None:
        return
    reason = st.session_state[_REASON]
    if not reason.strip():
        st.session_state[_UNSAID] = True
        return
    done = _("The rules are in force for every payment from now on.")
    outcome = FLASH.perform(done, actions.change, tried_body, reason)
    if outcome.done and outcome.value is None:
        FLASH.set(_("The rules wait: another person puts them in force."), "info")
    if outcome.done:
        rule_drafts.discard()
