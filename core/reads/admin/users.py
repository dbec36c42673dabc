"""People as administrators see them, with their open sessions and their API tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, func, or_, select

from core.db.tables import (
    api_tokens,
    last_sign_ins,
    passkeys,
    second_factors,
    sessions,
    user_roles,
    users,
)
from core.domain.sign_ins import in_force
from core.errors import NotFound
from core.reads.permissions import requires

#: A person's ended tokens are shown too, the newest of them.
MOST_TOKENS = 50


@dataclass(frozen=True, slots=True)
class Person:
    """An account. `sessions`: open now; `tokens`: in force now; times are UTC."""

    user_id: str
    email: str
    name: str
    roles: frozenset[str]
    disabled: bool
    demo: bool
    created_at: datetime
    last_sign_in_at: datetime | None
    sessions: int
    tokens: int
    second_factor: bool = False


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session in force: `key` opens nothing by itself; it ends at `ends_at` at the latest, and
    sooner when nothing is done in it."""

    key: str
    created_at: datetime
    last_seen_at: datetime
    ends_at: datetime
    ip: str | None
    user_agent: str | None


@dataclass(frozen=True, slots=True)
class Token:
    """An API token, never its secret."""

    token_id: str
    name: str
    roles: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    def in_force(self, now: datetime) -> bool:
        """Whether it opens anything now."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


@dataclass(frozen=True, slots=True)
class PersonDetail:
    """A person with their sessions and tokens, newest first."""

    person: Person
    sessions: tuple[OpenSession, ...]
    tokens: tuple[Token, ...]


@requires("administer")
def people(conn: Connection, *, now: datetime) -> tuple[Person, ...]:
    """Everyone, by address."""
    return _people(conn, now)


@requires("administer")
def by_id(conn: Connection, *, user_id: str, now: datetime) -> PersonDetail:
    """One person; `NotFound` when there is none of this id."""
    found = _people(conn, now, user_id)
    if not found:
        raise NotFound
    return PersonDetail(found[0], _sessions(conn, user_id, now), _tokens(conn, user_id))


def _people(conn: Connection, now: datetime, user_id: str | None = None) -> tuple[Person, ...]:
    roles: dict[str, set[str]] = {}
    for owner, role in conn.execute(select(user_roles.c.user_id, user_roles.c.role)):
        roles.setdefault(owner, set()).add(role)
    opened = (
        select(sessions.c.user_id, func.count())
        .join(users, users.c.id == sessions.c.user_id)
        .where(in_force(now))
        .group_by(sessions.c.user_id)
    )
    t = api_tokens.c
    lasting = and_(t.revoked_at.is_(None), or_(t.expires_at.is_(None), t.expires_at > now))
    given = select(t.user_id, func.count()).where(lasting).group_by(t.user_id)
    open_now: dict[str, int] = {row[0]: row[1] for row in conn.execute(opened)}
    tokens_now: dict[str, int] = {row[0]: row[1] for row in conn.execute(given)}
    factor = second_factors.c
    proved = set(conn.scalars(select(factor.user_id).where(factor.confirmed_at.is_not(None))))
    proved.update(conn.scalars(select(passkeys.c.user_id)))
    asked = (
        select(users, last_sign_ins.c.at.label("last_sign_in_at"))
        .outerjoin(last_sign_ins, last_sign_ins.c.user_id == users.c.id)
        .order_by(users.c.email)
    )
    if user_id is not None:
        asked = asked.where(users.c.id == user_id)
    return tuple(
        Person(
            row.id,
            row.email,
            row.name,
            frozenset(roles.get(row.id, ())),
            row.disabled,
            row.demo,
            row.created_at,
            row.last_sign_in_at,
            open_now.get(row.id, 0),
            tokens_now.get(row.id, 0),
            row.id in proved,
        )
        for row in conn.execute(asked)
    )


def _sessions(conn: Connection, user_id: str, now: datetime) -> tuple[OpenSession, ...]:
    s = sessions.c
    asked = (
        select(s.token_hash, s.created_at, s.last_seen_at, s.expires_at, s.ip, s.user_agent)
        .join(users, users.c.id == s.user_id)
        .where(s.user_id == user_id, in_force(now))
        .order_by(s.created_at.desc(), s.token_hash)
    )
    return tuple(OpenSession(*row) for row in conn.execute(asked))


def _tokens(conn: Connection, user_id: str) -> tuple[Token, ...]:
    t = api_tokens.c
    asked = (
        select(api_tokens)
        .where(t.user_id == user_id)
        .order_by(t.created_at.desc(), t.id)
        .limit(MOST_TOKENS)
    )
    return tuple(
        Token(
            row.id,
            row.name,
            tuple(row.roles.split(",")),
            row.created_at,
            row.expires_at,
            row.last_used_at,
            row.revoked_at,
        )
        for row in conn.execute(asked)
    )
