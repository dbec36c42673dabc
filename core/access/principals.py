"""The person behind a call, read from the database each time."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from core.access.rights import MATRIX, rights_of
from core.db.tables import user_roles, users
from core.errors import Misconfigured, NotPermitted, NotSignedIn


@dataclass(frozen=True)
class Principal:
    """Someone who is signed in, as of the moment of reading."""

    user_id: str
    email: str
    name: str
    roles: frozenset[str]
    rights: frozenset[str]
    language: str | None = None

    def may(self, right: str) -> bool:
        """Whether this person has the right; `Misconfigured` if there is no such right."""
        if right not in MATRIX:
            raise Misconfigured(f"there is no right called {right!r}")
        return right in self.rights


def principal(connection: Connection, user_id: str | None) -> Principal:
    """The user with their roles as they are now; `NotSignedIn` when unknown or disabled."""
    query = (
        select(users.c.email, users.c.name, users.c.language, user_roles.c.role)
        .outerjoin(user_roles, user_roles.c.user_id == users.c.id)
        .where(users.c.id == user_id, ~users.c.disabled)
    )
    rows = connection.execute(query).all() if user_id else []
    if not rows:
        raise NotSignedIn
    roles = frozenset(row.role for row in rows if row.role)
    first = rows[0]
    return Principal(str(user_id), first.email, first.name, roles, rights_of(roles), first.language)


def require(connection: Connection, user_id: str | None, right: str) -> Principal:
    """The person, if they have the right now; `NotSignedIn` or `NotPermitted` if not."""
    found = principal(connection, user_id)
    if not found.may(right):
        raise NotPermitted(right)
    return found
