"""Signing in and out: attempts counted first, the password checked outside any transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, select

from core import clock
from core.access import attempts, audit, devices, one_time, passwords, sessions
from core.access.sessions import Entry, Visitor
from core.access.users import is_demo
from core.db.engine import reading, retrying, writing
from core.db.tables import last_sign_ins, users
from core.db.upsert import upsert
from core.domain.sign_ins import account_key
from core.errors import NotSignedIn, TooManyAttempts


class WrongPassword(NotSignedIn):
    """The e-mail address or the password is wrong."""

    code = "wrong_password"


def sign_in(
    engine: Engine,
    *,
    email: str,
    password: str,
    visitor: Visitor,
    production: bool,
    now: datetime | None = None,
) -> Entry:
    """Check a password and open a session.

    `TooManyAttempts` over the limits, `WrongPassword` for all else: an unknown address, a disabled
    account and a wrong password look the same and take the same time.
    """
    moment = now or clock.now()
    user, device = _look_up(engine, email, visitor, moment)
    attempt = retrying(lambda: _begin(engine, email, device, visitor, moment))
    matches = passwords.verify(user.password_hash if user else None, password)
    if user is None or not matches or user.disabled or (production and is_demo(user.email)):
        retrying(lambda: _refuse(engine, email, user.id if user else None, visitor, moment))
        raise WrongPassword
    fresh = passwords.hash_password(password) if passwords.is_dated(user.password_hash) else None
    return retrying(lambda: _admit(engine, user, attempt, visitor, moment, fresh))


def sign_out(engine: Engine, key: str, user_id: str, now: datetime | None = None) -> None:
    """End one session."""
    moment = now or clock.now()

    def work() -> None:
        with writing(engine) as connection:
            sessions.revoke(connection, key, moment)
            audit.append(connection, actor=user_id, action="sign_out", now=moment)

    retrying(work)


def _begin(engine: Engine, email: str, device: str | None, visitor: Visitor, now: datetime) -> int:
    try:
        with writing(engine) as connection:
            return attempts.begin(connection, email, visitor.ip, now, device=device)
    except TooManyAttempts:
        with writing(engine) as connection:
            audit.append_once(
                connection,
                attempts.ACCOUNT_WINDOW,
                actor=account_key(email),
                action="sign_in",
                outcome="throttled",
                details={"ip": visitor.ip},
                now=now,
            )
        raise


def _look_up(engine: Engine, email: str, visitor: Visitor, now: datetime) -> tuple[Any, str | None]:
    """Who has this address, and the device that makes this browser theirs, if it does."""
    query = select(users.c.id, users.c.email, users.c.password_hash, users.c.disabled)
    with reading(engine) as connection:
        user = connection.execute(query.where(users.c.email == email.strip().casefold())).first()
        if user is None:
            return None, None
        known = devices.find(connection, user.id, user.password_hash, visitor.devices, now)
        return user, known


def _refuse(
    engine: Engine, email: str, user_id: str | None, visitor: Visitor, now: datetime
) -> None:
    with writing(engine) as connection:
        audit.append(
            connection,
            actor=user_id or account_key(email),
            action="sign_in",
            outcome="refused",
            details={"ip": visitor.ip},
            now=now,
        )


def _admit(
    engine: Engine,
    user: Any,
    attempt: int,
    visitor: Visitor,
    now: datetime,
    fresh_hash: str | None,
) -> Entry:
    with writing(engine) as connection:
        attempts.succeed(connection, attempt)
        if fresh_hash:
            mine = users.update().where(users.c.id == user.id)
            connection.execute(mine.values(password_hash=fresh_hash))
        return enter(
            connection, user.id, fresh_hash or user.password_hash, visitor, now, action="sign_in"
        )


def enter(
    connection: Connection,
    user_id: str,
    password_hash: str | None,
    visitor: Visitor,
    now: datetime,
    *,
    action: str,
) -> Entry:
    """A session for somebody who has proved who they are; this browser is known from now on."""
    token = sessions.start(
        connection, user_id, ip=visitor.ip, user_agent=visitor.user_agent, now=now
    )
    kept = devices.renew(connection, user_id, password_hash, visitor.devices, now)
    _tidy(connection, now)
    upsert(connection, last_sign_ins, [{"user_id": user_id, "at": now}])
    audit.append(connection, actor=user_id, action=action, details={"ip": visitor.ip}, now=now)
    return Entry(token, kept)


def _tidy(connection: Connection, now: datetime) -> None:
    attempts.forget(connection, now)
    devices.forget(connection, now)
    one_time.forget(connection, now)
    sessions.forget(connection, now)
