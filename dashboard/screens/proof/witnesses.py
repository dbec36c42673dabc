"""Whether all witnesses agree: a row for each, its figure, and by how much it differs."""

from __future__ import annotations

from collections.abc import Sequence

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
from dashboard.ui.kit import table
from dashboard.ui.kit.cells import Cell, chip
from dashboard.ui.kit.table import Column, Row
from dashboard.ui.status_badges import Tone

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
        # In one part: as elements of their own, its cells took longer to send than all the rest.
        table.draw(
            f"witnesses_{closing.currency}_{closing.balance_type}",
            (
                Column("witness", _("Witness"), place="a"),
                Column("figure", _("Its figure"), is_figure=True, place="b"),
                Column("difference", _("Difference"), is_figure=True, place="d"),
                Column("read", _("Read"), place="c"),
                # A phone has the difference, whose colour says the same.
                Column("verdict", _("Verdict")),
            ),
            [Row(_cells(one, closing.currency)) for one in found],
            alt=_("Do all agree?"),
        )


def verdict(one: Witness) -> str:
    """A key of `status_badges.VERDICT`."""
    if one.name == LEDGER:
        return "reference"
    if one.difference_minor is None:
        return "unknown"
    return "differs" if one.difference_minor else "agrees"


def _cells(one: Witness, currency: str) -> tuple[Cell, ...]:
    off = one.difference_minor
    tone: Tone | None = None
    if off is not None:
        # Nothing is a figure too: it was looked for and found to be so.
        tone = "red" if off else "green"
    return (
        Cell(_(labels.WITNESSES[one.name]), note=_how(one)),
        Cell(_shown(one.figure_minor, currency)),
        Cell(_shown(off, currency), tone=tone),
        Cell(i18n.minute(one.read_at, viewer.zone()) if one.read_at else "–"),
        Cell(chips=(chip(status_badges.VERDICT, verdict(one)),)),
    )


def _shown(minor: int | None, currency: str) -> str:
    return "–" if minor is None else money(minor, currency)


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
