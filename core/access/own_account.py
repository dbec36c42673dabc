"""What people do about their own sign-in: set up a second factor, and take it away again."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection, Engine

from core.access import attempts, principals, second_factor, step_up
from core.access.principals import Principal
from core.access.sessions import Session, Visitor
from core.access.sign_in import WrongCode, counted, note_refusal
from core.db.engine import reading, retrying
from core.db.turns import in_turn
from core.encryption import Encrypter
from core.errors import InvalidInput, ProofNeeded

T = TypeVar("T")


@dataclass(frozen=True)
class OwnAccount:
    """Somebody's own sign-in: `required` says that their roles ask for a second factor."""

    person: Principal
    second_factor: bool
    codes_left: int
    required: bool


def find(engine: Engine, session: Session, asking: Collection[str]) -> OwnAccount:
    """The account behind a session; `asking` are the roles that need a second factor.

    `NotSignedIn` where it was shut meanwhile.
    """
    with reading(engine) as connection:
        person = principals.principal(connection, session.user_id)
        return OwnAccount(
            person,
            second_factor.is_set(connection, person.user_id),
            second_factor.codes_left(connection, person.user_id),
            required=not person.roles.isdisjoint(asking),
        )


def begin_factor(
    engine: Engine, session: Session, encrypter: Encrypter, *, within: timedelta, now: datetime
) -> str:
    """A new secret for an authenticator app; `InvalidInput` as `second_factor.begin` says.

    `ProofNeeded` where the session's last proof is older than `within`: who finds a browser open
    does not make the account theirs.
    """
    _require_fresh(session, within, now)
    return _written(
        engine,
        session.user_id,
        lambda connection: second_factor.begin(connection, session.user_id, encrypter, now),
    )


def begun_secret(
    engine: Engine, session: Session, encrypter: Encrypter, *, within: timedelta, now: datetime
) -> str | None:
    """The secret that waits for its first code, if one does; `ProofNeeded` as to begin."""
    _require_fresh(session, within, now)
    with reading(engine) as connection:
        return second_factor.begun(connection, session.user_id, encrypter)


def confirm_factor(
    engine: Engine,
    session: Session,
    code: str,
    encrypter: Encrypter,
    *,
    within: timedelta,
    now: datetime,
) -> tuple[str, ...]:
    """Put it in force by its first code; the recovery codes. `InvalidInput` for a wrong one.

    `ProofNeeded` as to begin: what its owner began and left is nobody else's to end.
    """
    _require_fresh(session, within, now)
    return _written(
        engine,
        session.user_id,
        lambda connection: second_factor.confirm(connection, session.user_id, code, encrypter, now),
    )


def renew_codes(
    engine: Engine,
    session: Session,
    code: str,
    encrypter: Encrypter,
    *,
    visitor: Visitor,
    now: datetime,
) -> tuple[str, ...]:
    """New recovery codes, for a code of the app or a recovery code: `WrongCode` for another,
    `TooManyAttempts` after ten."""

    def then(connection: Connection) -> tuple[str, ...]:
        return second_factor.renew_codes(connection, session.user_id, now)

    return _with_code(engine, session, code, encrypter, visitor, now, then)


def remove_factor(
    engine: Engine,
    session: Session,
    code: str,
    encrypter: Encrypter,
    *,
    asking: Collection[str],
    visitor: Visitor,
    now: datetime,
) -> None:
    """Ask for no second factor any more, for a code. `InvalidInput` where a role asks for it."""
    if find(engine, session, asking).required:
        raise InvalidInput("second_factor", "is asked of your roles: it stays")

    def then(connection: Connection) -> None:
        second_factor.remove(connection, session.user_id, actor=session.user_id, now=now)

    _with_code(engine, session, code, encrypter, visitor, now, then)


def _with_code(
    engine: Engine,
    session: Session,
    code: str,
    encrypter: Encrypter,
    visitor: Visitor,
    now: datetime,
    then: Callable[[Connection], T],
) -> T:
    user_id = session.user_id
    who = attempts.key_of("own code", user_id)
    # Whoever has a session guesses under its person's name alone: no stranger's address counts.
    attempt = counted(engine, who, who, visitor, now, action="second_factor.check", actor=user_id)

    def work(connection: Connection) -> tuple[T] | None:
        if second_factor.verify(connection, user_id, code, encrypter, now) is None:
            return None
        attempts.succeed(connection, attempt)
        return (then(connection),)

    done = _written(engine, user_id, work)
    if done is None:
        note_refusal(engine, user_id, "second_factor.check", visitor, now)
        raise WrongCode
    return done[0]


def _require_fresh(session: Session, within: timedelta, now: datetime) -> None:
    if not step_up.is_fresh(session.proved_at, within, now):
        raise ProofNeeded("second_factor.set")


def _written(engine: Engine, user_id: str, work: Callable[[Connection], T]) -> T:
    def whole() -> T:
        # Two tabs at once: one begins anew what the other puts in force.
        with in_turn(engine, f"second factor {user_id}") as connection:
            return work(connection)

    return retrying(whole)
