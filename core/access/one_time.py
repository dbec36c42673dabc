"""Tokens that open one thing once: links that an administrator hands out, steps of a sign-in.

256 random bits that are handed out and kept nowhere else; the database has their SHA-256.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select

from core.db.tables import one_time_tokens

c = one_time_tokens.c

RESET, CODE, OIDC, PASSKEY = "reset", "code", "oidc", "passkey"

#: Longer than any of them lasts: what a clock that ran ahead wrote is worth nothing.
_LONGEST = timedelta(days=1)
_LONGEST_TOKEN = 128


@dataclass(frozen=True)
class Issued:
    """What a token stands for: whose it is, None before that is known, and what goes with it."""

    user_id: str | None
    payload: Mapping[str, Any]


def issue(
    connection: Connection,
    purpose: str,
    *,
    user_id: str | None,
    lasts: timedelta,
    now: datetime,
    payload: Mapping[str, Any] | None = None,
) -> str:
    """A new token for one purpose; needs a write transaction."""
    token = secrets.token_urlsafe(32)
    row = {
        "token_hash": _key(purpose, token),
        "purpose": purpose,
        "user_id": user_id,
        "payload": json.dumps(payload or {}),
        "expires_at": now + lasts,
    }
    connection.execute(one_time_tokens.insert().values(**row))
    return token


def find(connection: Connection, purpose: str, token: str, now: datetime) -> Issued | None:
    """What a token stands for while it is in force; it stays."""
    if not token or len(token) > _LONGEST_TOKEN:
        return None
    in_force = (c.expires_at > now) & (c.expires_at <= now + _LONGEST)
    query = select(c.user_id, c.payload).where(c.token_hash == _key(purpose, token), in_force)
    row = connection.execute(query).first()
    return Issued(row.user_id, json.loads(row.payload)) if row else None


def take(connection: Connection, purpose: str, token: str, now: datetime) -> Issued | None:
    """The same, and it is used up: of two at once one gets it. Needs a write transaction."""
    found = find(connection, purpose, token, now)
    gone = connection.execute(
        delete(one_time_tokens).where(c.token_hash == _key(purpose, token))
    ).rowcount
    return found if gone else None


def revoke(connection: Connection, purpose: str, user_id: str) -> None:
    """Make a person's tokens of a purpose worth nothing."""
    theirs = (c.purpose == purpose) & (c.user_id == user_id)
    connection.execute(delete(one_time_tokens).where(theirs))


def keep_newest(connection: Connection, purpose: str, user_id: str, most: int) -> None:
    """Make a person's tokens of a purpose worth nothing but for those that last longest."""
    query = select(c.token_hash).where(c.purpose == purpose, c.user_id == user_id)
    held = connection.scalars(query.order_by(c.expires_at.desc(), c.token_hash)).all()
    if len(held) > most:
        connection.execute(delete(one_time_tokens).where(c.token_hash.in_(held[most:])))


def forget(connection: Connection, now: datetime) -> None:
    """Delete what has run out."""
    gone = (c.expires_at < now) | (c.expires_at > now + _LONGEST)
    connection.execute(delete(one_time_tokens).where(gone))


def _key(purpose: str, token: str) -> str:
    return hashlib.sha256(f"{purpose} {token}".encode()).hexdigest()
