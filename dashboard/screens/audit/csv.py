"""The operators' log as rows of a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from starlette.datastructures import QueryParams

from core.access.principals import Principal
from core.reads.admin import audit
from dashboard.ui import viewer

COLUMNS = (
    "row at_utc actor actor_name action target target_name outcome details previous_hash hash"
).split()
_PAGE = 500


def rows(person: Principal, asked: QueryParams) -> Iterator[Sequence[object]]:
    """The rows that the screen's search finds, all pages of them, newest first."""
    query, cursor = audit.read_line(asked.get("q", "")), None
    here = viewer.current_console()
    yield COLUMNS
    while True:
        page = here.read(
            person.user_id,
            audit.page,
            query=query,
            cursor=cursor,
            limit=_PAGE,
            zone=here.settings.zone,
        )
        yield from map(_row, page.rows)
        cursor = page.older
        if cursor is None:
            return


def _row(row: audit.AuditRow) -> Sequence[object]:
    return (
        row.seq,
        row.at.isoformat(),
        row.actor,
        row.actor_name,
        row.action,
        row.target,
        row.target_name,
        row.outcome,
        row.details,
        row.previous_hash,
        row.hash,
    )
