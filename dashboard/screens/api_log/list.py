"""The API log as a table, with its figures and filters."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from core.reads.developer.api_log import CallRow, Figures
from core.reads.search.query import Query
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.ui import columns, drawer, search_filters, status_badges, widgets
from dashboard.ui.log_list import Nothing
from dashboard.ui.metric_cards import Card, cards
from dashboard.ui.widgets import ROW

SEGMENTS = {
    "": N_("All"),
    "ok": N_("Answered"),
    "402": N_("Declined"),
    "failed": N_("Failed"),
    "none": N_("No answer"),
}


def filters(query: Query) -> None:
    """Segments and the popover."""
    row = st.container(horizontal=True, vertical_alignment="center")
    with row:
        search_filters.segments(query, "status", SEGMENTS, _("Status"))
        popover = search_filters.more(query, "method", "time", "slow", "path")
    with popover:
        search_filters.pills(
            query, "method", _("HTTP method"), ("get", "post", "delete"), str.upper
        )
        search_filters.period(query, "time", _("Time"))
        search_filters.word(query, "slow", _("Duration in ms"), ">500, 100..500")
        search_filters.word(query, "path", _("Part of the path"), "refunds")
        search_filters.clearing(query)


def figures(found: Figures) -> None:
    """How the last hour went."""
    more = "" if found.complete else "+"
    share = Fraction(found.failed, found.calls) if found.calls else None
    said = ngettext("Of the newest {n} call.", "Of the newest {n} calls.", found.calls)
    newest = said.format(n=i18n.number(found.calls)) if more else ""
    cards(
        [
            Card(_("Calls, last hour"), i18n.number(found.calls) + more),
            Card(
                _("Error rate"),
                "–" if share is None else i18n.percent(share),
                exact=_("Answers 4xx and 5xx, and calls without one. Declines are not errors.")
                + (f" {newest}" if newest else ""),
            ),
            Card(_("Declined"), i18n.number(found.declined)),
            Card(
                _("p95 duration"),
                "–" if found.p95_us is None else duration(found.p95_us),
                exact=_("95 of 100 calls were no slower."),
            ),
        ],
        columns=4,
        narrow=130,
    )


def duration(micros: int) -> str:
    """A duration to three digits or so."""
    if micros < 10_000:
        shown = f"{micros // 1000}.{micros % 1000 // 100}"
        return _("{milliseconds} ms").format(milliseconds=shown)
    if micros < 10_000_000:
        return _("{milliseconds} ms").format(milliseconds=i18n.number(micros // 1000))
    shown = f"{micros // 1_000_000}.{micros % 1_000_000 // 100_000}"
    return _("{seconds} s").format(seconds=shown)


def status(row: CallRow) -> str:
    """The status as the code of a chip."""
    return "none" if row.status is None else str(row.status)


def kinds(rows: Sequence[CallRow]) -> status_badges.Kind:
    """Words and colours of the statuses that stand in a list."""
    return {code: (_WORDS.get(code, code), _tone(code)) for code in sorted(set(map(status, rows)))}


_WORDS = {"none": N_("No answer")}


def _tone(code: str) -> str:
    if code == "402":
        return "orange"
    return {"2": "green", "3": "gray", "4": "red", "5": "red"}.get(code[:1], "red")


def frame(rows: Sequence[CallRow]) -> pd.DataFrame:
    """One line a call."""
    return pd.DataFrame(
        {
            "status": [status_badges.cell(status(row)) for row in rows],
            "method": [row.method for row in rows],
            "path": [row.path for row in rows],
            "duration": [duration(row.duration_us) for row in rows],
            "error": [row.error or "" for row in rows],
            "attempt": [row.attempt for row in rows],
            "time": [row.started_at for row in rows],
            "request": [row.request_id or "" for row in rows],
            "call": [columns.opener(str(row.seq)) for row in rows],
        }
    )


def table(rows: Sequence[CallRow], shaped: pd.DataFrame, zone: ZoneInfo) -> None:
    """Draw the table; a click on a call's number opens its drawer."""

    def clicked() -> None:
        drawer.remember("call", columns.opened("calls_open"))

    hidden = {"error"} if not any(row.error for row in rows) else set()
    st.dataframe(
        shaped,
        hide_index=True,
        height=widgets.height(len(rows)),
        row_height=ROW,
        column_order=[name for name in shaped.columns if name not in hidden],
        column_config={
            "status": status_badges.chip_column(_("Status"), kinds(rows), width=76),
            "method": columns.text_column(_("HTTP method"), width=100),
            "path": columns.text_column(_("Path"), width=330),
            "duration": columns.money_column(_("Duration"), width=80),
            "error": columns.text_column(_("Error"), width=104),
            "attempt": st.column_config.NumberColumn(_("Try"), width=48),
            "time": columns.time_column(_("Time"), zone),
            "request": columns.text_column(_("Request id"), width=146),
            "call": columns.open_column(_("Call"), "calls_open", clicked, width=84),
        },
        key="calls",
        alt=_("Calls to Stripe, newest first"),
    )


def counted(rows: int) -> str:
    """How many a page shows."""
    return _("Calls: {count} shown, newest first").format(count=rows)


def nothing() -> Nothing:
    """What stands there instead of an empty table."""
    return Nothing(
        _("No call matches"),
        _("Show all calls"),
        _("No calls to Stripe yet"),
        _("The worker's own appear here within seconds; each is kept for 30 days."),
    )
