"""Block and allow lists: pages of their entries, newest first, and all of them for a file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from core.db.tables import list_entries
from core.reads.permissions import requires
from core.reads.search.logs.names import names_of
from core.reads.search.query import refuse_half_characters

MAX_LIMIT = 500
LONGEST_SEARCH = 255
_C = list_entries.c


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry; `expires_at` None: it stands until somebody takes it off."""

    id: int
    kind: str
    field: str
    value: str
    reason: str
    added_by: str
    created_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class EntryPage:
    """A page, newest first. `older` is None where nothing lies beyond; it goes on below that id."""

    rows: tuple[Entry, ...]
    older: int | None
    total: int


@requires("manage_fraud")
def page(
    conn: Connection,
    *,
    kind: str | None = None,
    field: str | None = None,
    search: str = "",
    below: int | None = None,
    limit: int = 50,
) -> EntryPage:
    """Entries of a list or a field whose value holds `search`, those with an id `below` one."""
    limit = max(1, min(limit, MAX_LIMIT))
    refuse_half_characters("search", search)
    tests = []
    if kind:
        tests.append(_C.kind == kind)
    if field:
        tests.append(_C.field == field)
    if wanted := search.strip().casefold()[:LONGEST_SEARCH]:
        tests.append(func.lower(_C.value).contains(wanted, autoescape=True))
    total = conn.scalar(select(func.count()).select_from(list_entries).where(*tests)) or 0
    asked = select(list_entries).where(*tests).order_by(_C.id.desc()).limit(limit + 1)
    if below is not None:
        asked = asked.where(_C.id < below)
    rows = conn.execute(asked).all()
    names = names_of(conn, {row.added_by for row in rows})
    shown = tuple(
        Entry(**dict(row._mapping) | {"added_by": names.get(row.added_by, row.added_by)})
        for row in rows[:limit]
    )
    return EntryPage(shown, shown[-1].id if len(rows) > limit else None, int(total))
