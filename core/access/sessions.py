"""Sessions: a random token in a cookie, its SHA-256 in the database, two clocks that end it."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, exists, select

from core.db.engine import answering, reading, retrying, writing
from core.db.tables import passkeys, second_factors, sessions, user_roles, users
from core.domain import sign_ins
from core.domain.sign_ins import ABSOLUTE

#: Activity is written down at most this often; the idle limit is that much less exact.
_TOUCH_EVERY = timedelta(minutes=1)
_KEPT_AFTER_END = timedelta(days=30)


@dataclass(frozen=True)
class Session:
    """A session that is in force: `key` is its token's hash and opens nothing by itself."""

    key: str
    user_id: str
    expires_at: datetime
    #: They were given their password, and open nothing before they have chosen one.
    must_choose: bool = False
    #: When its holder last typed what they sign in with.
    proved_at: datetime | None = None
    #: A role of theirs asks for a second factor, and they open nothing before they have one.
    must_enrol: bool = False

    @property
    def opens_nothing(self) -> bool:
        """Whether something stands between them and every screen."""
        return self.must_choose or self.must_enrol


@dataclass(frozen=True)
class Visitor:
    """Where a sign-in comes from; `devices` are the tokens of known devices in its cookie."""

    ip: str
    user_agent: str = ""
    devices: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Entry:
    """What a browser keeps: the session's token, and those of the devices that it is known as."""

    session: str = field(repr=False)
    devices: tuple[str, ...] = field(repr=False)


def start(
    connection: Connection,
    user_id: str,
    *,
    ip: str,
    user_agent: str,
    now: datetime,
    proved_at: datetime | None = None,
) -> str:
    """Open a session and return its token: 256 random bits that are kept nowhere else.

    Whoever it is for has proved it now, or at `proved_at` where it follows on another session.
    """
    token = secrets.token_urlsafe(32)
    row = {
        "token_hash": key_of(token),
        "user_id": user_id,
        "created_at": now,
        "expires_at": now + ABSOLUTE,
        "last_seen_at": now,
        "ip": ip[:45],
        "user_agent": user_agent[:255],
        "proved_at": proved_at or now,
    }
    connection.execute(sessions.insert().values(**row))
    return token


def key_of(token: str) -> str:
    """What stands in the database for a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def find(
    connection: Connection,
    token: str,
    *,
    now: datetime,
    production: bool,
    factor_roles: Collection[str] = (),
) -> Session | None:
    """The session behind a token, if it is in force at `now`; reads only. Whoever has one of
    `factor_roles` needs a second factor."""
    if not token:
        return None
    query = _in_force(now, production).where(sessions.c.token_hash == key_of(token))
    if factor_roles:
        query = query.add_columns(_lacks_factor(factor_roles))
    row = connection.execute(query).first()
    return Session(*row) if row else None


def touch(connection: Connection, key: str, now: datetime) -> None:
    """Note that a person did something in this session; needs a write transaction."""
    connection.execute(
        sessions.update()
        .where(_stale(key, now), sessions.c.revoked_at.is_(None))
        .values(last_seen_at=now)
    )


def prove(connection: Connection, key: str, now: datetime) -> None:
    """Note that the holder of a session has proved who they are."""
    mine = sessions.update().where(sessions.c.token_hash == key, sessions.c.revoked_at.is_(None))
    connection.execute(mine.values(proved_at=now))


def is_due(connection: Connection, key: str, now: datetime) -> bool:
    """Whether `touch` would change anything: a write lock for nothing costs others."""
    return (
        connection.execute(select(sessions.c.token_hash).where(_stale(key, now))).first()
        is not None
    )


def in_force(
    connection: Connection, keys: Collection[str], *, now: datetime, production: bool
) -> frozenset[str]:
    """Those of the sessions that still are in force: for sockets that stay open."""
    if not keys:
        return frozenset()
    query = _in_force(now, production).where(sessions.c.token_hash.in_(list(keys)))
    return frozenset(row.token_hash for row in connection.execute(query))


def revoke(connection: Connection, key: str, now: datetime) -> int:
    """End one session at once; 0 if it had been ended."""
    return _revoke(connection, sessions.c.token_hash == key, now)


def revoke_all(connection: Connection, user_id: str, now: datetime) -> int:
    """End every session of a user at once; how many had not been ended."""
    return _revoke(connection, sessions.c.user_id == user_id, now)


def forget(connection: Connection, now: datetime) -> None:
    """Delete sessions that ended long ago."""
    connection.execute(sessions.delete().where(sessions.c.expires_at < now - _KEPT_AFTER_END))


def enter(
    engine: Engine,
    token: str,
    *,
    now: datetime,
    production: bool,
    activity: bool,
    factor_roles: Collection[str] = (),
) -> Session | None:
    """The session in force behind a token; `activity` (a person did something) keeps it awake.

    `DatabaseDown` when the database does not answer.
    """
    with answering():
        with reading(engine) as connection:
            found = find(
                connection, token, now=now, production=production, factor_roles=factor_roles
            )
            due = activity and found is not None and is_due(connection, found.key, now)
        if found is not None and due:
            retrying(lambda: _touch_soon(engine, found.key, now))
    return found


def still_open(
    engine: Engine, keys: Collection[str], *, now: datetime, production: bool
) -> frozenset[str]:
    """Those of the sessions that are in force now; `DatabaseDown` when nobody answers."""
    with answering(), reading(engine) as connection:
        return in_force(connection, keys, now=now, production=production)


def _touch_soon(engine: Engine, key: str, now: datetime) -> None:
    with writing(engine) as connection:
        touch(connection, key, now)


def _in_force(now: datetime, production: bool) -> Select[Any]:
    query = (
        select(sessions.c.token_hash, sessions.c.user_id, sessions.c.expires_at)
        .add_columns(users.c.password_given, sessions.c.proved_at)
        .join(users, users.c.id == sessions.c.user_id)
        .where(sign_ins.in_force(now))
    )
    return query.where(~users.c.demo) if production else query


def _lacks_factor(roles: Collection[str]) -> ColumnElement[bool]:
    asked = exists().where(
        user_roles.c.user_id == sessions.c.user_id, user_roles.c.role.in_(list(roles))
    )
    proved = exists().where(
        second_factors.c.user_id == sessions.c.user_id, second_factors.c.confirmed_at.is_not(None)
    )
    held = exists().where(passkeys.c.user_id == sessions.c.user_id)
    return asked & ~proved & ~held


def _stale(key: str, now: datetime) -> ColumnElement[bool]:
    return and_(sessions.c.token_hash == key, sessions.c.last_seen_at <= now - _TOUCH_EVERY)


def _revoke(connection: Connection, which: ColumnElement[bool], now: datetime) -> int:
    return connection.execute(
        sessions.update().where(which, sessions.c.revoked_at.is_(None)).values(revoked_at=now)
    ).rowcount
