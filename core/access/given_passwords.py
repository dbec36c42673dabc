"""A password that an administrator gave opens one thing: the form where one chooses one's own."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine, select

from core.access import audit, passwords, sessions
from core.access.sessions import Session
from core.access.sign_in import Visitor
from core.db.engine import reading, retrying, writing
from core.db.tables import users
from core.errors import InvalidInput, NotSignedIn


def choose(engine: Engine, session: Session, password: str, *, by: Visitor, now: datetime) -> str:
    """Keep the password that a person chose; the token of a new session, and the end of all others.

    `InvalidInput` for one that is too short or too long, or that is the given one; `NotSignedIn`
    once there is no given one to replace any more.
    """
    given = (users.c.id == session.user_id) & users.c.password_given & ~users.c.disabled
    with reading(engine) as connection:
        kept = connection.scalar(select(users.c.password_hash).where(given))
    if passwords.verify(kept, password):
        raise InvalidInput("password", "is the one that was given to you: choose another")
    chosen = passwords.hash_password(password)

    def work() -> str:
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
                connection, session.user_id, ip=by.ip, user_agent=by.user_agent, now=now
            )
            audit.append(
                connection,
                actor=session.user_id,
                action="user.password",
                target=session.user_id,
                details={"own": True},
                now=now,
            )
            return token

    return retrying(work)
