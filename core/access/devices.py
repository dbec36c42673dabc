"""Devices that somebody signed in from before: whoever guesses elsewhere does not lock these out.

A device holds a random token in a cookie, and its SHA-256 stands in the database, as a session's
does: it opens nothing, and only gives its person tries of their own. It belongs to one person and
to the password that they signed in with: with another password it is a stranger's again.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, delete, select

from core.db.tables import known_devices

c = known_devices.c

LASTS = timedelta(days=90)
#: Of a person, the newest: who signs in everywhere is not known for ever everywhere.
MOST = 10
#: People who share a browser; more are strangers there.
MOST_IN_A_BROWSER = 4


def find(
    connection: Connection,
    user_id: str,
    password_hash: str | None,
    tokens: Sequence[str],
    now: datetime,
) -> str | None:
    """The key of the device that one of these tokens makes this person's, if any does."""
    keys = [_key(token) for token in tokens[:MOST_IN_A_BROWSER]]
    if not keys or password_hash is None:
        return None
    theirs = _theirs(user_id, keys)
    known = (c.password_key == password_key(password_hash)) & (c.expires_at > now)
    query = select(c.token_hash).where(theirs, known).limit(1)
    found: str | None = connection.scalar(query)
    return found


def renew(
    connection: Connection,
    user_id: str,
    password_hash: str | None,
    tokens: Sequence[str],
    now: datetime,
) -> tuple[str, ...]:
    """Know this browser from now on: the tokens that it keeps, a new one and those of others.

    Needs a write transaction. Nothing is kept for who has no password.
    """
    before = tuple(tokens[:MOST_IN_A_BROWSER])
    keys = {token: _key(token) for token in before}
    mine = set(connection.scalars(select(c.token_hash).where(_theirs(user_id, keys.values()))))
    connection.execute(delete(known_devices).where(c.token_hash.in_(mine)))
    others = tuple(token for token in before if keys[token] not in mine)
    if password_hash is None:
        return others
    token = secrets.token_urlsafe(32)
    row = {
        "token_hash": _key(token),
        "user_id": user_id,
        "password_key": password_key(password_hash),
        "created_at": now,
        "expires_at": now + LASTS,
    }
    connection.execute(known_devices.insert().values(**row))
    _forget_oldest(connection, user_id)
    return (token, *others)[:MOST_IN_A_BROWSER]


def forget(connection: Connection, now: datetime) -> None:
    """Delete devices that nobody came from for long."""
    gone = (c.expires_at < now) | (c.expires_at > now + 2 * LASTS)
    connection.execute(delete(known_devices).where(gone))


def password_key(password_hash: str | None) -> str:
    """Which password it was: the hash of its hash, another with each password, "" for none."""
    return "" if password_hash is None else hashlib.sha256(password_hash.encode()).hexdigest()


def _forget_oldest(connection: Connection, user_id: str) -> None:
    newest = select(c.token_hash).where(c.user_id == user_id)
    newest = newest.order_by(c.created_at.desc(), c.token_hash)
    beyond = list(connection.scalars(newest))[MOST:]
    connection.execute(delete(known_devices).where(c.token_hash.in_(beyond)))


def _theirs(user_id: str, keys: Iterable[str]) -> ColumnElement[bool]:
    return and_(c.user_id == user_id, c.token_hash.in_(list(keys)))


def _key(token: str) -> str:
    return hashlib.sha256(f"device {token}".encode()).hexdigest()
