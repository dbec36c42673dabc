"""The person or program behind a call, read from the database each time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from core import clock
from core.access.rights import MATRIX, SERVICE, rights_of
from core.db.tables import api_tokens, user_roles, users
from core.errors import Misconfigured, NotPermitted, NotSignedIn


@dataclass(frozen=True)
class Caller:
    """Who calls: a signed-in person, or a program with a token of theirs."""

    user_id: str | None
    token_id: str | None = None
    #: The key of a person's session: it says when they last proved who they are.
    session: str | None = field(default=None, compare=False, repr=False)

    @property
    def actor(self) -> str:
        """The name in the audit log and on operations."""
        return f"token:{self.token_id}" if self.token_id else str(self.user_id)


def caller_named(connection: Connection, actor: str) -> Caller:
    """The caller whose `actor` this is; one who may do nothing if there is none."""
    token = actor.removeprefix("token:")
    if token == actor:
        return Caller(actor)
    owner = connection.scalar(select(api_tokens.c.user_id).where(api_tokens.c.id == token))
    return Caller(owner, token)


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


#: Built once: a screen asks it before each of its reads, and building took longer than asking.
_PERSON = (
    select(users.c.email, users.c.name, users.c.language, user_roles.c.role)
    .outerjoin(user_roles, user_roles.c.user_id == users.c.id)
    .where(users.c.id == bindparam("user_id"), ~users.c.disabled)
)


def principal(connection: Connection, user_id: str | None) -> Principal:
    """The user with their roles as they are now; `NotSignedIn` when unknown or disabled."""
    rows = connection.execute(_PERSON, {"user_id": user_id}).all() if user_id else []
    if not rows:
        raise NotSignedIn
    roles = frozenset(row.role for row in rows if row.role)
    first = rows[0]
    return Principal(str(user_id), first.email, first.name, roles, rights_of(roles), first.language)


def require(connection: Connection, user_id: str | None, right: str) -> Principal:
    """The person, if they have the right now; `NotSignedIn` or `NotPermitted` if not."""
    return permitted(connection, Caller(user_id), right)


def permitted(
    connection: Connection, caller: Caller, *any_of: str, now: datetime | None = None
) -> Principal:
    """Who calls, if they have one of these rights now; `NotSignedIn` or `NotPermitted` if not."""
    found = _behind(connection, caller, now or clock.now())
    if not any(found.may(right) for right in any_of):
        raise NotPermitted(any_of[0])
    return found


def _behind(connection: Connection, caller: Caller, now: datetime) -> Principal:
    """A token gives what its roles give, and no role that its user does not have any more."""
    person = principal(connection, caller.user_id)
    if caller.token_id is None:
        return person
    t = api_tokens.c
    row = connection.execute(
        select(t.roles, t.expires_at).where(
            t.id == caller.token_id, t.user_id == person.user_id, t.revoked_at.is_(None)
        )
    ).first()
    if row is None or (row.expires_at is not None and row.expires_at <= now):
        raise NotSignedIn("This token is not in force.")
    roles = frozenset(row.roles.split(",")) & (person.roles | {SERVICE})
    return Principal(
        person.user_id, person.email, person.name, roles, rights_of(roles), person.language
    )
