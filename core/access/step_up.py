"""Step-up: what matters most is done by somebody who proved lately who they are.

A session says when its holder last typed the password, and the second factor where there is one. A
browser left open does not approve a refund an hour later, nor make a token that would. Programs
with a token have no session: what they may do is what their roles allow.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, select

from core.access import attempts, audit, passwords, second_factor, sessions
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


def asked_for(engine: Engine, session: Session) -> tuple[bool, bool]:
    """Whether the holder has a password to type, and a second factor."""
    with reading(engine) as connection:
        return (
            _password_hash(connection, session.user_id) is not None,
            second_factor.is_set(connection, session.user_id),
        )


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
    has_password, has_factor = asked_for(engine, session)
    if not has_password and not has_factor:
        raise NothingToProve
    user_id = session.user_id
    who = attempts.key_of(ACTION, user_id)
    attempt = counted(engine, who, who, visitor, now, action=ACTION, actor=user_id)
    with reading(engine) as connection:
        kept = _password_hash(connection, user_id)
    right = kept is None or passwords.verify(kept, password)

    def work() -> bool:
        with writing(engine) as connection:
            if has_factor:
                typed = second_factor.verify(connection, user_id, code, encrypter, now)
                if typed is None:
                    return False
            attempts.succeed(connection, attempt)
            sessions.prove(connection, session.key, now)
            details = {"ip": visitor.ip}
            audit.append(connection, actor=user_id, action=ACTION, details=details, now=now)
            return True

    # A code is not used up by a wrong password.
    if not right or not retrying(work):
        note_refusal(engine, user_id, ACTION, visitor, now)
        raise WrongProof


def _password_hash(connection: Connection, user_id: str) -> str | None:
    query = select(users.c.password_hash).where(users.c.id == user_id, ~users.c.disabled)
    kept: str | None = connection.scalar(query)
    return kept
