"""Alerts: what is watched, whom it is told to, what was found, and each message about it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table, UniqueConstraint

from core.db import checks
from core.db.mirror_tables import metadata
from core.db.types import Utc, big_key, code, flag, long_text, words
from core.states import AlertState, DeliveryState

#: A condition that is looked at each minute. `kind` is one of `core.alerts.kinds`; `parameters` is
#: JSON, complete, in the form that the kind has. While it is muted, alerts open and nobody is told.
alert_rules = Table(
    "alert_rules",
    metadata,
    Column("id", big_key(), primary_key=True, autoincrement=True),
    Column("kind", code(32), nullable=False),
    Column("parameters", long_text(), nullable=False),
    Column("enabled", flag(), nullable=False),
    Column("muted_until", Utc()),
    Column("created_at", Utc(), nullable=False),
    Column("updated_at", Utc(), nullable=False),
    Column("updated_by", code(64), nullable=False),
)

#: Where alerts are told. `url` is a secret: encrypted where there is an ENCRYPTION_KEY
#: (core.alerts.channel_urls); `shown` is what may be seen of it.
alert_channels = Table(
    "alert_channels",
    metadata,
    Column("id", big_key(), primary_key=True, autoincrement=True),
    Column("name", words(80), nullable=False),
    Column("url", long_text(), nullable=False),
    Column("shown", words(255), nullable=False),
    Column("enabled", flag(), nullable=False),
    Column("created_at", Utc(), nullable=False),
    Column("updated_at", Utc(), nullable=False),
    Column("updated_by", code(64), nullable=False),
    UniqueConstraint("name", name="acx_name"),
)

#: What a rule found about a `subject` (an object's id, a stream, a type of event), from when its
#: condition first held until it did not. `open_key` is of rule, mode and subject, and NULL once the
#: alert is closed: there is one open alert of each. `facts` is JSON: counts, ids, amounts in minor
#: units beside a currency, times; never a person's data. `notices` counts how often channels were
#: told, the last time at `notified_at`.
alerts = Table(
    "alerts",
    metadata,
    Column("id", big_key(), primary_key=True, autoincrement=True),
    Column("rule_id", BigInteger, nullable=False),
    Column("kind", code(32), nullable=False),
    Column("livemode", flag(), nullable=False),
    Column("subject", code(128), nullable=False),
    Column("open_key", code(192)),
    Column("state", code(16), nullable=False),
    Column("facts", long_text(), nullable=False),
    Column("first_seen_at", Utc(), nullable=False),
    Column("last_seen_at", Utc(), nullable=False),
    Column("notices", Integer, nullable=False),
    Column("notified_at", Utc()),
    Column("next_notice_at", Utc(), nullable=False),
    Column("acknowledged_by", code(64)),
    Column("acknowledged_at", Utc()),
    Column("closed_at", Utc()),
    UniqueConstraint("open_key", name="alx_open"),
    Index("alx_rule", "rule_id", "subject", "closed_at"),
    Index("alx_seen", "livemode", "first_seen_at"),
    Index("alx_notice", "state", "next_notice_at"),
    checks.one_of("alx_state", "state", AlertState),
)

#: One message of an alert to one channel, once for each notice; without an alert, a test. A claim
#: moves `next_attempt_at` to the lease's end and writes its own `fence`. `error` is our own code:
#: what a channel answers is not kept.
alert_deliveries = Table(
    "alert_deliveries",
    metadata,
    Column("id", big_key(), primary_key=True, autoincrement=True),
    Column("alert_id", BigInteger),
    Column("channel_id", BigInteger, nullable=False),
    Column("channel_name", words(80), nullable=False),
    Column("notice", Integer, nullable=False),
    Column("state", code(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", Utc(), nullable=False),
    Column("tried_at", Utc()),
    Column("next_attempt_at", Utc(), nullable=False),
    Column("fence", code(32)),
    Column("error", code(32)),
    UniqueConstraint("alert_id", "channel_id", "notice", name="adx_once"),
    Index("adx_due", "state", "next_attempt_at"),
    Index("adx_channel", "channel_id", "state"),
    checks.one_of("adx_state", "state", DeliveryState),
)
