"""Alerts: rules, channels, what was found, and the messages about it.

MySQL commits each statement by itself: every one may be run again after a start that was cut short.
"""

import sqlalchemy as sa
from alembic import op

from core.db.types import Utc, big_key, binary_string, long_text, words

revision = "0021"
down_revision = "0020"

_NEW = ("alert_rules", "alert_channels", "alerts", "alert_deliveries")


def upgrade() -> None:
    for name in _NEW:
        op.drop_table(name, if_exists=True)
    _rules_and_channels()
    _alerts()
    _deliveries()


def _rules_and_channels() -> None:
    op.create_table(
        "alert_rules",
        sa.Column("id", big_key(), autoincrement=True, nullable=False),
        sa.Column("kind", binary_string(32), nullable=False),
        sa.Column("parameters", long_text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("muted_until", Utc()),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("updated_at", Utc(), nullable=False),
        sa.Column("updated_by", binary_string(64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "alert_channels",
        sa.Column("id", big_key(), autoincrement=True, nullable=False),
        sa.Column("name", words(80), nullable=False),
        sa.Column("url", long_text(), nullable=False),
        sa.Column("shown", words(255), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("updated_at", Utc(), nullable=False),
        sa.Column("updated_by", binary_string(64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name", name="acx_name"),
    )


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", big_key(), autoincrement=True, nullable=False),
        sa.Column("rule_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", binary_string(32), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("subject", binary_string(128), nullable=False),
        sa.Column("open_key", binary_string(192)),
        sa.Column("state", binary_string(16), nullable=False),
        sa.Column("facts", long_text(), nullable=False),
        sa.Column("first_seen_at", Utc(), nullable=False),
        sa.Column("last_seen_at", Utc(), nullable=False),
        sa.Column("notices", sa.Integer(), nullable=False),
        sa.Column("notified_at", Utc()),
        sa.Column("next_notice_at", Utc(), nullable=False),
        sa.Column("acknowledged_by", binary_string(64)),
        sa.Column("acknowledged_at", Utc()),
        sa.Column("closed_at", Utc()),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("open_key", name="alx_open"),
        sa.CheckConstraint("state IN ('open', 'acknowledged', 'closed')", name="alx_state"),
    )
    op.create_index("alx_rule", "alerts", ["rule_id", "subject", "closed_at"])
    op.create_index("alx_seen", "alerts", ["livemode", "first_seen_at"])
    op.create_index("alx_notice", "alerts", ["state", "next_notice_at"])


def _deliveries() -> None:
    op.create_table(
        "alert_deliveries",
        sa.Column("id", big_key(), autoincrement=True, nullable=False),
        sa.Column("alert_id", sa.BigInteger()),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_name", words(80), nullable=False),
        sa.Column("notice", sa.Integer(), nullable=False),
        sa.Column("state", binary_string(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("tried_at", Utc()),
        sa.Column("next_attempt_at", Utc(), nullable=False),
        sa.Column("fence", binary_string(32)),
        sa.Column("error", binary_string(32)),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("alert_id", "channel_id", "notice", name="adx_once"),
        sa.CheckConstraint("state IN ('waiting', 'sent', 'failed', 'dropped')", name="adx_state"),
    )
    op.create_index("adx_due", "alert_deliveries", ["state", "next_attempt_at"])
    op.create_index("adx_channel", "alert_deliveries", ["channel_id", "state"])
