"""The ledger without its index by business day: nothing reads by it, every insert paid for it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # MySQL commits DDL by itself: a run that was cut short behind it finds the index gone.
    indexes = sa.inspect(op.get_bind()).get_indexes("balance_transactions")
    if "bx_day" in {index["name"] for index in indexes}:
        op.drop_index("bx_day", table_name="balance_transactions")


def downgrade() -> None:
    op.create_index(
        "bx_day",
        "balance_transactions",
        [
            "livemode",
            "business_day",
            "currency",
            "reporting_category",
            "amount_minor",
            "fee_minor",
            "net_minor",
        ],
        unique=False,
    )
