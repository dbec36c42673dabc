"""The accountant's books: rules of where things are booked, exported batches and their lines.

MySQL commits each statement by itself: every one may be run again after a start that was cut short.
"""

import sqlalchemy as sa
from alembic import op

from core.db.types import Utc, binary_string

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    for name in ("journal_rules", "journal_batches", "journal_lines"):
        op.drop_table(name, if_exists=True)
    op.create_table(
        "journal_rules",
        sa.Column("subject", binary_string(16), nullable=False),
        sa.Column("name", binary_string(255), nullable=False),
        sa.Column("currency", binary_string(4), nullable=False),
        sa.Column("account", binary_string(255), nullable=False),
        sa.PrimaryKeyConstraint("subject", "name", "currency"),
    )
    op.create_table(
        "journal_batches",
        sa.Column("id", binary_string(64), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("currency", binary_string(4), nullable=False),
        sa.Column("balance_type", binary_string(64), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("corrects", binary_string(64)),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("digest", binary_string(64), nullable=False),
        sa.Column("exported_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint(
            "livemode", "day", "currency", "balance_type", "number", name="jbx_key"
        ),
    )
    op.create_table(
        "journal_lines",
        sa.Column("batch_id", binary_string(64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("account", binary_string(255), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", binary_string(4), nullable=False),
        sa.Column("what", binary_string(80), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("source_id", binary_string(64)),
        sa.Column("presented_minor", sa.BigInteger()),
        sa.Column("presented_currency", binary_string(4)),
        sa.PrimaryKeyConstraint("batch_id", "position"),
    )
