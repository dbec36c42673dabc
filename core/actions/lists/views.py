"""A person's columns of a list and their views of it: no business of the operators' log."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, delete, func, insert, or_, select

from core.access.principals import Caller, permitted
from core.access.rights import ADMINISTER
from core.actions.context import ActionContext
from core.actions.transaction import permitted_change
from core.db.tables import list_choices, saved_views
from core.db.upsert import upsert
from core.domain.lists import right_of
from core.errors import InvalidInput, NotFound
from core.reads.search.query import MAX_LENGTH, refuse_half_characters

#: A person's views of one list.
MOST = 50
#: Columns of a list.
_MOST_COLUMNS = 40
_LONGEST_NAME = 100
_COLUMN = re.compile(r"[a-z][a-z0-9_]{0,30}")
_SORT = re.compile(r"(-?[a-z_]{1,30})?")
_V = saved_views.c
T = TypeVar("T")


def keep_columns(
    context: ActionContext, caller: Caller, *, page: str, columns: Sequence[str]
) -> None:
    """Keep which columns of a list the caller sees, in their order; none for all of them.

    `InvalidInput` for no list or no columns.
    """
    _keep(context, caller, page, lambda _connection: {"columns": _written(columns)})


def keep_default(context: ActionContext, caller: Caller, *, page: str, view_id: int | None) -> None:
    """Keep which view the list opens with for the caller; None for none.

    `NotFound` for one that is neither theirs nor shared.
    """

    def chosen(connection: Connection) -> dict[str, object]:
        if view_id is not None:
            seen = or_(_V.user_id == caller.user_id, _V.shared)
            _found(connection, view_id, seen, _V.page == page)
        return {"view_id": view_id}

    _keep(context, caller, page, chosen)


def save(
    context: ActionContext,
    caller: Caller,
    *,
    page: str,
    name: str,
    query: str = "",
    sort: str = "",
    columns: Sequence[str] = (),
    shared: bool = False,
) -> int:
    """Keep a search of a list under a name: its number. One of the caller's own of that name is
    written anew.

    `InvalidInput` names what cannot be kept.
    """

    def change(connection: Connection, now: datetime) -> int:
        values: dict[str, object] = {"name": _name(name), "query": _query(query)}
        values["sort"] = _order(sort)
        values |= {"columns": _written(columns), "shared": shared}
        mine = (_V.user_id == caller.user_id, _V.page == page)
        same = select(_V.id).where(*mine, _V.name == values["name"])
        found = connection.scalar(same)
        if found is not None:
            connection.execute(saved_views.update().where(_V.id == found).values(values))
            return int(found)
        if (connection.scalar(select(func.count()).where(*mine)) or 0) >= MOST:
            raise InvalidInput("name", "is one too many: {most} views are kept", most=MOST)
        made = {"user_id": caller.user_id, "page": page, "created_at": now}
        connection.execute(insert(saved_views).values(made | values))
        return int(connection.execute(same).scalar_one())

    return _change(context, caller, page, change)


def remove(context: ActionContext, caller: Caller, *, page: str, view_id: int) -> None:
    """Remove a view of a list: one's own, or as an administrator one that is shared.

    `NotFound` for a view that is not there or not the caller's own; `NotPermitted` for one that
    somebody else shares.
    """

    def change(connection: Connection, now: datetime) -> None:
        seen = or_(_V.user_id == caller.user_id, _V.shared)
        owner = _found(connection, view_id, seen, _V.page == page)
        if owner != caller.user_id:
            permitted(connection, caller, ADMINISTER, now=now)
        connection.execute(delete(saved_views).where(_V.id == view_id))

    _change(context, caller, page, change)


def _keep(
    context: ActionContext,
    caller: Caller,
    page: str,
    chosen: Callable[[Connection], dict[str, object]],
) -> None:
    def change(connection: Connection, now: datetime) -> None:
        new = chosen(connection)
        mine = {"user_id": caller.user_id, "page": page}
        asked = select(list_choices.c.columns, list_choices.c.view_id).filter_by(**mine)
        before = connection.execute(asked).mappings().one_or_none()
        row = {"columns": "", "view_id": None} | dict(before or {}) | new
        upsert(connection, list_choices, [mine | row | {"updated_at": now}])

    _change(context, caller, page, change)


def _change(
    context: ActionContext, caller: Caller, page: str, change: Callable[[Connection, datetime], T]
) -> T:
    """In the line of the caller's own views: others' are changed by their owners."""
    target = f"views of {page}"
    return permitted_change(
        context,
        caller,
        "list.keep",
        change,
        right=right_of(page),
        target=target,
        lines=[f"{target} by {caller.user_id}"],
    )


def _found(connection: Connection, view_id: int, *tests: ColumnElement[bool]) -> str:
    """Whose a view is; `NotFound` where none with the number passes."""
    owner = connection.scalar(select(_V.user_id).where(_V.id == view_id, *tests))
    if owner is None:
        raise NotFound("this view is not there")
    return str(owner)


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not 0 < len(name) <= _LONGEST_NAME:
        raise InvalidInput("name", "must have 1 to {most} characters", most=_LONGEST_NAME)
    refuse_half_characters("name", name)
    return name


def _query(text: str) -> str:
    refuse_half_characters("search", text)
    if len(text) > MAX_LENGTH:
        raise InvalidInput("search", "must have at most {most} characters", most=MAX_LENGTH)
    return text


def _order(text: str) -> str:
    if not _SORT.fullmatch(text):
        raise InvalidInput("sort", "must be the name of a column")
    return text


def _written(columns: Sequence[str]) -> str:
    if len(columns) > _MOST_COLUMNS or not all(map(_COLUMN.fullmatch, columns)):
        raise InvalidInput("columns", "must be names of columns")
    return ",".join(dict.fromkeys(columns))
