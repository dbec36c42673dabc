"""Sums by day of what fees are made of, filled from the parts that are there.

MySQL commits each statement by itself: every one may be run again after a start that was cut short.
"""

import sqlalchemy as sa
from alembic import op

from core.db.types import binary_string

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.drop_table("revenue_fee_parts_daily", if_exists=True)
    op.create_table(
        "revenue_fee_parts_daily",
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("currency", binary_string(4), nullable=False),
        sa.Column("type", binary_string(64), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("livemode", "currency", "day", "type", "slot"),
    )
    op.execute(
        "INSERT INTO revenue_fee_parts_daily (livemode, day, currency, type, slot, amount_minor)"
        " SELECT b.livemode, b.business_day, f.currency, f.type, 0, SUM(f.amount_minor)"
        " FROM balance_transaction_fees f JOIN balance_transactions b"
        " ON b.stripe_id = f.transaction_id"
        " GROUP BY b.livemode, b.business_day, f.currency, f.type"
    )
