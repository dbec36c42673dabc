"""Which roles a group of the company's provider gives its people here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select

from core.access import audit
from core.access.rights import ROLES
from core.db.tables import group_roles
from core.db.upsert import upsert
from core.errors import InvalidInput, NotFound

#: Whoever changes the table stands in this line.
LINE = "group roles"
CHANGE, REMOVE = "group_roles.change", "group_roles.remove"
LONGEST_GROUP = 255

_C = group_roles.c


def table(connection: Connection) -> dict[str, frozenset[str]]:
    """The roles by group; empty where groups give none, and roles are given here alone."""
    rows = connection.execute(select(_C.group_name, _C.roles))
    return {group: _known(roles.split(",")) for group, roles in rows}


def parse(text: str) -> dict[str, frozenset[str]]:
    """`GROUP=role,role; GROUP=role`, as the environment may say it, as a table; `InvalidInput` for
    what is none: who is in a group that gives nothing would be refused."""
    found: dict[str, frozenset[str]] = {}
    for part in filter(None, (one.strip() for one in text.split(";"))):
        group, _, roles = part.rpartition("=")
        given = [role.strip() for role in roles.split(",")]
        found[checked_group(group)] = frozenset(checked_roles(given))
    return found


def checked_group(group: object) -> str:
    """A group's name as it is kept; `InvalidInput` for one that is none."""
    name = group.strip() if isinstance(group, str) else ""
    if not name:
        raise InvalidInput("group", "must not be empty")
    if len(name) > LONGEST_GROUP or not name.isprintable():
        raise InvalidInput(
            "group", "must be one line of at most {most} characters", most=LONGEST_GROUP
        )
    return name


def checked_roles(roles: Sequence[object]) -> tuple[str, ...]:
    """Roles in their usual order, each once; `InvalidInput` for none, or for one that is none."""
    if not roles:
        raise InvalidInput("roles", "must not be empty")
    for role in roles:
        if role not in ROLES:
            raise InvalidInput("roles", "must be among {allowed}", allowed=", ".join(ROLES))
    return tuple(role for role in ROLES if role in roles)


def give(
    connection: Connection,
    group: str,
    roles: tuple[str, ...],
    *,
    actor: str,
    now: datetime,
    reason: str = "",
    new: bool = False,
) -> None:
    """Have a group give these roles, checked before, with a row in the log.

    `InvalidInput` for a `new` one that is in the table already. The caller stands in line at `LINE`
    and commits.
    """
    before = _kept(connection, group)
    if new and before is not None:
        raise InvalidInput("group", "is in the table already")
    kept = ",".join(roles)
    if before == kept:
        return
    stamp = {"updated_at": now, "updated_by": actor[:64]}
    upsert(connection, group_roles, [{"group_name": group, "roles": kept, **stamp}])
    _note(connection, CHANGE, group, before, kept, actor, reason, now)


def remove(
    connection: Connection, group: str, *, actor: str, now: datetime, reason: str = ""
) -> None:
    """Have a group give nothing any more; `NotFound` for one that is not in the table.

    The caller stands in line at `LINE` and commits.
    """
    before = _kept(connection, group)
    if before is None:
        raise NotFound("There is no such group in the table.")
    connection.execute(delete(group_roles).where(_C.group_name == group))
    _note(connection, REMOVE, group, before, None, actor, reason, now)


def _known(roles: Iterable[str]) -> frozenset[str]:
    return frozenset(roles) & frozenset(ROLES)


def _kept(connection: Connection, group: str) -> str | None:
    found: str | None = connection.scalar(select(_C.roles).where(_C.group_name == group))
    return found


def _note(
    connection: Connection,
    action: str,
    group: str,
    before: str | None,
    after: str | None,
    actor: str,
    reason: str,
    now: datetime,
) -> None:
    details = {"before": before, "after": after} | ({"reason": reason} if reason else {})
    audit.append(connection, actor=actor, action=action, target=group, details=details, now=now)
