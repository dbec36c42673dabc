"""Settings that are kept in the database as administrators see them, and what was changed last."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from core.db.tables import (
    api_tokens,
    audit_log,
    group_roles,
    settings_table,
    user_roles,
    users,
)
from core.domain import setting_rows
from core.reads.permissions import requires
from core.reads.search.logs.names import names_of

#: What is a change of a setting in the log of operators.
ACTIONS = (
    *("setting.change", "setting.remove", "refund.limits", "secrets.rotate"),
    *("group_roles.change", "group_roles.remove"),
)


@dataclass(frozen=True, slots=True)
class KeptValue:
    """`shown` is the value, or the end of a secret."""

    name: str
    shown: str
    secret: bool
    updated_at: datetime
    updated_by: str


@dataclass(frozen=True, slots=True)
class SettingChange:
    """One change: of what, by whom, from what to what (as it may be seen), and why."""

    at: datetime
    by: str
    action: str
    target: str
    before: Any
    after: Any
    reason: str | None


@dataclass(frozen=True, slots=True)
class GroupRoles:
    """A group of the company's provider, and the roles that its people have here."""

    group: str
    roles: tuple[str, ...]
    updated_at: datetime
    updated_by: str


@dataclass(frozen=True, slots=True)
class GivenToken:
    """An API token, never its secret, with whom it acts for."""

    token_id: str
    email: str
    name: str
    roles: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    def in_force(self, now: datetime) -> bool:
        """Whether it opens anything now."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


@requires("administer")
def kept(conn: Connection) -> tuple[KeptValue, ...]:
    """All that is kept, by name."""
    c = settings_table.c
    query = select(settings_table).where(c.name.startswith(setting_rows.PREFIX, autoescape=True))
    found = conn.execute(query.order_by(c.name)).all()
    names = names_of(conn, {row.updated_by for row in found})
    return tuple(
        KeptValue(
            row.name.removeprefix(setting_rows.PREFIX),
            setting_rows.shown(row.value) or "",
            row.value.startswith(setting_rows.SEALED),
            row.updated_at,
            names.get(row.updated_by, row.updated_by),
        )
        for row in found
    )


@requires("administer")
def changes(conn: Connection, *, limit: int = 10) -> tuple[SettingChange, ...]:
    """The newest changes, newest first."""
    a = audit_log.c
    query = select(audit_log).where(a.action.in_(ACTIONS), a.outcome == "ok")
    found = conn.execute(query.order_by(a.seq.desc()).limit(limit)).all()
    names = names_of(conn, {row.actor for row in found})
    return tuple(_change(row, names.get(row.actor, row.actor)) for row in found)


def _change(row: Any, by: str) -> SettingChange:
    details = json.loads(row.details)
    after = details.get("after")
    if row.action == "refund.limits":
        after = [details.get("per_refund_minor"), details.get("per_day_minor")]
    before, reason = details.get("before"), details.get("reason")
    return SettingChange(row.at, by, row.action, row.target, before, after, reason)


@requires("administer")
def roles_by_group(conn: Connection) -> tuple[GroupRoles, ...]:
    """The table of groups, by their names."""
    found = conn.execute(select(group_roles).order_by(group_roles.c.group_name)).all()
    names = names_of(conn, {row.updated_by for row in found})
    return tuple(
        GroupRoles(
            row.group_name,
            tuple(row.roles.split(",")),
            row.updated_at,
            names.get(row.updated_by, row.updated_by),
        )
        for row in found
    )


@requires("administer")
def people_by_role(conn: Connection) -> dict[str, int]:
    """How many people who may sign in have each role."""
    query = (
        select(user_roles.c.role, func.count())
        .join(users, users.c.id == user_roles.c.user_id)
        .where(~users.c.disabled)
        .group_by(user_roles.c.role)
    )
    return {row[0]: row[1] for row in conn.execute(query)}


@requires("administer")
def tokens(conn: Connection, *, limit: int = 100) -> tuple[GivenToken, ...]:
    """The newest tokens, newest first."""
    t = api_tokens.c
    query = (
        select(api_tokens, users.c.email)
        .join(users, users.c.id == t.user_id)
        .order_by(t.created_at.desc(), t.id)
        .limit(limit)
    )
    return tuple(
        GivenToken(
            row.id,
            row.email,
            row.name,
            tuple(row.roles.split(",")),
            row.created_at,
            row.expires_at,
            row.last_used_at,
            row.revoked_at,
        )
        for row in conn.execute(query)
    )
