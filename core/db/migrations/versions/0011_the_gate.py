"""What risk let through before it is in the mirror, the line in which it is decided, long ids.

MySQL commits each statement by itself: every one may be run again after a start that was cut short.
"""

import sqlalchemy as sa
from alembic import op

from core.db.types import Utc, binary_string

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    _gate()
    # SQLite does not look at lengths. Elsewhere an id of a Checkout Session could not be kept.
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column("operations", "stripe_id", type_=binary_string(255), existing_nullable=True)


def _gate() -> None:
    op.drop_table("gate_passes", if_exists=True)
    op.create_table(
        "gate_passes",
        sa.Column("operation_id", binary_string(36), nullable=False),
        sa.Column("assessment_id", sa.BigInteger(), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("user_id", binary_string(64), nullable=True),
        sa.Column("email", binary_string(255), nullable=True),
        sa.Column("ip", binary_string(45), nullable=True),
        sa.Column("order_id", binary_string(64), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", binary_string(3), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("operation_id"),
    )
    op.create_index("gx_user", "gate_passes", ["user_id", "created_at"])
    op.create_index("gx_email", "gate_passes", ["email", "created_at"])
    op.create_index("gx_ip", "gate_passes", ["ip", "created_at"])
    op.create_index("gx_created", "gate_passes", ["created_at"])
    op.drop_table("gate_locks", if_exists=True)
    op.create_table(
        "gate_locks",
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("slot"),
    )
