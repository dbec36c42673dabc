"""API tokens that an administrator makes: shown once, kept as a hash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from core.access import tokens
from core.access.principals import Caller
from core.access.rights import ADMINISTER, TOKEN_ROLES
from core.actions.context import ActionContext
from core.actions.transaction import permitted_change
from core.errors import InvalidInput

ROLES = TOKEN_ROLES
CREATE = "token.create"
LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token's id, and the secret, which is kept nowhere."""

    token_id: str
    secret: str = field(repr=False)


def create(
    context: ActionContext,
    caller: Caller,
    *,
    email: str,
    roles: Sequence[str],
    name: str = "",
    days: int | None = None,
) -> NewToken:
    """Make a token that acts for a user, for so many days; without them it does not end.

    `InvalidInput` for a role that the user does not have; `NotFound` for an unknown user.
    """

    def work(connection: Connection, now: datetime) -> NewToken:
        if len(name) > LONGEST_NAME or not name.isprintable():
            raise InvalidInput("name", "must have at most {most} characters", most=LONGEST_NAME)
        lasts = None if days is None else timedelta(days=days)
        return NewToken(
            *tokens.create(
                connection,
                email=email,
                roles=roles,
                actor=caller.actor,
                name=name.strip(),
                lasts=lasts,
                now=now,
            )
        )

    return permitted_change(context, caller, CREATE, work, right=ADMINISTER)
