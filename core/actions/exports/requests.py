"""Asking for a long file, and what became of it; each is its asker's alone."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, select, update

from core.access import audit
from core.access.principals import Caller, permitted
from core.actions.context import ActionContext
from core.actions.transaction import permitted_change, refusals_noted
from core.db.engine import reading
from core.db.tables import exports
from core.errors import InvalidInput, NotFound
from core.states import ExportState

if TYPE_CHECKING:
    from core.reads.exports.lists import ListFile

FORMATS = ("csv", "parquet")
#: Where the files stand, under VAR_DIR.
FOLDER = "exports"
#: A file of more rows is written by the worker.
LARGE = 100_000
#: So many of a person's may be under way at once.
MOST_OPEN = 5
OPEN = (ExportState.ASKED, ExportState.RUNNING)
#: As long as an address that a browser sends.
_LONGEST_QUERY = 8000

_C = exports.c


@dataclass(frozen=True, slots=True)
class Export:
    """A file that was asked for. `rows_done`: rows written so far; `file`: its name in the folder
    of exports, once it is done; `why`: what stopped it."""

    id: str
    kind: str
    format: str
    query: str
    state: ExportState
    rows_done: int
    file: str | None
    why: str | None
    created_at: datetime
    expires_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether it is still to be written."""
        return self.state in OPEN


def ask(context: ActionContext, caller: Caller, *, kind: str, format: str, query: str) -> str:  # noqa: A002 - as the column
    """Have the worker write the file of a list: its id, or that of the same one under way.

    `query` is what stands in the address of the file. `InvalidInput` for a kind, a format or a
    query that cannot be, and where too many are under way; nothing is written then.
    """
    listed = list_of(kind)
    if format not in FORMATS:
        raise InvalidInput("format", "is one of {known}", known=", ".join(FORMATS))
    if len(query) > _LONGEST_QUERY:
        raise InvalidInput("query", "is too long")
    # Only whether it can be read: days of any zone will do.
    listed.filters(asked_of(query), ZoneInfo("UTC"))

    def change(connection: Connection, now: datetime) -> str:
        mine = select(_C.id, _C.kind, _C.format, _C.query).where(
            _C.asked_by == caller.user_id, _C.state.in_(OPEN)
        )
        waiting = connection.execute(mine).all()
        for one in waiting:
            if (one.kind, one.format, one.query) == (kind, format, query):
                return str(one.id)
        if len(waiting) >= MOST_OPEN:
            raise InvalidInput(
                "export", "waits for others of yours: {most} are written", most=MOST_OPEN
            )
        return _write_down(connection, caller, kind, format, query, now)

    return permitted_change(
        context,
        caller,
        "export.ask",
        change,
        right=listed.right,
        target=f"{kind}.{format}",
        lines=[f"exports of {caller.user_id}"],
    )


def cancel(context: ActionContext, caller: Caller, export_id: str) -> bool:
    """Let the worker stop writing a file; whether it was still to be written.

    `NotFound` for one that somebody else asked for.
    """
    row = _own(context, caller, export_id)

    def change(connection: Connection, now: datetime) -> bool:
        ended = connection.execute(
            update(exports)
            .where(_C.id == export_id, _C.state.in_(OPEN))
            .values(state=ExportState.CANCELED, fence=None, updated_at=now)
        )
        if ended.rowcount != 1:
            return False
        audit.append(
            connection,
            actor=caller.actor,
            action="export.cancel",
            target=f"{row.kind}.{row.format}",
            details={"id": export_id},
            now=now,
        )
        return True

    right = list_of(row.kind).right
    return permitted_change(context, caller, "export.cancel", change, right=right, target=export_id)


def find(context: ActionContext, caller: Caller, export_id: str) -> Export:
    """One's own file as it stands, if one may still have it: the right is asked for anew.

    `NotFound` for one that somebody else asked for, `NotPermitted` without the right.
    """
    row = _own(context, caller, export_id)
    with (
        refusals_noted(context, caller, "export", f"{row.kind}.{row.format}"),
        reading(context.engine) as connection,
    ):
        permitted(connection, caller, list_of(row.kind).right)
    return Export(
        row.id,
        row.kind,
        row.format,
        row.query,
        ExportState(row.state),
        int(row.rows_done),
        row.file,
        row.why,
        row.created_at,
        row.expires_at,
    )


def asked_of(query: str) -> dict[str, str]:
    """What an address asks for, by name."""
    return dict(parse_qsl(query, keep_blank_values=True))


def _rights() -> tuple[Any, ...]:
    return tuple(dict.fromkeys(one.right for one in _lists().values()))


def list_of(kind: str) -> ListFile[Any, Any]:
    """The list of that name; `InvalidInput` where there is none."""
    lists = _lists()
    if kind not in lists:
        raise InvalidInput("kind", "is one of {known}", known=", ".join(lists))
    return lists[kind]


def _lists() -> dict[str, ListFile[Any, Any]]:
    # The lists bring every read along, and with the search planner numpy's 20 MB: a worker that
    # writes no file goes without.
    from core.reads.exports.lists import LISTS

    return LISTS


def _own(context: ActionContext, caller: Caller, export_id: str) -> Row[Any]:
    query = select(exports).where(_C.id == export_id, _C.asked_by == caller.user_id)
    with (
        refusals_noted(context, caller, "export", export_id),
        reading(context.engine) as connection,
    ):
        permitted(connection, caller, *_rights())
        row = connection.execute(query).first()
    if row is None:
        raise NotFound
    return row


def _write_down(
    connection: Connection, caller: Caller, kind: str, format_: str, query: str, now: datetime
) -> str:
    export_id = str(uuid.uuid4())
    connection.execute(
        exports.insert().values(
            id=export_id,
            kind=kind,
            format=format_,
            query=query,
            asked_by=caller.user_id,
            state=ExportState.ASKED,
            rows_done=0,
            tries=0,
            lease_until=now,
            created_at=now,
            updated_at=now,
        )
    )
    audit.append(
        connection,
        actor=caller.actor,
        action="export.ask",
        target=f"{kind}.{format_}",
        details={"id": export_id, "asked": query[:1000]},
        now=now,
    )
    return export_id
