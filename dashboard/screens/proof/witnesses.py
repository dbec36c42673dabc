"""Whether all witnesses agree: a row for each, its figure, and by how much it differs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.reads.proof.witnesses import (
    BALANCE,
    BANK,
    JOURNAL,
    LEDGER,
    LIST,
    REPORT,
    Closing,
    Witness,
)
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.screens.proof import labels
from dashboard.ui import status_badges, viewer, widgets
from dashboard.ui.columns import money
from dashboard.ui.widgets import safe_text

#: Pixels of what stands at the right of a row.
_FIGURE, _DIFFERENCE, _READ, _VERDICT = 124, 104, 104, 84


NOTHING_READ = N_("nothing was read in these days")
#: What is said of a witness that was not heard.
NOTHING = {
    REPORT: N_("no report of these days was imported"),
    BANK: N_("no statement of these days was imported"),
    JOURNAL: N_("nothing of these days was exported for good"),
}


def card(closing: Closing, found: Sequence[Witness], until: str) -> None:
    """One row a witness. `until` says of when the closing is."""
    with st.container(border=True):
        head = st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        )
        head.header(_("Do all agree?"), anchor=False, width="content")
        head.caption(until, width="content")
        _heads()
        for one in found:
            _row(one, closing.currency)


def verdict(one: Witness) -> str:
    """A key of `status_badges.VERDICT`."""
    if one.name == LEDGER:
        return "reference"
    if one.difference_minor is None:
        return "unknown"
    return "differs" if one.difference_minor else "agrees"


def _heads() -> None:
    row = _line()
    row.caption(_("Witness"), width="stretch")
    row.caption(_("Its figure"), width=_FIGURE, text_alignment="right")
    rest = _rest(row)
    rest.caption(_("Difference"), width=_DIFFERENCE, text_alignment="right")
    rest.caption(_("Read"), width=_READ)
    rest.caption(_("Verdict"), width=_VERDICT)


def _line() -> Any:
    return st.container(horizontal=True, vertical_alignment="center", gap="small")


def _rest(row: Any) -> Any:
    """What a phone has on a second line."""
    return row.container(horizontal=True, vertical_alignment="center", gap="small", width="content")


def _row(one: Witness, currency: str) -> None:
    row = _line()
    with row.container(gap=None, width="stretch"):
        st.markdown(f"**{_(labels.WITNESSES[one.name])}**")
        st.caption(_how(one))
    row.markdown(_shown(one.figure_minor, currency), width=_FIGURE, text_alignment="right")
    off = one.difference_minor
    said = _shown(off, currency)
    if off is not None:
        # Nothing is a figure too: it was looked for and found to be so.
        said = f":red[**{said}**]" if off else f":green[{said}]"
    rest = _rest(row)
    rest.markdown(said, width=_DIFFERENCE, text_alignment="right")
    at = i18n.minute(one.read_at, viewer.zone()) if one.read_at else "–"
    rest.markdown(f":small[{at}]", width=_READ)
    with rest.container(width=_VERDICT):
        status_badges.badge(status_badges.VERDICT, verdict(one))


def _shown(minor: int | None, currency: str) -> str:
    return "–" if minor is None else safe_text(money(minor, currency))


def _how(one: Witness) -> str:
    """How its figure was got."""
    n = one.counted
    if one.name == LEDGER:
        said = ngettext("{n} row, summed", "{n} rows, summed", n)
        return said.format(n=i18n.number(n))
    if one.figure_minor is None:
        return _(NOTHING.get(one.name, NOTHING_READ))
    if one.name == LIST:
        said = ngettext("{n} of {all} day read", "{n} of {all} days read", one.of)
        return said.format(n=i18n.number(n), all=i18n.number(one.of))
    if one.name == BALANCE:
        return _("available and pending, beside the ledger at that moment")
    if one.name == REPORT:
        return _("its ending balance, beside the ledger and payouts under way then")
    if one.name == BANK:
        said = ngettext("{n} of {all} payout came in", "{n} of {all} payouts came in", one.of)
        return said.format(n=i18n.number(n), all=i18n.number(one.of))
    said = ngettext("{n} entry was exported", "{n} entries were exported", n)
    return said.format(n=i18n.number(n))


def empty() -> None:
    """For a mode whose ledger has nothing yet."""
    widgets.empty(
        _("There is nothing to prove yet"),
        _("The ledger comes from Stripe, minutes after the first charge."),
    )
