"""Rules of alerts: what administrators watch, and how long a rule is muted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from core import clock
from core.access import audit
from core.access.principals import Caller, permitted
from core.access.rights import ADMINISTER
from core.actions.context import ActionContext
from core.actions.operations.operations import authorize
from core.actions.transaction import permitted_change, refusals_noted
from core.alerts.evaluation import close_all_of
from core.alerts.kinds import KINDS, kind_named
from core.alerts.parameters import complete
from core.db.engine import retrying, writing
from core.db.tables import alert_rules
from core.errors import InvalidInput, NotFound

CREATE, CHANGE, DELETE, MUTE = "alert.rule", "alert.rule_change", "alert.rule_delete", "alert.mute"
#: Each rule is looked at every minute.
MOST_RULES = 50
LONGEST_MUTE = timedelta(days=30)
#: Whoever has the right of some matter; which one it is, is asked when the rule is known.
ANY_MATTER = tuple(dict.fromkeys(right for kind in KINDS.values() for right in kind.all_rights))


def create(context: ActionContext, caller: Caller, kind: str, parameters: Mapping[str, Any]) -> int:
    """Watch something; the rule's id. What is not given of the parameters has its default.

    `InvalidInput` for a bad kind or parameter. In force within a minute.
    """
    authorize(context, caller, (ADMINISTER,), CREATE, "")
    given = complete(kind_named(kind).fields, parameters)

    def work(connection: Connection, now: datetime) -> int:
        if len(connection.scalars(select(alert_rules.c.id)).all()) >= MOST_RULES:
            raise InvalidInput("kind", "has {most} rules already", most=MOST_RULES)
        row = {"kind": kind, "parameters": json.dumps(given, sort_keys=True), "enabled": True}
        row |= {"created_at": now, "updated_at": now, "updated_by": caller.actor}
        made = connection.execute(alert_rules.insert().values(row)).inserted_primary_key
        rule_id = int(made[0]) if made else 0
        _note(connection, caller, CREATE, rule_id, {"kind": kind, "parameters": given}, now)
        return rule_id

    return permitted_change(context, caller, CREATE, work, right=ADMINISTER)


def change(
    context: ActionContext,
    caller: Caller,
    rule_id: int,
    *,
    parameters: Mapping[str, Any],
    enabled: bool,
) -> None:
    """Give a rule other parameters, or rest it; `NotFound` if there is none of this id.

    The open alerts of a rule that rests are closed.
    """

    def work(connection: Connection, now: datetime) -> None:
        rule = _rule(connection, rule_id)
        given = complete(KINDS[rule.kind].fields, parameters)
        row = {"parameters": json.dumps(given, sort_keys=True), "enabled": bool(enabled)}
        row |= {"updated_at": now, "updated_by": caller.actor}
        connection.execute(alert_rules.update().where(alert_rules.c.id == rule_id).values(row))
        if not enabled:
            close_all_of(connection, rule_id, now)
        details = {"kind": rule.kind, "parameters": given, "enabled": bool(enabled)}
        _note(connection, caller, CHANGE, rule_id, details, now)

    permitted_change(context, caller, CHANGE, work, right=ADMINISTER, target=str(rule_id))


def delete(context: ActionContext, caller: Caller, rule_id: int) -> None:
    """Watch no more; open alerts of the rule are closed. `NotFound` if there is none."""

    def work(connection: Connection, now: datetime) -> None:
        rule = _rule(connection, rule_id)
        connection.execute(alert_rules.delete().where(alert_rules.c.id == rule_id))
        close_all_of(connection, rule_id, now)
        _note(connection, caller, DELETE, rule_id, {"kind": rule.kind}, now)

    permitted_change(context, caller, DELETE, work, right=ADMINISTER, target=str(rule_id))


def mute(context: ActionContext, caller: Caller, rule_id: int, *, until: datetime | None) -> None:
    """Tell nobody of a rule's alerts until then (UTC), 30 days at most; None: tell again.

    For admins, and for who has the right of its matter. What is open then is told of.
    """
    authorize(context, caller, ANY_MATTER, MUTE, str(rule_id))
    now = clock.now()

    def work() -> None:
        with writing(context.engine) as connection:
            found = _rule(connection, rule_id)
            permitted(connection, caller, *KINDS[found.kind].all_rights, now=now)
            mute_as(connection, caller.actor, rule_id, until=until, now=now)

    with refusals_noted(context, caller, MUTE, str(rule_id)):
        retrying(work)


def mute_as(
    connection: Connection, actor: str, rule_id: int, *, until: datetime | None, now: datetime
) -> None:
    """`mute` for who needs no right: the command line."""
    if until is not None and (until.tzinfo is None or not now < until <= now + LONGEST_MUTE):
        rule = "must be a time within the next {days} days"
        raise InvalidInput("until", rule, days=LONGEST_MUTE.days)
    found = _rule(connection, rule_id)
    connection.execute(
        alert_rules.update()
        .where(alert_rules.c.id == rule_id)
        .values(muted_until=until, updated_at=now, updated_by=actor)
    )
    ends = None if until is None else until.isoformat(timespec="seconds")
    details = {"kind": found.kind, "until": ends}
    audit.append(
        connection, actor=actor, action=MUTE, target=str(rule_id), details=details, now=now
    )


def _rule(connection: Connection, rule_id: int) -> Row[Any]:
    """The rule, of a kind that this version knows; `NotFound` if there is none."""
    query = select(alert_rules).where(alert_rules.c.id == rule_id)
    found = connection.execute(query).first()
    if found is None or found.kind not in KINDS:
        raise NotFound
    return found


def _note(
    connection: Connection,
    caller: Caller,
    action: str,
    rule_id: int,
    details: Mapping[str, Any],
    now: datetime,
) -> None:
    audit.append(
        connection,
        actor=caller.actor,
        action=action,
        target=str(rule_id),
        details=details,
        now=now,
    )
