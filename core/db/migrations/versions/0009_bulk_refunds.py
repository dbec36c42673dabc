"""Bulk refunds: one decision about many payments, and its rows found by it.

MySQL commits each statement by itself: every one may be run again after a start that was cut short.
"""

import sqlalchemy as sa
from alembic import op

from core.db.types import Utc, binary_string

revision = "0009"
down_revision = "0008"

INDEXES = (("rqx_bulk", ["bulk_id", "state"]), ("rqx_updated", ["updated_at"]))


def upgrade() -> None:
    known = sa.inspect(op.get_bind())
    there = {index["name"] for index in known.get_indexes("refund_requests")}
    for name, columns in INDEXES:
        if name not in there:
            op.create_index(name, "refund_requests", columns)
    op.drop_table("bulk_refunds", if_exists=True)
    op.create_table(
        "bulk_refunds",
        sa.Column("id", binary_string(36), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("state", binary_string(32), nullable=False),
        sa.Column("reason", binary_string(64), nullable=False),
        sa.Column("note", binary_string(500), nullable=True),
        sa.Column("why", binary_string(500), nullable=True),
        sa.Column("over", binary_string(32), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("digest", binary_string(64), nullable=False),
        sa.Column("asked_by", binary_string(64), nullable=False),
        sa.Column("asked_user_id", binary_string(36), nullable=False),
        sa.Column("decided_by", binary_string(64), nullable=True),
        sa.Column("stopped_by", binary_string(64), nullable=True),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("updated_at", Utc(), nullable=False),
        sa.Column("expires_at", Utc(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("bkx_state", "bulk_refunds", ["state", "created_at"])
    op.create_index("bkx_walk", "bulk_refunds", ["created_at", "id"])
    op.create_index("bkx_updated", "bulk_refunds", ["updated_at"])
