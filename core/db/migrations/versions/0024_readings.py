"""What Stripe answered, kept beside the mirror that is written from it; customers by their time.

MySQL commits each statement by itself: it may be run again after a start that was cut short.
"""

import sqlalchemy as sa
from alembic import op

from core.db.types import Utc, big_key, binary_string, body

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.drop_table("readings", if_exists=True)
    op.create_table(
        "readings",
        sa.Column("kind", binary_string(32), nullable=False),
        sa.Column("stripe_id", binary_string(64), nullable=False),
        sa.Column("livemode", sa.Boolean, nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("as_of", Utc(), nullable=False),
        sa.Column("body", body()),
        sa.PrimaryKeyConstraint("kind", "stripe_id"),
    )
    op.drop_table("ledger_readings", if_exists=True)
    op.create_table(
        "ledger_readings",
        sa.Column("seq", big_key(), primary_key=True, autoincrement=True),
        sa.Column("payout_id", binary_string(64)),
        sa.Column("oldest_at", Utc(), nullable=False),
        sa.Column("newest_at", Utc(), nullable=False),
        sa.Column("read_at", Utc(), nullable=False),
        sa.Column("body", body(), nullable=False),
    )
    op.create_index("lrx_newest", "ledger_readings", ["newest_at"])
    there = {one["name"] for one in sa.inspect(op.get_bind()).get_indexes("customers")}
    if "ux_created" not in there:
        op.create_index("ux_created", "customers", ["created_at", "stripe_id"])
