"""People and their way in: what administrators do. Each act is checked and noted as one."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Connection, select

from core import clock
from core.access import (
    audit,
    password_reset,
    passwords,
    rights,
    second_factor,
    sessions,
    tokens,
    users,
)
from core.access.principals import Caller
from core.actions.context import ActionContext
from core.actions.operations.operations import authorize
from core.actions.transaction import permitted_change
from core.db import tables
from core.errors import NotFound, OwnAdministration

T = TypeVar("T")

ROLES = rights.ROLES
SHORTEST = passwords.SHORTEST
_RIGHT = rights.ADMINISTER


@dataclass(frozen=True)
class Account:
    """An account and, where one was made up for it, the password: it is kept nowhere."""

    user_id: str
    password: str | None = field(repr=False)


def create(
    context: ActionContext,
    caller: Caller,
    *,
    email: str,
    roles: Sequence[str],
    name: str = "",
    password: str | None = None,
) -> Account:
    """Create an account; without a password one is made up and given back, once. Either way they
    choose their own at their first sign-in.

    `InvalidInput` for a bad or taken address, a bad role, a short password; `Misconfigured` for a
    demo address in production. Nothing is written then.
    """
    authorize(context, caller, (_RIGHT,), "user.create", "")
    users.refuse_demo(users.normal_email(email), production=context.production)
    made_up = None if password else _new_password()
    hashed = passwords.hash_password(password or str(made_up))

    def work(connection: Connection) -> str:
        return users.create(
            connection,
            email=email,
            name=name.strip(),
            roles=roles,
            password_hash=hashed,
            password_given=True,
            actor=caller.actor,
            production=context.production,
        )

    return Account(_change(context, caller, "user.create", "", work), made_up)


def set_roles(context: ActionContext, caller: Caller, user_id: str, roles: Sequence[str]) -> None:
    """Replace somebody's roles; in force with their next call.

    `OwnAdministration` for callers who would take away their own.
    """

    def work(connection: Connection) -> None:
        _keep_own_administration(caller, user_id, roles)
        email = users.address_of(connection, user_id)
        users.set_roles(connection, email, roles, actor=caller.actor)

    _change(context, caller, "user.roles", user_id, work)


def set_disabled(context: ActionContext, caller: Caller, user_id: str, disabled: bool) -> None:
    """Shut somebody out and end their sessions, or let them in again.

    `OwnAdministration` for one's own account; `Misconfigured` for a demo user in production.
    """

    def work(connection: Connection) -> None:
        if disabled:
            _keep_own_administration(caller, user_id)
        users.set_disabled(
            connection,
            users.address_of(connection, user_id),
            disabled,
            actor=caller.actor,
            production=context.production,
        )

    _change(context, caller, "user.disable" if disabled else "user.enable", user_id, work)


def reset_password(
    context: ActionContext, caller: Caller, user_id: str, password: str | None = None
) -> Account:
    """Set a password and end the sessions; one that was made up is given back, once. Who signs in
    with it chooses their own first."""
    authorize(context, caller, (_RIGHT,), "user.password", user_id)
    made_up = None if password else _new_password()
    hashed = passwords.hash_password(password or str(made_up))

    def work(connection: Connection) -> None:
        email = users.address_of(connection, user_id)
        # Administrators who set their own have chosen it.
        given = user_id != caller.user_id
        users.set_password(connection, email, hashed, password_given=given, actor=caller.actor)

    _change(context, caller, "user.password", user_id, work)
    return Account(user_id, made_up)


def reset_link(context: ActionContext, caller: Caller, user_id: str) -> str:
    """The path of a link with which somebody chooses a new password once, within four hours.

    What they have stays in force until then; links that were made before do not.
    """

    def work(connection: Connection) -> str:
        return password_reset.issue(connection, user_id, actor=caller.actor, now=clock.now())

    token = _change(context, caller, "user.reset_link", user_id, work)
    return f"{password_reset.PATH}?token={token}"


def reset_second_factor(context: ActionContext, caller: Caller, user_id: str) -> None:
    """Ask somebody who lost theirs for no second factor any more, until they set up another.

    Their sessions end: who else holds one gets nothing out of it.
    """

    def work(connection: Connection) -> None:
        users.address_of(connection, user_id)
        now = clock.now()
        sessions.revoke_all(connection, user_id, now)
        second_factor.remove(connection, user_id, actor=caller.actor, now=now)

    _change(context, caller, "second_factor.remove", user_id, work)


def end_session(context: ActionContext, caller: Caller, user_id: str, key: str) -> None:
    """End one session of somebody's now; `NotFound` if they have none under this key."""
    s = tables.sessions.c

    def work(connection: Connection) -> None:
        theirs = select(s.user_id).where(s.token_hash == key, s.user_id == user_id)
        if connection.execute(theirs).first() is None:
            raise NotFound("There is no such session.")
        if sessions.revoke(connection, key, clock.now()):
            audit.append(
                connection,
                actor=caller.actor,
                action="session.end",
                target=user_id,
                details={"session": key[:12]},
            )

    _change(context, caller, "session.end", user_id, work)


def end_sessions(context: ActionContext, caller: Caller, user_id: str) -> int:
    """End all sessions of somebody's now; how many there were."""

    def work(connection: Connection) -> int:
        users.address_of(connection, user_id)
        ended = sessions.revoke_all(connection, user_id, clock.now())
        if ended:
            audit.append(
                connection,
                actor=caller.actor,
                action="session.end_all",
                target=user_id,
                details={"sessions": ended},
            )
        return ended

    return _change(context, caller, "session.end_all", user_id, work)


def revoke_token(context: ActionContext, caller: Caller, token_id: str) -> None:
    """End an API token now; `NotFound` if there is none."""
    _change(
        context,
        caller,
        "token.revoke",
        token_id,
        lambda connection: tokens.revoke(connection, token_id, actor=caller.actor),
    )


def _change(
    context: ActionContext,
    caller: Caller,
    action: str,
    target: str,
    work: Callable[[Connection], T],
) -> T:
    """One act of an administrator, who is asked for the right in the transaction that does it."""

    return permitted_change(
        context,
        caller,
        action,
        lambda connection, _now: work(connection),
        right=_RIGHT,
        target=target,
        lines=(users.LINE,),
    )


def _new_password() -> str:
    return secrets.token_urlsafe(12)


def _keep_own_administration(caller: Caller, user_id: str, roles: Iterable[str] = ()) -> None:
    """`OwnAdministration` where a caller would be left without it: with these roles, or shut."""
    if caller.user_id == user_id and rights.ADMIN not in roles:
        raise OwnAdministration
