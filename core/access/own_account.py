"""What people do about their own sign-in: set up an app or passkeys, and take them away again."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection, Engine, select

from core.access import attempts, passkeys, principals, second_factor, step_up
from core.access.passkeys import Party, Passkey, WrongPasskey
from core.access.principals import Principal
from core.access.sessions import Session, Visitor
from core.access.sign_in import WrongCode, counted, note_refusal
from core.db.engine import reading, retrying
from core.db.tables import users
from core.db.turns import in_turn
from core.encryption import Encrypter
from core.errors import InvalidInput, ProofNeeded

T = TypeVar("T")

_STAYS = "is asked of your roles: it stays"


@dataclass(frozen=True)
class OwnAccount:
    """Somebody's own sign-in: `required` says that their roles ask for a second factor."""

    person: Principal
    #: An authenticator app is in force.
    app: bool
    passkeys: tuple[Passkey, ...]
    codes_left: int
    required: bool

    @property
    def second_factor(self) -> bool:
        """Whether something is asked for after the password."""
        return self.app or bool(self.passkeys)

    @property
    def may_lose_app(self) -> bool:
        """Whether what their roles ask for stays without the app."""
        return not self.required or bool(self.passkeys)

    @property
    def may_lose_passkey(self) -> bool:
        """The same for one of the passkeys."""
        return not self.required or self.app or len(self.passkeys) > 1


def find(engine: Engine, session: Session, asking: Collection[str]) -> OwnAccount:
    """The account behind a session; `asking` are the roles that need a second factor.

    `NotSignedIn` where it was shut meanwhile.
    """
    with reading(engine) as connection:
        return _find(connection, session, asking)


def _find(connection: Connection, session: Session, asking: Collection[str]) -> OwnAccount:
    person = principals.principal(connection, session.user_id)
    return OwnAccount(
        person,
        second_factor.has_app(connection, person.user_id),
        passkeys.listed(connection, person.user_id),
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
    within: timedelta,
    visitor: Visitor,
    now: datetime,
) -> tuple[str, ...]:
    """New recovery codes, for a code of the app or a recovery code: `WrongCode` for another,
    `TooManyAttempts` after ten. Who has passkeys alone has no code: `ProofNeeded` as to begin."""

    def then(connection: Connection) -> tuple[str, ...]:
        return second_factor.renew_codes(connection, session.user_id, now)

    if find(engine, session, ()).app:
        return _with_code(engine, session, code, encrypter, visitor, now, then)
    _require_fresh(session, within, now)
    return _written(engine, session.user_id, lambda connection: _renewed(connection, session, now))


def _renewed(connection: Connection, session: Session, now: datetime) -> tuple[str, ...]:
    if not second_factor.is_set(connection, session.user_id):
        raise InvalidInput("second_factor", "must be set up first")
    return second_factor.renew_codes(connection, session.user_id, now)


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
    """Ask for no code of an app any more, for a code. `InvalidInput` where a role asks for a factor
    and the app is the last one."""
    if not find(engine, session, asking).may_lose_app:
        raise InvalidInput("second_factor", _STAYS)

    def then(connection: Connection) -> None:
        if not _find(connection, session, asking).may_lose_app:
            raise InvalidInput("second_factor", _STAYS)
        second_factor.remove_app(connection, session.user_id, actor=session.user_id, now=now)

    _with_code(engine, session, code, encrypter, visitor, now, then)


def ask_for_passkey(
    engine: Engine, session: Session, party: Party, *, within: timedelta, now: datetime
) -> str:
    """What a browser makes a new passkey by (JSON); `ProofNeeded` as to begin with an app."""
    _require_fresh(session, within, now)

    def work(connection: Connection) -> str:
        return passkeys.ask_to_make(
            connection,
            session.user_id,
            principals.principal(connection, session.user_id).email,
            party,
            bound=session.key,
            verified=_alone(connection, session),
            now=now,
        )

    return _written(engine, session.user_id, work)


def add_passkey(
    engine: Engine,
    session: Session,
    name: str,
    answer: str,
    party: Party | None,
    *,
    within: timedelta,
    visitor: Visitor,
    now: datetime,
) -> tuple[str, ...]:
    """Keep a passkey that the browser made; recovery codes where it is the first factor.

    `ProofNeeded` as to begin, `WrongPasskey` for an answer that is not taken, `InvalidInput` for a
    name that is none, and where the browser came by an address that has no `party`.
    """
    _require_fresh(session, within, now)
    user_id = session.user_id
    if party is None:
        raise InvalidInput("passkey", "works at the configured address alone")
    passkeys.checked_name(name)

    def work(connection: Connection) -> tuple[str, ...]:
        first = not second_factor.is_set(connection, user_id)
        alone = _alone(connection, session)
        passkeys.add(connection, user_id, name, made, party, verified=alone, now=now)
        return second_factor.new_codes(connection, user_id) if first else ()

    try:
        made = passkeys.made(engine, answer, user_id=user_id, bound=session.key, now=now)
        return _written(engine, user_id, work)
    except WrongPasskey as error:
        note_refusal(engine, user_id, passkeys.ADD, visitor, now, why=error.why)
        raise


def remove_passkey(
    engine: Engine,
    session: Session,
    passkey_id: str,
    *,
    asking: Collection[str],
    within: timedelta,
    now: datetime,
) -> None:
    """Take one passkey away; `ProofNeeded` as to begin, `NotFound` for one that is not theirs.

    `InvalidInput` where a role asks for a factor and it is the last one.
    """
    _require_fresh(session, within, now)

    def work(connection: Connection) -> None:
        if not _find(connection, session, asking).may_lose_passkey:
            raise InvalidInput("second_factor", _STAYS)
        passkeys.remove(connection, session.user_id, passkey_id, now)
        second_factor.forget_codes(connection, session.user_id)

    _written(engine, session.user_id, work)


def _alone(connection: Connection, session: Session) -> bool:
    """Whether a passkey stands alone, without a password: its device has to ask who holds it."""
    query = select(users.c.password_hash).where(users.c.id == session.user_id)
    return connection.scalar(query) is None


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
