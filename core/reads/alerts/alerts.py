"""What was found: open alerts, those that are closed, and each message about one."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from core.db.tables import alert_deliveries, alert_rules, alerts, users
from core.domain.alert_matters import kinds_for
from core.reads.permissions import narrowed_by_rights, requires
from core.states import AlertState, DeliveryState


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. `facts` are counts, ids, amounts in minor units beside a currency, times in ISO
    form. Times are UTC. `muted_until`: of its rule. `acknowledged_by` is an address."""

    alert_id: int
    rule_id: int
    kind: str
    subject: str
    state: AlertState
    facts: Mapping[str, Any]
    first_seen_at: datetime
    last_seen_at: datetime
    closed_at: datetime | None
    notices: int
    acknowledged_by: str | None
    muted_until: datetime | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message to a channel; without an alert, a test. `error` is our own code."""

    delivery_id: int
    alert_id: int | None
    kind: str | None
    channel: str
    notice: int
    state: DeliveryState
    attempts: int
    created_at: datetime
    tried_at: datetime | None
    error: str | None


@narrowed_by_rights
@requires("see_alerts")
def open_alerts(
    conn: Connection, *, livemode: bool, rights: Collection[str] = (), limit: int = 200
) -> tuple[Alert, ...]:
    """Alerts whose condition holds, of the matters of who has these rights: the newest first."""
    return _alerts(conn, livemode, rights, limit, closed=False)


@narrowed_by_rights
@requires("see_alerts")
def closed_alerts(
    conn: Connection, *, livemode: bool, rights: Collection[str] = (), limit: int = 200
) -> tuple[Alert, ...]:
    """Alerts whose condition has gone, of the matters of who has these rights: the newest first."""
    return _alerts(conn, livemode, rights, limit, closed=True)


@narrowed_by_rights
@requires("see_alerts")
def open_count(conn: Connection, *, livemode: bool, rights: Collection[str] = ()) -> int:
    """How many alerts of the matters of who has these rights nobody has acknowledged."""
    a = alerts.c
    query = select(func.count()).where(
        a.livemode == livemode, a.state == AlertState.OPEN, a.kind.in_(sorted(kinds_for(rights)))
    )
    return int(conn.scalar(query) or 0)


@requires("administer")
def deliveries(conn: Connection, *, limit: int = 200) -> tuple[Delivery, ...]:
    """The newest messages and tests, of both modes."""
    d = alert_deliveries.c
    query = (
        select(
            *(d.id, d.alert_id, alerts.c.kind, d.channel_name, d.notice, d.state),
            *(d.attempts, d.created_at, d.tried_at, d.error),
        )
        .outerjoin(alerts, alerts.c.id == d.alert_id)
        .order_by(d.id.desc())
        .limit(limit)
    )
    return tuple(
        Delivery(
            row.id,
            row.alert_id,
            row.kind,
            row.channel_name,
            row.notice,
            DeliveryState(row.state),
            row.attempts,
            row.created_at,
            row.tried_at,
            row.error,
        )
        for row in conn.execute(query)
    )


def _alerts(
    conn: Connection, livemode: bool, rights: Collection[str], limit: int, *, closed: bool
) -> tuple[Alert, ...]:
    a = alerts.c
    query = (
        select(alerts, alert_rules.c.muted_until, users.c.email)
        .outerjoin(alert_rules, alert_rules.c.id == a.rule_id)
        .outerjoin(users, users.c.id == a.acknowledged_by)
        .where(a.livemode == livemode, a.kind.in_(sorted(kinds_for(rights))))
        .where(a.closed_at.is_not(None) if closed else a.closed_at.is_(None))
        .order_by(a.first_seen_at.desc(), a.id.desc())
        .limit(limit)
    )
    return tuple(
        Alert(
            row.id,
            row.rule_id,
            row.kind,
            row.subject,
            AlertState(row.state),
            json.loads(row.facts),
            row.first_seen_at,
            row.last_seen_at,
            row.closed_at,
            row.notices,
            row.email or row.acknowledged_by,
            row.muted_until,
        )
        for row in conn.execute(query)
    )
