"""One line of a statement: what it says, which payouts it is, and what a person may do about it."""

from __future__ import annotations

import streamlit as st

from core.actions.bank import matches
from core.actions.bank.matches import NewMatch
from core.errors import NotFound
from core.reads.bank import candidates as candidate_reads
from core.reads.bank import lines as reads
from core.reads.bank.lines import LineRow, MatchRow
from dashboard import i18n
from dashboard.i18n import _
from dashboard.screens.bank import labels
from dashboard.screens.bank.messages import FLASH
from dashboard.ui import drawer, navigation, status_badges, viewer, widgets
from dashboard.ui.widgets import safe_text


def body(asked: str) -> None:
    """What the drawer shows."""
    livemode = viewer.livemode()
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 19 else 0
    try:
        line = viewer.read(reads.by_number, livemode=livemode, line_id=number)
    except NotFound:
        drawer.gone(_("There is no such line here"))
        return
    FLASH.show()
    head = st.container(horizontal=True, vertical_alignment="center")
    amount = labels.exact(line.amount_minor, line.currency)
    head.markdown(f"**{safe_text(amount)}**", width="content")
    with head:
        status_badges.badge(labels.STATES, line.state)
    drawer.facts(_facts(line))
    for one in line.matches:
        _match(line, one)
    if not line.matches:
        _by_hand(line)
    _history(line)


def _facts(line: LineRow) -> dict[str, str | None]:
    return {
        _("Booked"): i18n.day(line.booked_on),
        _("Value date"): i18n.day(line.value_on) if line.value_on else None,
        _("Name"): line.name,
        _("Text"): line.text,
        _("References"): "\n".join(line.references),
        _("Account"): line.account_name or line.account,
        _("Statement"): f"#{line.statement_id}",
    }


def _match(line: LineRow, one: MatchRow) -> None:
    """A payout that it is, and how to take that back; of several the first takes all back."""
    with st.container(border=True):
        if navigation.may_open(viewer.signed_in(), "payout"):
            st.page_link(
                navigation.named("payout"),
                label=safe_text(one.payout_id),
                icon=":material/account_balance:",
                query_params={"id": one.payout_id},
            )
        else:
            st.text(one.payout_id)
        at = i18n.minute(one.matched_at, viewer.zone())
        amount = labels.exact(one.amount_minor, line.currency)
        said = " · ".join(filter(None, (amount, labels.how(one), at, one.reason)))
        st.caption(safe_text(said))
        if one is line.matches[0]:
            undoing(one)


def undoing(one: MatchRow) -> None:
    """A reason, and the button that takes a decision back."""
    st.text_input(
        _("Why is it not so?"), key=f"undo_reason_{one.decision}", max_chars=matches.LONGEST_REASON
    )
    st.button(
        _("Undo the match"),
        key=f"undo_{one.decision}",
        icon=":material/undo:",
        help=_("Line and payout are open again, and are not matched by the machine any more."),
        on_click=_undo,
        args=(one.decision,),
    )


def _undo(decision: str) -> None:
    reason = " ".join(st.session_state[f"undo_reason_{decision}"].split())
    done = _("The match is undone.")
    FLASH.perform(done, matches.undo, decision, reason, livemode=viewer.livemode())


def _by_hand(line: LineRow) -> None:
    """Payouts to choose from, those of its amount first."""
    found = viewer.read(candidate_reads.candidates, livemode=viewer.livemode(), line=line)
    with st.container(border=True):
        widgets.card_title(_("Match by hand"))
        if not found:
            st.caption(_("No payout of this currency is without a line."))
            return
        by_id = {one.payout_id: one for one in found}
        key = f"hand_{line.line_id}"
        chosen = st.multiselect(
            _("Payouts"),
            list(by_id),
            format_func=lambda one: labels.payout(by_id[one]),
            key=f"{key}_payouts",
        )
        off = line.amount_minor - sum(by_id[one].amount_minor for one in chosen)
        if chosen and off:
            said = _("The line differs by {amount} from these payouts.")
            amount = labels.exact(off, line.currency)
            st.markdown(f":red[{safe_text(said.format(amount=amount))}]")
            st.checkbox(_("Match them all the same"), key=f"{key}_accepts")
        st.text_input(_("Reason"), key=f"{key}_reason", max_chars=matches.LONGEST_REASON)
        st.button(
            _("Match"),
            key=f"{key}_now",
            icon=":material/link:",
            type="primary",
            disabled=not chosen,
            on_click=_match_now,
            args=(line.line_id,),
        )


def _match_now(line_id: int) -> None:
    key, state = f"hand_{line_id}", st.session_state
    new = NewMatch(
        [line_id],
        state[f"{key}_payouts"],
        " ".join(state[f"{key}_reason"].split()),
        accepts_difference=bool(state.get(f"{key}_accepts")),
    )
    FLASH.perform(_("They are matched."), matches.match_by_hand, new, livemode=viewer.livemode())


def _history(line: LineRow) -> None:
    """What it was matched with, or refused as, before."""
    found = viewer.read(reads.matches, livemode=viewer.livemode(), line_id=line.line_id)
    gone = [one for one in found if one.undone_at is not None]
    if not gone:
        return
    st.caption(_("Before"))
    for one in gone:
        at = i18n.minute(one.undone_at, viewer.zone()) if one.undone_at else ""
        said = (
            _("{payout}: refused, {time}")
            if not one.amount_minor
            else _("{payout}: undone, {time}")
        )
        told = safe_text(said.format(payout=one.payout_id, time=at))
        st.caption(f"{told} · {safe_text(one.undone_reason)}")
