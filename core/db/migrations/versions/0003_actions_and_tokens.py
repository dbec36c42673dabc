"""Actions: operations with a lease, refund requests, API tokens.

MySQL commits each statement by itself: every one may be run again after a start that was cut short.
"""

import sqlalchemy as sa
from alembic import op

from core.db.types import Utc, binary_string, long_text

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    # No version before this one wrote operations.
    op.drop_table("operations", if_exists=True)
    op.create_table(
        "operations",
        sa.Column("id", binary_string(36), nullable=False),
        sa.Column("kind", binary_string(64), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("idempotency_key", binary_string(255), nullable=False),
        sa.Column("params", long_text(), nullable=False),
        sa.Column("state", binary_string(16), nullable=False),
        sa.Column("actor", binary_string(64), nullable=False),
        sa.Column("outcome", long_text(), nullable=True),
        sa.Column("stripe_id", binary_string(64), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", Utc(), nullable=False),
        sa.Column("fence", binary_string(32), nullable=True),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("updated_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("idempotency_key"),
    )
    op.create_index("nx_due", "operations", ["state", "next_attempt_at"])
    op.create_index("nx_stripe", "operations", ["stripe_id"])
    _refund_requests()
    _api_tokens()


def _refund_requests() -> None:
    op.drop_table("refund_requests", if_exists=True)
    op.create_table(
        "refund_requests",
        sa.Column("id", binary_string(36), nullable=False),
        sa.Column("payment_id", binary_string(64), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", binary_string(3), nullable=False),
        sa.Column("reason", binary_string(64), nullable=False),
        sa.Column("note", binary_string(500), nullable=True),
        sa.Column("state", binary_string(32), nullable=False),
        sa.Column("why", binary_string(500), nullable=True),
        sa.Column("asked_by", binary_string(64), nullable=False),
        sa.Column("approved_by", binary_string(64), nullable=True),
        sa.Column("operation_id", binary_string(36), nullable=True),
        sa.Column("refund_id", binary_string(64), nullable=True),
        sa.Column("bulk_id", binary_string(36), nullable=True),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("updated_at", Utc(), nullable=False),
        sa.Column("expires_at", Utc(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("rqx_payment", "refund_requests", ["payment_id", "state"])
    op.create_index("rqx_state", "refund_requests", ["state", "created_at"])
    op.create_index("rqx_asked", "refund_requests", ["asked_by", "created_at"])
    op.create_index("rqx_refund", "refund_requests", ["refund_id"])


def _api_tokens() -> None:
    op.drop_table("api_tokens", if_exists=True)
    op.create_table(
        "api_tokens",
        sa.Column("id", binary_string(36), nullable=False),
        sa.Column("token_hash", binary_string(64), nullable=False),
        sa.Column("user_id", binary_string(36), nullable=False),
        sa.Column("name", binary_string(100), nullable=False),
        sa.Column("roles", binary_string(255), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("expires_at", Utc(), nullable=True),
        sa.Column("last_used_at", Utc(), nullable=True),
        sa.Column("revoked_at", Utc(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_index("tx_user", "api_tokens", ["user_id"])
