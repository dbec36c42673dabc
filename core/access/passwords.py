"""Passwords as Argon2id hashes, at most two hashings at a time, the same work for anyone."""

from __future__ import annotations

import threading
from datetime import datetime
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Engine, select

from core.access import audit, devices, sessions
from core.access.sessions import Entry, Session, Visitor
from core.db.engine import reading, retrying, writing
from core.db.tables import users
from core.errors import InvalidInput, NotSignedIn

SHORTEST = 12
LONGEST = 256

#: A hashing takes 64 MiB and a core for its time: a flood of sign-ins must not take more.
_AT_ONCE = threading.BoundedSemaphore(2)
_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """The Argon2id hash to keep; `InvalidInput` when the password is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        rule = "has {shortest} to {longest} characters"
        raise InvalidInput("password", rule, shortest=SHORTEST, longest=LONGEST)
    with _AT_ONCE:
        return _hasher.hash(password)


def verify(kept: str | None, password: str) -> bool:
    """Whether the password belongs to the hash that is kept.

    Without one (an unknown user) the work is done on another hash, so the time tells nothing.
    """
    offered = password if len(password) <= LONGEST else ""
    with _AT_ONCE:
        try:
            matches = _hasher.verify(kept or _nobodys(), offered)
        except (VerificationError, InvalidHashError):
            return False
    return matches and kept is not None and offered == password


def is_dated(kept: str) -> bool:
    """Whether a hash was made with parameters weaker than today's."""
    return _hasher.check_needs_rehash(kept)


def replace_temporary(
    engine: Engine, session: Session, password: str, *, by: Visitor, now: datetime
) -> Entry:
    """Keep the password that a person chose; a new session, and the end of all others.

    `InvalidInput` for one that is too short or too long, or that is the given one; `NotSignedIn`
    once there is no given one to replace any more.
    """
    given = (users.c.id == session.user_id) & users.c.password_given & ~users.c.disabled
    with reading(engine) as connection:
        kept = connection.scalar(select(users.c.password_hash).where(given))
    if verify(kept, password):
        raise InvalidInput("password", "is the one that was given to you: choose another")
    chosen = hash_password(password)

    def write() -> Entry:
        with writing(engine) as connection:
            # Still the one that was looked at: it may have been set anew meanwhile.
            changed = connection.execute(
                users.update()
                .where(given, users.c.password_hash == kept)
                .values(password_hash=chosen, password_given=False)
            )
            if not changed.rowcount:
                raise NotSignedIn
            sessions.revoke_all(connection, session.user_id, now)
            token = sessions.start(
                connection,
                session.user_id,
                ip=by.ip,
                user_agent=by.user_agent,
                now=now,
                proved_at=session.proved_at,
            )
            known = devices.renew(connection, session.user_id, chosen, by.devices, now)
            audit.append(
                connection,
                actor=session.user_id,
                action="user.password",
                target=session.user_id,
                details={"own": True},
                now=now,
            )
            return Entry(token, known)

    return retrying(write)


@cache
def _nobodys() -> str:
    return _hasher.hash("nobody has this password")
