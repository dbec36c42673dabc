"""The table of groups and roles of the company's provider: changed by administrators."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine

from core import clock
from core.access import group_roles
from core.access.group_roles import CHANGE, LINE, REMOVE
from core.access.principals import Caller
from core.access.rights import ADMINISTER, ROLES
from core.actions.admin.settings import checked_reason
from core.actions.context import ActionContext
from core.actions.operations.operations import authorize
from core.actions.transaction import permitted_change
from core.db.engine import retrying
from core.db.turns import in_turn
from core.errors import InvalidInput
from core.settings import Settings

LONGEST_GROUP = group_roles.LONGEST_GROUP
CHOICES = ROLES

Work = Callable[[Connection, datetime], None]


def give(
    context: ActionContext,
    caller: Caller,
    group: str,
    roles: Sequence[str],
    *,
    environment: Settings,
    new: bool = False,
    reason: str = "",
) -> None:
    """Have a group's people get these roles, and no others, from their next sign-in on.

    `InvalidInput` for a name that is none, one that is in the table where it must be `new`, no
    role, an unknown one, and where the environment has the table.
    """
    authorize(context, caller, (ADMINISTER,), CHANGE, str(group))
    work = _giving(
        group, roles, environment, actor=caller.actor, new=new, reason=checked_reason(reason)
    )
    _change(context, caller, CHANGE, group.strip(), work)


def remove(
    context: ActionContext,
    caller: Caller,
    group: str,
    *,
    environment: Settings,
    reason: str = "",
) -> None:
    """Have a group give nothing any more; `NotFound` for one that is not in the table.

    Without any group roles are given here alone, as before there was a table.
    """
    authorize(context, caller, (ADMINISTER,), REMOVE, str(group))
    work = _removing(group, environment, actor=caller.actor, reason=checked_reason(reason))
    _change(context, caller, REMOVE, group.strip(), work)


def give_outside(
    engine: Engine, group: str, roles: Sequence[str], *, environment: Settings, actor: str
) -> None:
    """`give` for who works on the machine itself."""
    _change_outside(engine, _giving(group, roles, environment, actor=actor))


def remove_outside(engine: Engine, group: str, *, environment: Settings, actor: str) -> None:
    """`remove` for who works on the machine itself."""
    _change_outside(engine, _removing(group, environment, actor=actor))


def outside(environment: Settings) -> Mapping[str, frozenset[str]]:
    """The table that the environment has: it wins over the database's."""
    return group_roles.parse(environment.oidc_group_roles)


def _giving(
    group: str,
    roles: Sequence[str],
    environment: Settings,
    *,
    actor: str,
    new: bool = False,
    reason: str = "",
) -> Work:
    name, given = group_roles.checked_group(group), group_roles.checked_roles(roles)
    _refuse_outside(environment)

    def work(connection: Connection, now: datetime) -> None:
        group_roles.give(connection, name, given, actor=actor, now=now, reason=reason, new=new)

    return work


def _removing(group: str, environment: Settings, *, actor: str, reason: str = "") -> Work:
    name = group_roles.checked_group(group)
    _refuse_outside(environment)

    def work(connection: Connection, now: datetime) -> None:
        group_roles.remove(connection, name, actor=actor, now=now, reason=reason)

    return work


def _refuse_outside(environment: Settings) -> None:
    if outside(environment):
        raise InvalidInput("group", "is set in the environment: change it there")


def _change(context: ActionContext, caller: Caller, action: str, group: str, work: Work) -> None:
    permitted_change(context, caller, action, work, right=ADMINISTER, target=group, lines=(LINE,))


def _change_outside(engine: Engine, work: Work) -> None:
    def whole() -> None:
        with in_turn(engine, LINE) as connection:
            work(connection, clock.now())

    retrying(whole)
