"""The queue of what differs: both sides, cause, who looks into it, since when and until when."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import streamlit as st

from core.reads.proof import breaks as reads
from core.reads.proof.breaks import BreakRow
from dashboard.i18n import N_, _, ngettext
from dashboard.screens.proof import labels
from dashboard.ui import drawer, file_links, live, status_badges, viewer, widgets
from dashboard.ui.data_table import (
    Column,
    DataTable,
    Empty,
    chips,
    currency,
    money,
    opener,
    text,
)
from dashboard.ui.kit import links

VIEWS = {
    "open": N_("Unresolved"),
    "expected": N_("Expected"),
    "explained": N_("Explained"),
    "closed": N_("Gone"),
    "all": N_("All"),
}
#: The parameter of the URL that names the open row.
OPENS = "difference"
NOTHING_OPEN = Empty(
    N_("Nothing differs"),
    N_("All that was held agrees to the smallest unit. New differences appear here by themselves."),
    ":material/check_circle:",
)
NONE_HERE = Empty(N_("No difference here"), N_("Choose another state, or take a filter out."))


def queue(now: datetime, at: live.Moment) -> None:
    """Filters, the rows as they are at a moment, the pages, and their file."""
    livemode = viewer.livemode()
    known = live.read(at, reads.filters, livemode=livemode)
    row = st.container(horizontal=True, vertical_alignment="center")
    row.header(_("Differences"), anchor=False, width="content")
    with row:
        view = widgets.url_choice(_("State"), "view", VIEWS, default="open")
        kind = widgets.url_select(_("Any kind"), "kind", known.kinds, labels.kind)
        of = widgets.url_select(_("Any currency"), "of", known.currencies, str.upper)
        file_links.money_links(st, "differences", view=view, kind=kind, currency=of)
    cursor, older = widgets.cursor()
    page = live.read(
        at,
        reads.page,
        livemode=livemode,
        view=view,
        kind=kind or None,
        currency=of or None,
        cursor=cursor,
        older=older,
    )
    said = ngettext("{n} shown, newest first", "{n} shown, newest first", len(page.rows))
    empty = NOTHING_OPEN if view == "open" and not (kind or of) else NONE_HERE
    table = DataTable("differences", N_("Differences"), _columns(now), placeholder="", empty=empty)
    table.draw(
        table.frame(page.rows),
        partial(drawer.remember, OPENS),
        target=links.here(OPENS),
        chosen=drawer.asked(OPENS),
        caption=said.format(n=len(page.rows)),
        hidden=() if view == "all" else ("state",),
    )
    if page.newer or page.older:
        widgets.pager(newer=page.newer, older=page.older)


def _columns(now: datetime) -> dict[str, Column[BreakRow]]:
    def side(minor: int | None, row: BreakRow) -> str:
        return labels.amount(minor, row.currency)

    return {
        "number": opener(
            N_("No."), lambda row: str(row.number), shown=lambda row: f"#{row.number}"
        ),
        "kind": text(N_("What"), lambda row: labels.kind(row.kind), cut=17),
        "state": chips(
            N_("State"),
            lambda row: status_badges.cell(row.state),
            status_badges.DIFFERENCE,
        ),
        "ours": money(N_("Ours"), lambda row: side(row.ours_minor, row)),
        "theirs": money(N_("Theirs"), lambda row: side(row.theirs_minor, row)),
        "difference": money(N_("Difference"), lambda row: side(row.difference_minor, row)),
        "currency": currency(lambda row: row.currency),
        "due": text(N_("Due"), lambda row: labels.due(row.due_at, now)),
        "cause": text(N_("Likely cause"), lambda row: labels.cause(row.cause), cut=28),
        "owner": text(N_("Owner"), lambda row: row.owner_name or "", optional=True),
        "age": text(N_("Found"), lambda row: labels.age(row.found_at, now)),
        "object": text(N_("Object"), lambda row: labels.thing(row.identity, row.object_id), cut=20),
    }
