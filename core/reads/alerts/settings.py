"""What is watched and whom it is told to: rules and channels, as administrators set them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from core.db.tables import alert_channels, alert_rules
from core.reads.permissions import requires


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule; its parameters are in the form of its kind (`core.alerts.kinds`). Times are UTC."""

    rule_id: int
    kind: str
    parameters: Mapping[str, int | str]
    enabled: bool
    muted_until: datetime | None


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel, never its address: `shown` is what may be seen of it."""

    channel_id: int
    name: str
    shown: str
    enabled: bool
    created_at: datetime


@requires("administer")
def rules(conn: Connection) -> tuple[Rule, ...]:
    """Every rule, in the order in which they were made."""
    r = alert_rules.c
    query = select(r.id, r.kind, r.parameters, r.enabled, r.muted_until).order_by(r.id)
    return tuple(
        Rule(row.id, row.kind, json.loads(row.parameters), row.enabled, row.muted_until)
        for row in conn.execute(query)
    )


@requires("administer")
def channels(conn: Connection) -> tuple[Channel, ...]:
    """Every channel, by name."""
    c = alert_channels.c
    query = select(c.id, c.name, c.shown, c.enabled, c.created_at).order_by(c.name)
    return tuple(Channel(*row) for row in conn.execute(query))
