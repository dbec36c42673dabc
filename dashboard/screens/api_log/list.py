"""The API log as a table, with its figures and filters."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from core.access.rights import USE_DEVELOPER_TOOLS
from core.reads.developer import api_log as reads
from core.reads.developer.api_log import FIELDS, CallRow, Figures
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.ui import status_badges
from dashboard.ui.data_table import (
    Column,
    DataTable,
    Empty,
    chips,
    moment,
    money,
    number,
    opener,
    text,
)
from dashboard.ui.log_list import LogList
from dashboard.ui.metric_cards import Card, cards
from dashboard.ui.search_filters import PERIODS, Period, Pills, SearchBar, Segments, Typed

SEGMENTS = {
    "": N_("All"),
    "ok": N_("Answered"),
    "402": N_("Declined"),
    "failed": N_("Failed"),
    "none": N_("No answer"),
}


BAR = SearchBar(
    label=N_("Search calls"),
    example="status:4xx method:post path:refunds slow:>500",
    fields=FIELDS,
    segments=Segments("status", N_("Status"), SEGMENTS),
    more=(
        Pills("method", N_("HTTP method"), ("get", "post", "delete"), str.upper),
        Period("time", N_("Time"), PERIODS),
        Typed("slow", N_("Duration in ms"), ">500, 100..500"),
        Typed("path", N_("Part of the path"), "refunds"),
    ),
)


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


def kinds(codes: Sequence[str]) -> status_badges.Kind:
    """Words and colours of statuses."""
    return {code: (_WORDS.get(code, code), _tone(code)) for code in codes}


_WORDS = {"none": N_("No answer")}


def _tone(code: str) -> str:
    if code == "402":
        return "orange"
    return {"2": "green", "3": "gray", "4": "red", "5": "red"}.get(code[:1], "red")


def counted(rows: int) -> str:
    """How many a page shows."""
    return _("Calls: {count} shown, newest first").format(count=rows)


COLUMNS: dict[str, Column[CallRow]] = {
    "status": chips(N_("Status"), lambda row: [status(row)], kinds),
    "method": text(N_("HTTP method"), lambda row: row.method),
    "path": text(N_("Path"), lambda row: row.path, cut=31),
    "duration": money(N_("Duration"), lambda row: duration(row.duration_us)),
    "error": text(N_("Error"), lambda row: row.error or "", optional=True),
    "attempt": number(N_("Try"), lambda row: row.attempt),
    "time": moment(N_("Time"), lambda row: row.started_at),
    "request": text(N_("Request id"), lambda row: row.request_id or ""),
    "call": opener(N_("Call"), lambda row: str(row.seq)),
}
LIST = LogList(
    right=USE_DEVELOPER_TOOLS,
    bar=BAR,
    read=reads.page,
    table=DataTable(
        "calls",
        N_("Calls to Stripe, newest first"),
        COLUMNS,
        empty=Empty(
            N_("No calls to Stripe yet"),
            N_("The worker's own appear here within seconds; each is kept for 30 days."),
        ),
    ),
    opens="call",
    counted=counted,
    no_match=N_("No call matches"),
    show_all=N_("Show all calls"),
    topic="api_log",
)
