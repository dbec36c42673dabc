"""Rules, channels and a clock for the tests of alerts."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select

from core.alerts.channel_urls import ChannelSecrets, masked
from core.alerts.evaluation import evaluate
from core.alerts.kinds import KINDS
from core.alerts.parameters import complete
from core.db.engine import reading, writing
from core.db.tables import alert_channels, alert_deliveries, alert_rules, alerts, events
from tests.support.factories import NOON

ZONE = ZoneInfo("UTC")


class SetClock:
    """The time that a test says it is."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def later(self, **by: int) -> datetime:
        """Let so much time pass."""
        self.at += timedelta(**by)
        return self.at


def add_rule(engine: Engine, kind: str, **given: Any) -> int:
    """A rule in force; its id."""
    parameters = json.dumps(complete(KINDS[kind].fields, given))
    row = {"kind": kind, "parameters": parameters, "enabled": True, "updated_by": "test"}
    row |= {"created_at": NOON, "updated_at": NOON}
    with writing(engine) as connection:
        made = connection.execute(alert_rules.insert().values(row)).inserted_primary_key
    return int(made[0])


def add_channel(engine: Engine, name: str, url: str, secrets: ChannelSecrets | None = None) -> int:
    """A channel; its id."""
    kept = (secrets or ChannelSecrets()).seal(url)
    row = {"name": name, "url": kept, "shown": masked(url), "enabled": True}
    row |= {"created_at": NOON, "updated_at": NOON, "updated_by": "test"}
    with writing(engine) as connection:
        made = connection.execute(alert_channels.insert().values(row)).inserted_primary_key
    return int(made[0])


def look(engine: Engine) -> None:
    """Look at all rules once."""
    evaluate(engine, livemode=False, zone=ZONE)


def found(engine: Engine) -> list[Any]:
    """All alerts, in the order in which they were opened."""
    with reading(engine) as connection:
        return list(connection.execute(select(alerts).order_by(alerts.c.id)).all())


def sent(engine: Engine) -> list[Any]:
    """All messages, in the order in which they were written down."""
    with reading(engine) as connection:
        query = select(alert_deliveries).order_by(alert_deliveries.c.id)
        return list(connection.execute(query).all())


def put_event(engine: Engine, name: str, kind: str = "charge.failed", state: str = "dead") -> None:
    """An event in the inbox."""
    row = {"stripe_id": name, "type": kind, "livemode": False, "source": "webhook", "body": b"{}"}
    row |= dict.fromkeys(("created_at", "received_at", "next_attempt_at"), NOON)
    with writing(engine) as connection:
        connection.execute(events.insert().values(row | {"state": state}))


def set_events(engine: Engine, kind: str, state: str) -> None:
    """Another state for all events of a type."""
    with writing(engine) as connection:
        connection.execute(events.update().where(events.c.type == kind).values(state=state))
