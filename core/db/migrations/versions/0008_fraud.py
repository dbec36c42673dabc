"""Fraud: rule sets, lists, scorings with their signals, cases and notes.

MySQL commits each statement by itself: every one may be run again after a start that was cut short.
"""

import sqlalchemy as sa
from alembic import op

from core.db.types import Utc, big_key, binary_string, long_text

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    _rule_sets()
    _list_entries()
    _risk_assessments()
    _cases()
    _case_notes()


def _rule_sets() -> None:
    op.drop_table("rule_sets", if_exists=True)
    op.create_table(
        "rule_sets",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", long_text(), nullable=False),
        sa.Column("author", binary_string(64), nullable=False),
        sa.Column("reason", binary_string(500), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("version"),
    )


def _list_entries() -> None:
    op.drop_table("list_entries", if_exists=True)
    op.create_table(
        "list_entries",
        sa.Column("id", big_key(), autoincrement=True, nullable=False),
        sa.Column("kind", binary_string(8), nullable=False),
        sa.Column("field", binary_string(8), nullable=False),
        sa.Column("value", binary_string(255), nullable=False),
        sa.Column("reason", binary_string(500), nullable=False),
        sa.Column("added_by", binary_string(64), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("expires_at", Utc(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("kind", "field", "value"),
    )
    op.create_index("lex_value", "list_entries", ["field", "value"])


def _risk_assessments() -> None:
    op.drop_table("risk_assessments", if_exists=True)
    op.create_table(
        "risk_assessments",
        sa.Column("id", big_key(), autoincrement=True, nullable=False),
        sa.Column("payment_id", binary_string(64), nullable=True),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("kind", binary_string(8), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("level", binary_string(8), nullable=False),
        sa.Column("factors", long_text(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.Column("actor", binary_string(64), nullable=True),
        sa.Column("order_id", binary_string(64), nullable=True),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("scored_at", Utc(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", binary_string(3), nullable=False),
        sa.Column("method", binary_string(64), nullable=True),
        sa.Column("user_known", sa.Boolean(), nullable=True),
        sa.Column("attempts_hour_user", sa.Integer(), nullable=True),
        sa.Column("attempts_day_user", sa.Integer(), nullable=True),
        sa.Column("attempts_hour_email", sa.Integer(), nullable=True),
        sa.Column("attempts_day_email", sa.Integer(), nullable=True),
        sa.Column("attempts_hour_card", sa.Integer(), nullable=True),
        sa.Column("attempts_day_card", sa.Integer(), nullable=True),
        sa.Column("attempts_hour_ip", sa.Integer(), nullable=True),
        sa.Column("attempts_day_ip", sa.Integer(), nullable=True),
        sa.Column("cards_day_user", sa.Integer(), nullable=True),
        sa.Column("users_day_card", sa.Integer(), nullable=True),
        sa.Column("decline_streak", sa.Integer(), nullable=True),
        sa.Column("day_total", sa.BigInteger(), nullable=True),
        sa.Column("user_usual", sa.BigInteger(), nullable=True),
        sa.Column("shop_usual", sa.BigInteger(), nullable=True),
        sa.Column("percent_of_user_usual", sa.BigInteger(), nullable=True),
        sa.Column("percent_of_shop_usual", sa.BigInteger(), nullable=True),
        sa.Column("first_payment", sa.Boolean(), nullable=True),
        sa.Column("card_country", binary_string(2), nullable=True),
        sa.Column("usual_country", binary_string(2), nullable=True),
        sa.Column("country_differs", sa.Boolean(), nullable=True),
        sa.Column("radar_score", sa.Integer(), nullable=True),
        sa.Column("radar_level", binary_string(64), nullable=True),
        sa.Column("blocked_ip", sa.Boolean(), nullable=True),
        sa.Column("blocked_email", sa.Boolean(), nullable=True),
        sa.Column("blocked_card", sa.Boolean(), nullable=True),
        sa.Column("blocked_user", sa.Boolean(), nullable=True),
        sa.Column("blocked_country", sa.Boolean(), nullable=True),
        sa.Column("allow_listed", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("payment_id", "kind"),
    )
    op.create_index("kx_created", "risk_assessments", ["livemode", "kind", "created_at"])
    op.create_index("kx_level", "risk_assessments", ["livemode", "level", "created_at"])


def _cases() -> None:
    op.drop_table("cases", if_exists=True)
    op.create_table(
        "cases",
        sa.Column("id", binary_string(36), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("kind", binary_string(16), nullable=False),
        sa.Column("source_id", binary_string(64), nullable=False),
        sa.Column("payment_id", binary_string(64), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", binary_string(3), nullable=False),
        sa.Column("state", binary_string(16), nullable=False),
        sa.Column("assigned_to", binary_string(36), nullable=True),
        sa.Column("opened_at", Utc(), nullable=False),
        sa.Column("closed_at", Utc(), nullable=True),
        sa.Column("closed_by", binary_string(64), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("livemode", "kind", "source_id"),
    )
    op.create_index("sex_payment", "cases", ["payment_id"])
    op.create_index("sex_state", "cases", ["livemode", "state", "opened_at"])


def _case_notes() -> None:
    op.drop_table("case_notes", if_exists=True)
    op.create_table(
        "case_notes",
        sa.Column("id", big_key(), autoincrement=True, nullable=False),
        sa.Column("case_id", binary_string(36), nullable=False),
        sa.Column("author", binary_string(64), nullable=False),
        sa.Column("text", binary_string(1000), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("snx_case", "case_notes", ["case_id"])
