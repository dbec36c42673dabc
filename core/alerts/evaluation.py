"""Alerts open when their condition holds, close when it has gone, and are told of once a day."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, and_, func, or_, select

from core import clock
from core.alerts.findings import Asked, Finding, Findings
from core.alerts.kinds import KINDS
from core.alerts.parameters import Parameters
from core.db.engine import reading, retrying, writing
from core.db.leases import SLACK
from core.db.tables import alert_channels, alert_deliveries, alert_rules, alerts
from core.db.upsert import insert_missing
from core.states import AlertState, DeliveryState

#: An alert that nobody acknowledges is told of again after so long.
REMINDED_EVERY = timedelta(days=1)
#: What opens again so soon after it was told of waits until then: a rate at its limit comes and
#: goes each minute.
QUIET = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Rule:
    rule_id: int
    kind: str
    parameters: Parameters
    enabled: bool


def evaluate(engine: Engine, *, livemode: bool, zone: ZoneInfo) -> None:
    """Look at every rule once, for one mode; then write down who is to be told of what."""
    now = clock.now()
    with reading(engine) as connection:
        rules = [
            _Rule(row.id, row.kind, json.loads(row.parameters), row.enabled)
            for row in connection.execute(select(alert_rules).order_by(alert_rules.c.id))
            if row.kind in KINDS
        ]
    for rule in rules:
        _evaluate_rule(engine, rule, livemode, zone, now)
    _write_notices(engine, livemode, now)


def close_all_of(connection: Connection, rule_id: int, now: datetime) -> None:
    """Close the open alerts of a rule that nothing watches any more."""
    _close(connection, alerts.c.rule_id == rule_id, now)


def _evaluate_rule(
    engine: Engine, rule: _Rule, livemode: bool, zone: ZoneInfo, now: datetime
) -> None:
    with reading(engine) as connection:
        asked = Asked(rule.parameters, livemode, now, zone)
        findings = KINDS[rule.kind].check(connection, asked) if rule.enabled else Findings()
        known = _open_of(connection, rule.rule_id, livemode)
    if findings.found or known:
        retrying(partial(_apply, engine, rule, livemode, findings, now))


def _open_of(connection: Connection, rule_id: int, livemode: bool) -> dict[str, int]:
    """The open alerts of a rule: subject to id."""
    a = alerts.c
    query = select(a.subject, a.id).where(
        a.rule_id == rule_id, a.livemode == livemode, a.closed_at.is_(None)
    )
    return {row.subject: row.id for row in connection.execute(query)}


def _apply(engine: Engine, rule: _Rule, livemode: bool, findings: Findings, now: datetime) -> None:
    with writing(engine) as connection:
        known = _open_of(connection, rule.rule_id, livemode)
        for one in findings.found:
            if one.subject in known:
                seen = {"last_seen_at": now, "facts": _json(one.facts)}
                mine = and_(alerts.c.id == known[one.subject], alerts.c.closed_at.is_(None))
                connection.execute(alerts.update().where(mine).values(seen))
            else:
                _open(connection, rule, livemode, one, now)
        if findings.complete:
            gone = known.keys() - {one.subject for one in findings.found}
            ids = [known[subject] for subject in sorted(gone)]
            _close(connection, alerts.c.id.in_(ids), now)


def _open(connection: Connection, rule: _Rule, livemode: bool, one: Finding, now: datetime) -> None:
    """Open one, unless another worker just did."""
    mode = "live" if livemode else "test"
    row = {
        "rule_id": rule.rule_id,
        "kind": rule.kind,
        "livemode": livemode,
        "subject": one.subject,
        "open_key": f"{rule.rule_id}/{mode}/{one.subject}",
        "state": AlertState.OPEN,
        "facts": _json(one.facts),
        "first_seen_at": now,
        "last_seen_at": now,
        "notices": 0,
        "next_notice_at": _first_notice(connection, rule.rule_id, livemode, one.subject, now),
    }
    insert_missing(connection, alerts, [row], "open_key")


def _first_notice(
    connection: Connection, rule_id: int, livemode: bool, subject: str, now: datetime
) -> datetime:
    a = alerts.c
    before = select(func.max(a.notified_at)).where(
        a.rule_id == rule_id, a.subject == subject, a.livemode == livemode
    )
    told: datetime | None = connection.scalar(before)
    return max(now, min(told, now) + QUIET) if told else now


def _close(connection: Connection, which: Any, now: datetime) -> None:
    closed = {"state": AlertState.CLOSED, "open_key": None, "closed_at": now}
    connection.execute(alerts.update().where(which, alerts.c.closed_at.is_(None)).values(closed))


def _write_notices(engine: Engine, livemode: bool, now: datetime) -> None:
    """A message to each channel about each alert that is due to be told of."""
    a, r = alerts.c, alert_rules.c
    muted = and_(r.muted_until.is_not(None), r.muted_until > now)
    # A time further off than a day was written by a clock that ran ahead; a little further, by a
    # worker that looked a moment later.
    farthest = now + REMINDED_EVERY + SLACK
    due = or_(a.next_notice_at <= now, a.next_notice_at > farthest)
    query = (
        select(a.id, a.notices)
        .join(alert_rules, r.id == a.rule_id)
        .where(a.state == AlertState.OPEN, a.livemode == livemode, due, r.enabled, ~muted)
        .order_by(a.id)
    )
    with reading(engine) as connection:
        waiting = connection.execute(query).all()
    for row in waiting:
        retrying(partial(_write_notice, engine, row.id, row.notices, now))


def _write_notice(engine: Engine, alert_id: int, notices: int, now: datetime) -> None:
    """Whoever counts the notice up writes its messages: of several workers, one."""
    mine = and_(
        alerts.c.id == alert_id, alerts.c.notices == notices, alerts.c.state == AlertState.OPEN
    )
    counted = {
        "notices": notices + 1,
        "notified_at": now,
        "next_notice_at": now + REMINDED_EVERY,
    }
    c = alert_channels.c
    with writing(engine) as connection:
        if connection.execute(alerts.update().where(mine).values(counted)).rowcount != 1:
            return
        channels = connection.execute(select(c.id, c.name).where(c.enabled).order_by(c.id)).all()
        rows = [
            {
                "alert_id": alert_id,
                "channel_id": channel.id,
                "channel_name": channel.name,
                "notice": notices + 1,
                "state": DeliveryState.WAITING,
                "attempts": 0,
                "created_at": now,
                "next_attempt_at": now,
            }
            for channel in channels
        ]
        if rows:
            connection.execute(alert_deliveries.insert(), rows)


def _json(facts: Mapping[str, Any]) -> str:
    return json.dumps(facts, sort_keys=True, ensure_ascii=False)
