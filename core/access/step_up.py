"""Step-up: what matters most is done by somebody who proved lately who they are.

A session says when its holder last typed the password, and the second factor where there is one. A
browser left open does not approve a refund an hour later, nor make a token that would. Programs
with a token have no session: what they may do is what their roles allow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, select

from core import clock
from core.access import attempts, audit, passkeys, passwords, second_factor, sessions
from core.access.passkeys import Party, WrongPasskey
from core.access.principals import Caller
from core.access.sessions import Session, Visitor
from core.access.sign_in import counted, note_refusal
from core.db.engine import reading, retrying, writing
from core.db.tables import sessions as sessions_table
from core.db.tables import users
from core.encryption import Encrypter
from core.errors import Misconfigured, NotSignedIn, ProofNeeded

#: The operations that ask for it, by their names in the audit log.
OPERATIONS = frozenset(
    {
        *("refund.approve", "bulk_refund.approve"),
        *("rules.change", "rules.confirm"),
        *("period.ask", "period.close", "period.reopen"),
        # What would let somebody in, or take these questions away.
        *("user.create", "user.roles", "user.enable", "user.password", "user.reset_link"),
        *("second_factor.remove", "token.create", "setting.change"),
        *("group_roles.change", "group_roles.remove"),
    }
)
ACTION = "step_up"

c = sessions_table.c


class WrongProof(NotSignedIn):
    """The password or the code is wrong."""

    code = "wrong_proof"


class NothingToProve(NotSignedIn):
    """There is neither a password nor a code to type: sign in again."""

    code = "nothing_to_prove"


def require(
    connection: Connection,
    caller: Caller,
    operation: str,
    within: timedelta | None,
    now: datetime,
) -> None:
    """`ProofNeeded` where an operation asks for a proof and the caller's session has none so fresh.

    To be asked in the transaction that does it. `within` None: who calls is no browser, and
    `Misconfigured` for one that is.
    """
    if operation not in OPERATIONS or caller.token_id is not None:
        return
    if within is None:
        if caller.session is not None:
            raise Misconfigured("a browser's calls are not asked for a recent proof")
        return
    if not is_fresh(proved_at(connection, caller), within, now):
        raise ProofNeeded(operation)


def proved_at(connection: Connection, caller: Caller) -> datetime | None:
    """When the holder of the caller's session last proved who they are."""
    theirs = select(c.proved_at).where(
        c.token_hash == caller.session, c.user_id == caller.user_id, c.revoked_at.is_(None)
    )
    found: datetime | None = connection.scalar(theirs) if caller.session else None
    return found


def is_fresh(proved_at: datetime | None, within: timedelta, now: datetime) -> bool:
    """Whether a proof is recent enough; one of a clock that ran ahead is none."""
    return proved_at is not None and now - within < proved_at <= now + within


@dataclass(frozen=True)
class Asked:
    """What a session's holder may type: a password, a code (an app's, or a recovery code); and
    what their browser asks a passkey by (JSON), None where they have none."""

    password: bool
    factor: bool
    passkey: str | None = None

    @property
    def nothing(self) -> bool:
        """Whether there is neither."""
        return not self.password and not self.factor


def asked_for(
    engine: Engine, session: Session, party: Party | None = None, now: datetime | None = None
) -> Asked:
    """What the holder is asked for. A passkey that stands alone, without a password, has to ask
    who holds it."""
    user_id, moment = session.user_id, now or clock.now()
    with reading(engine) as connection:
        password = _password_hash(connection, user_id) is not None
        factor = second_factor.is_set(connection, user_id)
        asks = second_factor.has_passkey(connection, user_id)
    if party is None or not asks:
        return Asked(password, factor)
    known = party

    def ask() -> str | None:
        with writing(engine) as connection:
            return passkeys.ask_for(
                connection, user_id, known, bound=session.key, verified=not password, now=moment
            )

    return Asked(password, factor, retrying(ask))


def prove(
    engine: Engine,
    session: Session,
    password: str,
    code: str,
    encrypter: Encrypter,
    *,
    visitor: Visitor,
    now: datetime,
) -> None:
    """Note that the session's holder proved themselves: password, and code where they have one.

    `WrongProof` whichever of them is wrong, `TooManyAttempts` after ten in 15 minutes, counted by
    themselves: they lock nobody's sign-in. `NothingToProve` where there is neither.
    """
    asked = asked_for(engine, session)
    if asked.nothing:
        raise NothingToProve

    def verify(connection: Connection) -> None:
        if not asked.factor:
            return
        typed = second_factor.verify(connection, session.user_id, code, encrypter, now)
        if typed is None:
            raise WrongProof

    attempt = _counted(engine, session, visitor, now)
    try:
        _prove(engine, session, attempt, password, verify, visitor, now)
    except WrongProof:
        note_refusal(engine, session.user_id, ACTION, visitor, now)
        raise


def prove_by_passkey(
    engine: Engine,
    session: Session,
    password: str,
    answer: str,
    party: Party,
    *,
    visitor: Visitor,
    now: datetime,
) -> None:
    """The same by the password, where there is one, and what a passkey answered (JSON) to
    `asked_for`. `WrongPasskey` for an answer that is not taken."""
    user_id = session.user_id

    def verify(connection: Connection) -> None:
        alone = _password_hash(connection, user_id) is None
        passkeys.verify(connection, user_id, given, party, verified=alone, now=now)

    attempt = _counted(engine, session, visitor, now)
    try:
        given = passkeys.given(engine, answer, user_id=user_id, bound=session.key, now=now)
        _prove(engine, session, attempt, password, verify, visitor, now)
    except WrongPasskey as error:
        note_refusal(engine, user_id, ACTION, visitor, now, why=error.why)
        raise
    except WrongProof:
        note_refusal(engine, user_id, ACTION, visitor, now)
        raise


def _counted(engine: Engine, session: Session, visitor: Visitor, now: datetime) -> int:
    """The number of this try, which stands as a wrong one."""
    who = attempts.key_of(ACTION, session.user_id)
    return counted(engine, who, who, visitor, now, action=ACTION, actor=session.user_id)


def _prove(
    engine: Engine,
    session: Session,
    attempt: int,
    password: str,
    verify: Callable[[Connection], None],
    visitor: Visitor,
    now: datetime,
) -> None:
    """Note a proof whose password is right and whose factor `verify` lets pass."""
    user_id = session.user_id
    with reading(engine) as connection:
        kept = _password_hash(connection, user_id)
    # A code is not used up by a wrong password.
    if kept is not None and not passwords.verify(kept, password):
        raise WrongProof

    def work() -> None:
        with writing(engine) as connection:
            verify(connection)
            attempts.succeed(connection, attempt)
            sessions.prove(connection, session.key, now)
            details = {"ip": visitor.ip}
            audit.append(connection, actor=user_id, action=ACTION, details=details, now=now)

    retrying(work)


def _password_hash(connection: Connection, user_id: str) -> str | None:
    query = select(users.c.password_hash).where(users.c.id == user_id, ~users.c.disabled)
    kept: str | None = connection.scalar(query)
    return kept
