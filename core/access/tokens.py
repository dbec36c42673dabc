"""API tokens: shown once, kept as a SHA-256, with roles of their own, an end and a last use."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from core import clock
from core.access import audit, users
from core.access.principals import Caller, principal
from core.access.rights import SERVICE, TOKEN_ROLES, known_roles
from core.db.tables import api_tokens
from core.db.tables import users as users_table
from core.errors import InvalidInput, NotFound, NotSignedIn

#: What every token begins with, so that a scanner of leaked secrets knows it.
PREFIX = "tw_"
LONGEST = timedelta(days=3650)
#: A use is written down at most this often.
TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Token:
    """A token as administrators see it: never the secret itself."""

    token_id: str
    email: str
    name: str
    roles: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


def create(
    connection: Connection,
    *,
    email: str,
    roles: Iterable[str],
    actor: str,
    name: str = "",
    lasts: timedelta | None = None,
    now: datetime | None = None,
) -> tuple[str, str]:
    """The id and the secret of a new token; the secret is kept nowhere else.

    `InvalidInput` for a role that does not exist, or that the user does not have (`service` is
    nobody's: any user's token may have it), or for a time that is not between now and ten years.
    """
    moment = now or clock.now()
    given = known_roles(roles, TOKEN_ROLES)
    if not given:
        raise InvalidInput("roles", f"name at least one of {', '.join(TOKEN_ROLES)}")
    person = principal(connection, users.existing(connection, email))
    beyond = [role for role in given if role not in person.roles | {SERVICE}]
    if beyond:
        raise InvalidInput("roles", f"{person.email} does not have the role {beyond[0]}")
    if lasts is not None and not timedelta() < lasts <= LONGEST:
        raise InvalidInput("expires", "lies between now and ten years")
    secret = PREFIX + secrets.token_urlsafe(32)
    token_id = str(uuid.uuid4())
    expires_at = moment + lasts if lasts is not None else None
    row = {
        "id": token_id,
        "token_hash": _hash(secret),
        "user_id": person.user_id,
        "name": name[:100],
        "roles": ",".join(given),
        "created_at": moment,
        "expires_at": expires_at,
    }
    connection.execute(api_tokens.insert().values(**row))
    details = {"user": person.user_id, "roles": list(given)}
    audit.append(
        connection, actor=actor, action="token.create", target=token_id, details=details, now=moment
    )
    return token_id, secret


def revoke(connection: Connection, token_id: str, *, actor: str) -> None:
    """End a token now; `NotFound` if there is none, no change if it has ended already."""
    moment = clock.now()
    c = api_tokens.c
    if connection.execute(select(c.id).where(c.id == token_id)).first() is None:
        raise NotFound(f"there is no token {token_id[:64]}")
    ended = connection.execute(
        api_tokens.update()
        .where(c.id == token_id, c.revoked_at.is_(None))
        .values(revoked_at=moment)
    )
    if ended.rowcount:
        audit.append(connection, actor=actor, action="token.revoke", target=token_id, now=moment)


def bearer(connection: Connection, secret: str, *, now: datetime | None = None) -> Caller:
    """Who carries this token; `NotSignedIn` when it is unknown, revoked or past its end.

    What it may do is asked with each action (`principals.permitted`).
    """
    moment = now or clock.now()
    c = api_tokens.c
    row = None
    if secret.startswith(PREFIX) and len(secret) < 100:
        row = connection.execute(
            select(c.id, c.user_id, c.expires_at, c.revoked_at).where(c.token_hash == _hash(secret))
        ).first()
    ended = row is None or row.revoked_at is not None
    if row is None or ended or (row.expires_at is not None and row.expires_at <= moment):
        raise NotSignedIn("This token is not in force.")
    return Caller(row.user_id, row.id)


def is_due(connection: Connection, token_id: str, now: datetime) -> bool:
    """Whether `touch` would change anything: a write lock for nothing costs others."""
    c = api_tokens.c
    used = connection.execute(select(c.last_used_at).where(c.id == token_id)).scalar()
    return used is None or used <= now - TOUCH_EVERY


def touch(connection: Connection, token_id: str, now: datetime) -> None:
    """Note that a token was used; needs a write transaction."""
    connection.execute(
        api_tokens.update().where(api_tokens.c.id == token_id).values(last_used_at=now)
    )


def every(connection: Connection) -> Sequence[Token]:
    """All tokens, newest first."""
    c = api_tokens.c
    query = (
        select(api_tokens, users_table.c.email)
        .join(users_table, users_table.c.id == c.user_id)
        .order_by(c.created_at.desc(), c.id)
    )
    return [
        Token(
            row.id,
            row.email,
            row.name,
            tuple(row.roles.split(",")),
            row.created_at,
            row.expires_at,
            row.last_used_at,
            row.revoked_at,
        )
        for row in connection.execute(query)
    ]


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
