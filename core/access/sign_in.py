"""Signing in and out: attempts counted first, the password checked outside any transaction, a
second factor asked for where somebody has one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, select

from core import clock
from core.access import (
    attempts,
    audit,
    devices,
    one_time,
    passkeys,
    passwords,
    second_factor,
    sessions,
)
from core.access.one_time import Issued
from core.access.passkeys import Party, WrongPasskey
from core.access.sessions import Entry, Visitor
from core.access.users import is_demo
from core.db.engine import reading, retrying, writing
from core.db.tables import last_sign_ins, users
from core.db.upsert import upsert
from core.domain.sign_ins import account_key
from core.encryption import Encrypter
from core.errors import NotSignedIn, TooManyAttempts

#: How long the second factor may be looked for after the password.
STEP_LASTS = timedelta(minutes=5)


class WrongPassword(NotSignedIn):
    """The e-mail address or the password is wrong."""

    code = "wrong_password"


class WrongCode(NotSignedIn):
    """This code is wrong, or was used before."""

    code = "wrong_code"


class StepSpent(NotSignedIn):
    """This took too long. Sign in again."""

    code = "step_spent"


@dataclass(frozen=True)
class CodeNeeded:
    """The password was right; `step` opens `sign_in_with_code`, once, within five minutes."""

    step: str = field(repr=False)


def sign_in(
    engine: Engine,
    *,
    email: str,
    password: str,
    visitor: Visitor,
    production: bool,
    now: datetime | None = None,
) -> Entry | CodeNeeded:
    """Check a password and open a session, or say that a second factor is needed.

    `TooManyAttempts` over the limits, `WrongPassword` for all else: an unknown address, a disabled
    account and a wrong password look the same and take the same time.
    """
    moment = now or clock.now()
    user, device = _look_up(engine, email, visitor, moment)
    who = account_key(email)
    attempt = counted(engine, who, device, visitor, moment, action="sign_in", actor=who)
    matches = passwords.verify(user.password_hash if user else None, password)
    if user is None or not matches or user.disabled or (production and is_demo(user.email)):
        note_refusal(engine, user.id if user else who, "sign_in", visitor, moment)
        raise WrongPassword
    fresh = passwords.hash_password(password) if passwords.is_dated(user.password_hash) else None
    return retrying(lambda: _admit(engine, user, device, attempt, visitor, moment, fresh))


def sign_in_with_code(
    engine: Engine,
    *,
    step: str,
    code: str,
    visitor: Visitor,
    encrypter: Encrypter,
    production: bool,
    now: datetime | None = None,
) -> Entry:
    """The second factor after the password: an app's code, or a recovery code.

    `StepSpent` where the password has to be typed anew, `TooManyAttempts` as for passwords,
    `WrongCode`; `Misconfigured` where the app's secret cannot be read any more.
    """
    moment = now or clock.now()

    def verify(connection: Connection, user_id: str) -> None:
        if second_factor.verify(connection, user_id, code, encrypter, moment) is None:
            raise WrongCode

    found, attempt = _begun(engine, step, visitor, moment)
    try:
        return _with_factor(engine, step, found, attempt, verify, visitor, production, moment)
    except WrongCode:
        note_refusal(engine, str(found.user_id), "sign_in.code", visitor, moment)
        raise


def sign_in_with_passkey(
    engine: Engine,
    *,
    step: str,
    answer: str,
    party: Party,
    visitor: Visitor,
    production: bool,
    now: datetime | None = None,
) -> Entry:
    """The second factor after the password: what a passkey answered (JSON) to `factors_at`.

    `StepSpent` and `TooManyAttempts` as for a code, `WrongPasskey`, whose reason the log has.
    """
    moment = now or clock.now()
    found, attempt = _begun(engine, step, visitor, moment)
    user_id, bound = str(found.user_id), passkeys.bound_to(step)

    def verify(connection: Connection, user_id: str) -> None:
        passkeys.verify(connection, user_id, given, party, verified=False, now=moment)

    try:
        given = passkeys.given(engine, answer, user_id=user_id, bound=bound, now=moment)
        return _with_factor(engine, step, found, attempt, verify, visitor, production, moment)
    except WrongPasskey as error:
        note_refusal(engine, user_id, "sign_in.passkey", visitor, moment, why=error.why)
        raise


@dataclass(frozen=True)
class Factors:
    """What somebody may prove themselves by at the second step: `passkey` is what a browser is
    asked by (JSON), None where they have none."""

    app: bool
    passkey: str | None


def factors_at(
    engine: Engine, step: str, party: Party | None, now: datetime | None = None
) -> Factors:
    """The factors of whoever stands at a step; of a step that is none, as if it were an app's."""
    moment = now or clock.now()
    with reading(engine) as connection:
        found = one_time.find(connection, one_time.CODE, step, moment)
        if found is None:
            return Factors(app=True, passkey=None)
        user_id = str(found.user_id)
        app = second_factor.has_app(connection, user_id)
        asks = party is not None and second_factor.has_passkey(connection, user_id)
    if party is None or not asks:
        return Factors(app, passkey=None)
    known, bound = party, passkeys.bound_to(step)

    def ask() -> str | None:
        with writing(engine) as connection:
            return passkeys.ask_for(
                connection, user_id, known, bound=bound, verified=False, now=moment
            )

    return Factors(app, retrying(ask))


def _begun(engine: Engine, step: str, visitor: Visitor, now: datetime) -> tuple[Issued, int]:
    """What a step stands for, and the number of this try, which stands as a wrong one."""
    with reading(engine) as connection:
        found = one_time.find(connection, one_time.CODE, step, now)
    if found is None:
        raise StepSpent
    user_id, device = str(found.user_id), found.payload["device"]
    who = attempts.key_of("code", user_id)
    attempt = counted(engine, who, device, visitor, now, action="sign_in.code", actor=user_id)
    return found, attempt


def _with_factor(
    engine: Engine,
    step: str,
    found: Issued,
    attempt: int,
    verify: Callable[[Connection, str], None],
    visitor: Visitor,
    production: bool,
    now: datetime,
) -> Entry:
    """A session for whom `verify` lets pass, which raises for the others."""
    user_id = str(found.user_id)

    def work() -> Entry:
        with writing(engine) as connection:
            password_hash = _still_open(connection, user_id, production)
            if devices.password_key(password_hash) != found.payload["password"]:
                raise StepSpent
            verify(connection, user_id)
            # Of two at once with two right codes one gets in.
            if one_time.take(connection, one_time.CODE, step, now) is None:
                raise StepSpent
            attempts.succeed(connection, attempt)
            action = found.payload["action"]
            return enter(connection, user_id, password_hash, visitor, now, action=action)

    return retrying(work)


def sign_out(engine: Engine, key: str, user_id: str, now: datetime | None = None) -> None:
    """End one session."""
    moment = now or clock.now()

    def work() -> None:
        with writing(engine) as connection:
            sessions.revoke(connection, key, moment)
            audit.append(connection, actor=user_id, action="sign_out", now=moment)

    retrying(work)


def counted(
    engine: Engine,
    who: str,
    device: str | None,
    visitor: Visitor,
    now: datetime,
    *,
    action: str,
    actor: str,
) -> int:
    """An attempt that stands as a wrong one; its number. `TooManyAttempts` is written down once."""

    def begin() -> int:
        with writing(engine) as connection:
            alone = device is not None
            return attempts.enter(connection, device or who, visitor.ip, now, alone=alone)

    try:
        return retrying(begin)
    except TooManyAttempts:
        with writing(engine) as connection:
            audit.append_once(
                connection,
                attempts.ACCOUNT_WINDOW,
                actor=actor,
                action=action,
                outcome="throttled",
                details={"ip": visitor.ip},
                now=now,
            )
        raise


def note_refusal(
    engine: Engine, actor: str, action: str, visitor: Visitor, now: datetime, **more: str
) -> None:
    """Write down a wrong password, code or passkey."""

    def work() -> None:
        with writing(engine) as connection:
            audit.append(
                connection,
                actor=actor,
                action=action,
                outcome="refused",
                details={"ip": visitor.ip, **more},
                now=now,
            )

    retrying(work)


def _look_up(engine: Engine, email: str, visitor: Visitor, now: datetime) -> tuple[Any, str | None]:
    """Who has this address, and the device that makes this browser theirs, if it does."""
    query = select(users.c.id, users.c.email, users.c.password_hash, users.c.disabled)
    with reading(engine) as connection:
        user = connection.execute(query.where(users.c.email == email.strip().casefold())).first()
        if user is None:
            return None, None
        known = devices.find(connection, user.id, user.password_hash, visitor.devices, now)
        return user, known


def _still_open(connection: Connection, user_id: str, production: bool) -> str | None:
    """The hash of somebody's password; `StepSpent` where they may not sign in any more."""
    query = select(users.c.password_hash, users.c.email).where(
        users.c.id == user_id, ~users.c.disabled
    )
    row = connection.execute(query).first()
    if row is None or (production and is_demo(row.email)):
        raise StepSpent
    kept: str | None = row.password_hash
    return kept


def _admit(
    engine: Engine,
    user: Any,
    device: str | None,
    attempt: int,
    visitor: Visitor,
    now: datetime,
    fresh_hash: str | None,
) -> Entry | CodeNeeded:
    with writing(engine) as connection:
        attempts.succeed(connection, attempt)
        if fresh_hash:
            mine = users.update().where(users.c.id == user.id)
            connection.execute(mine.values(password_hash=fresh_hash))
        kept = fresh_hash or user.password_hash
        return proceed(connection, user.id, kept, visitor, now, action="sign_in", device=device)


def proceed(
    connection: Connection,
    user_id: str,
    password_hash: str | None,
    visitor: Visitor,
    now: datetime,
    *,
    action: str,
    device: str | None = None,
    proved_at: datetime | None = None,
) -> Entry | CodeNeeded:
    """After the first proof, now or at `proved_at`: a session, or the step at which the second
    factor is asked for."""
    if not second_factor.is_set(connection, user_id):
        return enter(
            connection, user_id, password_hash, visitor, now, action=action, proved_at=proved_at
        )
    # What it was when the password was looked at: with another the step opens nothing.
    payload = {
        "password": devices.password_key(password_hash),
        "device": device,
        "action": action,
    }
    step = one_time.issue(
        connection, one_time.CODE, user_id=user_id, lasts=STEP_LASTS, now=now, payload=payload
    )
    return CodeNeeded(step)


def enter(
    connection: Connection,
    user_id: str,
    password_hash: str | None,
    visitor: Visitor,
    now: datetime,
    *,
    action: str,
    proved_at: datetime | None = None,
) -> Entry:
    """A session for somebody who has proved who they are; this browser is known from now on."""
    token = sessions.start(
        connection,
        user_id,
        ip=visitor.ip,
        user_agent=visitor.user_agent,
        now=now,
        proved_at=proved_at,
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
