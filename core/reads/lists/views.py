"""A person's columns of a list, the views that they may open, and the one that it opens with."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, or_, select

from core.db.tables import list_choices, saved_views, users
from core.domain.lists import right_of
from core.errors import NotPermitted
from core.reads.permissions import narrowed_by_rights, requires


@dataclass(frozen=True, slots=True)
class SavedView:
    """A search of a list under a name; `query`, `sort` and `columns` as the address has them.

    `mine`: the reader's own; `owner`: whose it is, by name.
    """

    id: int
    name: str
    query: str
    sort: str
    columns: tuple[str, ...]
    shared: bool
    mine: bool
    owner: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What a person has of a list. `columns`: their own choice, none for all; `default`: the view
    that the list opens with."""

    columns: tuple[str, ...] = ()
    default: SavedView | None = None
    views: tuple[SavedView, ...] = ()


@narrowed_by_rights
@requires("see_payments")
def kept(conn: Connection, *, page: str, user_id: str, rights: Collection[str] = ()) -> Kept:
    """What a person keeps of a list and what others share with them, by name.

    `NotPermitted` without the right that shows the list, `InvalidInput` for no list.
    """
    right = right_of(page)
    if right not in rights:
        raise NotPermitted(right)
    view, person = saved_views.c, users.c
    asked = (
        select(saved_views, person.name.label("owner"), person.email)
        .join(users, person.id == view.user_id)
        .where(view.page == page, or_(view.user_id == user_id, view.shared))
        .order_by(view.name, view.id)
    )
    views = tuple(
        SavedView(
            id=row.id,
            name=row.name,
            query=row.query,
            sort=row.sort,
            columns=written(row.columns),
            shared=row.shared,
            mine=row.user_id == user_id,
            owner=row.owner or row.email,
        )
        for row in conn.execute(asked)
    )
    choice = conn.execute(
        select(list_choices.c.columns, list_choices.c.view_id).where(
            list_choices.c.user_id == user_id, list_choices.c.page == page
        )
    ).one_or_none()
    if choice is None:
        return Kept(views=views)
    default = next((one for one in views if one.id == choice.view_id), None)
    return Kept(written(choice.columns), default, views)


def written(columns: str) -> tuple[str, ...]:
    """The names in a text that has them with commas."""
    return tuple(name for name in columns.split(",") if name)
