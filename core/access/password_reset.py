"""The way back in: a link that an administrator hands out, for one choice of a new password."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, select

from core.access import audit, one_time, passwords, sessions, users
from core.access.sessions import Entry, Visitor
from core.access.sign_in import CodeNeeded, proceed
from core.db.engine import reading, retrying, writing
from core.db.tables import users as users_table
from core.errors import NotSignedIn

#: Long enough to be handed over, short enough not to lie about.
LASTS = timedelta(hours=4)
#: Where the screens take it; the token follows.
PATH = "/reset"


class LinkSpent(NotSignedIn):
    """This link was used, or has run out. Ask an administrator for another."""

    code = "link_spent"


def issue(connection: Connection, user_id: str, *, actor: str, now: datetime) -> str:
    """A token for a link; those before it are worth nothing. `NotFound` for an unknown person.

    It is neither the password nor a second factor, and changes nothing until it is used.
    """
    users.address_of(connection, user_id)
    one_time.revoke(connection, one_time.RESET, user_id)
    token = one_time.issue(connection, one_time.RESET, user_id=user_id, lasts=LASTS, now=now)
    audit.append(connection, actor=actor, action="user.reset_link", target=user_id, now=now)
    return token


def check(engine: Engine, token: str, *, now: datetime, production: bool) -> None:
    """`LinkSpent` where a token opens nothing, or belongs to who may not sign in."""
    with reading(engine) as connection:
        found = one_time.find(connection, one_time.RESET, token, now)
        if found is None or not _may_enter(connection, found.user_id, production):
            raise LinkSpent


def choose(
    engine: Engine, token: str, password: str, *, visitor: Visitor, now: datetime, production: bool
) -> Entry | CodeNeeded:
    """Keep the chosen password, end all sessions, begin one; the link is used up. A second factor
    is asked for all the same.

    `InvalidInput` for a password that is too short or too long, which leaves the link in force;
    `LinkSpent`. No lock of the account's is asked: nobody guesses the token.
    """
    check(engine, token, now=now, production=production)
    chosen = passwords.hash_password(password)

    def write() -> Entry | CodeNeeded:
        with writing(engine) as connection:
            found = one_time.take(connection, one_time.RESET, token, now)
            if found is None or not _may_enter(connection, found.user_id, production):
                raise LinkSpent
            user_id = str(found.user_id)
            mine = users_table.update().where(users_table.c.id == user_id)
            connection.execute(mine.values(password_hash=chosen, password_given=False))
            sessions.revoke_all(connection, user_id, now)
            audit.append(connection, actor=user_id, action="user.reset", target=user_id, now=now)
            return proceed(connection, user_id, chosen, visitor, now, action="sign_in")

    return retrying(write)


def _may_enter(connection: Connection, user_id: str | None, production: bool) -> bool:
    c = users_table.c
    row = connection.execute(select(c.disabled, c.demo).where(c.id == user_id)).first()
    return row is not None and not row.disabled and not (row.demo and production)
