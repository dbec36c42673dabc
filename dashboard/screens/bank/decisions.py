"""What stays for a person: proposals side by side, and payouts that the bank does not show."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from core.actions.bank import matches
from core.actions.bank.matches import NewMatch
from core.domain.bank_matching import COMBINED, SPLIT, OpenLine, OpenPayout
from core.money import Money
from core.reads.bank import missing_payouts as missing_reads
from core.reads.bank import proposals as reads
from core.reads.bank.missing_payouts import MissingPayout
from core.reads.bank.proposals import ProposalRow
from core.reads.search import totals
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.screens.bank import labels
from dashboard.screens.bank.messages import FLASH
from dashboard.ui import columns, list_heads, navigation, status_badges, viewer, widgets
from dashboard.ui.data_table import Column, DataTable, currency, money, opener, text
from dashboard.ui.kit import links
from dashboard.ui.widgets import safe_text

#: More are told of by their number: what is decided makes room.
MOST = 20
MISSING: dict[str, Column[MissingPayout]] = {
    "amount": money(N_("Amount"), lambda one: columns.money(one.amount_minor, one.currency)),
    "currency": currency(lambda one: one.currency),
    "payout": opener(N_("Payout"), lambda one: one.payout_id),
    "expected": text(N_("Arrives"), lambda one: i18n.day(one.arrives_on)),
    "due": text(N_("Due"), lambda one: i18n.day(one.due_on)),
}
MISSING_TABLE = DataTable("bank_missing", N_("Payouts that the bank does not show"), MISSING)
AWAITED_TABLE = DataTable("bank_awaited", N_("Payouts without a statement of their days"), MISSING)


def draw() -> None:
    """Proposals, then what the bank does not show though its statements are here; last and folded
    what waits for a statement, which nobody can decide about."""
    livemode, today = viewer.livemode(), datetime.now(UTC).date()
    waiting = viewer.read(reads.proposals, livemode=livemode)
    unmatched = viewer.read(missing_reads.missing_payouts, livemode=livemode, today=today)
    missing = [one for one in unmatched if one.is_covered]
    awaited = [one for one in unmatched if not one.is_covered]
    if not waiting and not missing:
        widgets.empty(
            _("Nothing is left to decide"),
            _("Every payout of the statements' days has its line, and no line may be a payout."),
            icon=":material/check_circle:",
        )
    if waiting:
        said = ngettext("{n} proposed match", "{n} proposed matches", len(waiting))
        st.caption(said.format(n=i18n.number(len(waiting))))
    for one in waiting[:MOST]:
        _card(one)
    if missing:
        with st.container(border=True):
            widgets.card_title(_("Payouts that the bank does not show"))
            _listed(MISSING_TABLE, missing)
    if awaited:
        said = ngettext(
            "{n} payout waits for a statement of its day",
            "{n} payouts wait for statements of their days",
            len(awaited),
        )
        with st.expander(
            said.format(n=i18n.number(len(awaited))), icon=":material/hourglass_empty:"
        ):
            _listed(AWAITED_TABLE, awaited)
    if (payout_id := st.session_state.pop("bank_payout_opened", None)) and _may_see_payouts():
        viewer.go("payout", id=payout_id)


def _listed(table: DataTable[MissingPayout], found: Sequence[MissingPayout]) -> None:
    """Payouts with what they come to; each opens, for who may see it."""
    amounts = [Money(one.amount_minor, one.currency) for one in found]
    st.caption(list_heads.text(totals.of_amounts(amounts)))
    target = links.screen("payout") if _may_see_payouts() else None
    table.draw(table.frame(found), _remember, target=target)


def _remember(payout_id: str) -> None:
    st.session_state["bank_payout_opened"] = payout_id


def _may_see_payouts() -> bool:
    return navigation.may_open(viewer.signed_in(), "payout")


def _card(one: ProposalRow) -> None:
    key = _key(one)
    with st.container(border=True, key=f"proposal_{key}"):
        st.markdown(f"**{_(labels.WHY[one.why])}**")
        left, right = st.columns(2)
        with left:
            st.caption(_("The bank's lines"))
            for line in one.lines:
                _line(line)
        with right:
            st.caption(_("Stripe's payouts"))
            for payout in one.payouts:
                _payout(payout)
        lines, payouts = _chosen(one, key)
        off = sum(x.amount_minor for x in lines) - sum(x.amount_minor for x in payouts)
        if off:
            said = _("The bank booked {amount} more or less than Stripe paid: say why.")
            amount = labels.exact(off, lines[0].currency)
            st.markdown(f":red[{safe_text(said.format(amount=amount))}]")
        _buttons(one, key, lines, payouts, off)


def _key(one: ProposalRow) -> str:
    ids = [*(str(line.line_id) for line in one.lines), *(p.payout_id for p in one.payouts)]
    return "-".join(ids)


def _line(line: OpenLine) -> None:
    amount = labels.exact(line.amount_minor, line.currency)
    st.markdown(f"**{safe_text(amount)}** · {i18n.day(line.booked_on)}")
    said = " · ".join(filter(None, (line.name, line.text, *line.references)))
    st.caption(safe_text(said[:300]))


def _payout(payout: OpenPayout) -> None:
    amount = labels.exact(payout.amount_minor, payout.currency)
    row = st.container(horizontal=True, vertical_alignment="center")
    row.markdown(f"**{safe_text(amount)}** · {labels.day(payout.arrives_on)}", width="content")
    with row:
        status_badges.badge(status_badges.PAYOUT, payout.status)
    if _may_see_payouts():
        st.page_link(
            navigation.named("payout"),
            label=safe_text(payout.payout_id),
            icon=":material/account_balance:",
            query_params={"id": payout.payout_id},
        )
    else:
        st.caption(safe_text(payout.payout_id))


def _chosen(one: ProposalRow, key: str) -> tuple[Sequence[OpenLine], Sequence[OpenPayout]]:
    """All of them where they belong together; else one of each side."""
    if one.why in (COMBINED, SPLIT):
        return one.lines, one.payouts
    line, payout = one.lines[0], one.payouts[0]
    row = st.container(horizontal=True)
    if len(one.lines) > 1:
        line = row.selectbox(
            _("Line"),
            one.lines,
            format_func=lambda x: (
                f"{labels.exact(x.amount_minor, x.currency)} · {i18n.day(x.booked_on)}"
                f" · {x.text[:40]}"
            ),
            key=f"proposal_line_{key}",
        )
    if len(one.payouts) > 1:
        payout = row.selectbox(
            _("Payout"), one.payouts, format_func=labels.payout, key=f"proposal_payout_{key}"
        )
    return (line,), (payout,)


def _buttons(
    one: ProposalRow,
    key: str,
    lines: Sequence[OpenLine],
    payouts: Sequence[OpenPayout],
    off: int,
) -> None:
    row = st.container(horizontal=True, vertical_alignment="bottom")
    row.text_input(_("Reason"), key=f"proposal_reason_{key}", max_chars=matches.LONGEST_REASON)
    row.button(
        _("Accept"),
        key=f"proposal_accept_{key}",
        icon=":material/check:",
        type="primary",
        on_click=_accept,
        args=(one, key, lines, payouts, off),
    )
    row.button(
        _("Refuse"),
        key=f"proposal_refuse_{key}",
        icon=":material/close:",
        help=_("It is not proposed again. It may still be matched by hand."),
        on_click=_refuse,
        args=(one, key),
    )


def _reason(one: ProposalRow, key: str) -> str:
    """What was typed; of what needs no reason, that it had been proposed."""
    typed = " ".join(st.session_state[f"proposal_reason_{key}"].split())
    return typed or f"proposed: {one.why}"


def _accept(
    one: ProposalRow,
    key: str,
    lines: Sequence[OpenLine],
    payouts: Sequence[OpenPayout],
    off: int,
) -> None:
    if off and not st.session_state[f"proposal_reason_{key}"].strip():
        FLASH.set(_("Nothing was changed. The amounts differ: say why."), "error")
        return
    new = NewMatch(
        [line.line_id for line in lines],
        [payout.payout_id for payout in payouts],
        _reason(one, key),
        accepts_difference=bool(off),
    )
    FLASH.perform(_("They are matched."), matches.match_by_hand, new, livemode=viewer.livemode())


def _refuse(one: ProposalRow, key: str) -> None:
    new = NewMatch(
        [line.line_id for line in one.lines],
        [payout.payout_id for payout in one.payouts],
        _reason(one, key),
    )
    done = _("It is not proposed any more.")
    FLASH.perform(done, matches.refuse, new, livemode=viewer.livemode())
