"""The queue of cases: the table at the left, the case that is worked at the right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core import clock
from core.reads.fraud import cases as reads
from core.reads.fraud.cases import CaseRow, Queue
from core.reads.search.totals import Totals
from dashboard import i18n
from dashboard.i18n import N_, _, pgettext
from dashboard.screens.fraud import case_detail, row_links
from dashboard.screens.fraud import labels as fraud_labels
from dashboard.ui import address, columns, list_heads, status_badges, viewer, widgets
from dashboard.ui.data_table import Column, DataTable, chips, currency, money, opener, text
from dashboard.ui.kit import links

#: Whether cases of a choice are open; None: both.
_IS_OPEN = {"open": True, "mine": True, "closed": False, "all": None}


def _which() -> dict[str, str]:
    """The choices, in the language spoken now."""
    return {
        "open": pgettext("case", "Open"),
        "mine": _("Mine"),
        "closed": pgettext("case", "Closed"),
        "all": _("All"),
    }


def draw(livemode: bool) -> None:
    """Filters, queue, case."""
    found, sums = _asked(livemode)
    left, right = st.columns([5, 6])
    chosen = address.get("case")
    with left:
        _sums(sums)
        if found.rows:
            _table(found.rows, chosen)
        else:
            widgets.empty(
                _("No case is here"),
                _("High scores, issuers' warnings and Radar's reviews come here by themselves."),
                icon=":material/task_alt:",
            )
    with right:
        if chosen:
            case_detail.draw(chosen, livemode)
            _beside(found.rows, chosen)
        elif found.rows:
            widgets.empty(
                _("Choose a case"),
                _("Its factors, its payment and what can be done stand here then."),
                icon=":material/left_click:",
            )
            _beside(found.rows, "")


def _asked(livemode: bool) -> tuple[Queue, Totals]:
    zone = viewer.zone()
    days = {name: row_links.day_read(address.get(name, "")) for name in _DAYS}
    with st.container(horizontal=True, vertical_alignment="center"):
        which = widgets.url_choice(_("Cases"), "cases", _which(), default="open")
        kind = widgets.url_select(
            _("All kinds"),
            "kind",
            reads.KINDS,
            lambda code: status_badges.word(fraud_labels.CASE, code),
            width=170,
        )
        counts = viewer.read(reads.queue, livemode=livemode).open_by_currency
        # A currency sorts by money at risk; all of them, by age.
        currency = widgets.url_select(_("By age"), "currency", [*counts], str.upper, width=120)
        for name, day in days.items():
            if day is not None:
                st.button(
                    _(_DAYS[name]).format(day=i18n.day(day)),
                    key=f"cases_{name}",
                    icon=":material/close:",
                    help=_("Show the other days, too"),
                    on_click=_widen,
                    args=(name,),
                )
    asked: dict[str, Any] = {"livemode": livemode, "is_open": _IS_OPEN[which]}
    asked |= {"kind": kind or None, "currency": currency or None}
    asked["assigned_to"] = viewer.signed_in().user_id if which == "mine" else None
    asked |= {name: row_links.day_of(day, zone) for name, day in days.items()}
    found = viewer.read(reads.queue, by_money=bool(currency), **asked)
    return found, viewer.read(reads.totals, **asked)


def _widen(name: str) -> None:
    address.drop(name)


def _sums(found: Totals) -> None:
    if found.n:
        st.caption(list_heads.text(found))


#: Days that the address may narrow to.
_DAYS = {"opened": N_("Opened {day}"), "decided": N_("Decided {day}")}


def _age(row: CaseRow) -> str:
    return i18n.ago(int((clock.now() - row.opened_at).total_seconds()))


COLUMNS: dict[str, Column[CaseRow]] = {
    "amount": money(
        N_("At risk"), lambda row: columns.money(row.amount.minor, row.amount.currency)
    ),
    "currency": currency(lambda row: row.amount.currency),
    "kind": chips(N_("Kind"), lambda row: status_badges.cell(row.kind), fraud_labels.CASE),
    "age": text(N_("Opened"), _age),
    "id": opener(N_("Case"), lambda row: row.case_id, shown=lambda row: f"…{row.payment_id[-8:]}"),
    "state": chips(N_("State"), lambda row: (row.state,), fraud_labels.states),
    "who": text(N_("With"), lambda row: row.assigned_to, optional=True),
}
TABLE = DataTable("cases", N_("Cases, as sorted above"), COLUMNS, placeholder="–")


def _table(rows: Sequence[CaseRow], chosen: str | None) -> None:
    same = len({row.state for row in rows}) == 1
    TABLE.draw(
        TABLE.frame(rows),
        _show,
        target=links.here("case"),
        chosen=chosen,
        hidden=("state",) if same else (),
    )


def _beside(rows: Sequence[CaseRow], chosen: str) -> None:
    """To the case before and after, by key as well; to the first where none is chosen."""
    ids = [row.case_id for row in rows]
    at = ids.index(chosen) if chosen in ids else -1
    row = st.container(horizontal=True, horizontal_alignment="right")
    for label, step, key in ((_("Previous case"), -1, "k"), (_("Next case"), 1, "j")):
        there = at + step
        row.button(
            label,
            key=f"case_{key}",
            type="tertiary",
            shortcut=key,
            disabled=not 0 <= there < len(ids),
            on_click=_show,
            args=(ids[there] if 0 <= there < len(ids) else "",),
        )


def _show(case_id: str) -> None:
    address.put("case", case_id)
