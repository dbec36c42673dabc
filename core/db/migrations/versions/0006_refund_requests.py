"""Refund requests: who is behind them, what they are above, who saw to those that failed.

MySQL commits each statement by itself: every one may be run again after a start that was cut short.
"""

import sqlalchemy as sa
from alembic import op

from core.db.types import Utc, binary_string

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    # No version before this one wrote refund requests.
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
        sa.Column("asked_user_id", binary_string(36), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("over", binary_string(32), nullable=True),
        sa.Column("approved_by", binary_string(64), nullable=True),
        sa.Column("operation_id", binary_string(36), nullable=True),
        sa.Column("refund_id", binary_string(64), nullable=True),
        sa.Column("bulk_id", binary_string(36), nullable=True),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("updated_at", Utc(), nullable=False),
        sa.Column("expires_at", Utc(), nullable=True),
        sa.Column("settled_at", Utc(), nullable=True),
        sa.Column("settled_by", binary_string(64), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("rqx_payment", "refund_requests", ["payment_id", "state"])
    op.create_index("rqx_state", "refund_requests", ["state", "created_at"])
    op.create_index("rqx_user", "refund_requests", ["asked_user_id", "created_at"])
    op.create_index("rqx_walk", "refund_requests", ["created_at", "id"])
    op.create_index("rqx_refund", "refund_requests", ["refund_id"])
