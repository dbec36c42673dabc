"""Notes on customers, and customers of one mode in order of time.

MySQL commits each statement by itself: it may be run again after a start that was cut short.
"""

import sqlalchemy as sa
from alembic import op

from core.db.types import Utc, big_key, binary_string

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.drop_table("customer_notes", if_exists=True)
    op.create_table(
        "customer_notes",
        sa.Column("id", big_key(), autoincrement=True, nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("customer_id", binary_string(64), nullable=True),
        sa.Column("email", binary_string(255), nullable=True),
        sa.Column("author", binary_string(64), nullable=False),
        sa.Column("text", binary_string(1000), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("unx_customer", "customer_notes", ["customer_id"])
    op.create_index("unx_email", "customer_notes", ["email"])
    known = {one["name"] for one in sa.inspect(op.get_bind()).get_indexes("customers")}
    if "ux_mode" not in known:
        op.create_index("ux_mode", "customers", ["livemode", "created_at", "stripe_id"])
