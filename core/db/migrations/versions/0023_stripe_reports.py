"""Stripe's reports as witnesses, taken in from their CSV files.

MySQL commits each statement by itself: it may be run again after a start that was cut short.
"""

import sqlalchemy as sa
from alembic import op

from core.db.types import Utc, big_key, binary_string, long_text, words

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    for name in ("stripe_report_rows", "stripe_reports"):
        op.drop_table(name, if_exists=True)
    op.create_table(
        "stripe_reports",
        sa.Column("id", big_key(), primary_key=True, autoincrement=True),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("sha256", binary_string(64), nullable=False),
        sa.Column("file_name", words(255), nullable=False),
        sa.Column("report_type", binary_string(64), nullable=False),
        sa.Column("start_at", Utc(), nullable=False),
        sa.Column("end_at", Utc(), nullable=False),
        sa.Column("zone", binary_string(64), nullable=False),
        sa.Column("currencies", long_text(), nullable=False),
        sa.Column("row_count", sa.Integer, nullable=False),
        sa.Column("imported_by", binary_string(64), nullable=False),
        sa.Column("imported_at", Utc(), nullable=False),
        sa.Column("superseded_at", Utc()),
        sa.UniqueConstraint("livemode", "sha256", "start_at", "end_at", name="srx_file"),
    )
    op.create_index("srx_end", "stripe_reports", ["livemode", "end_at"])
    op.create_table(
        "stripe_report_rows",
        sa.Column("report_id", sa.BigInteger, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("currency", binary_string(4), nullable=False),
        sa.Column("category", binary_string(64), nullable=False),
        sa.Column("object_id", binary_string(64)),
        sa.Column("payout_id", binary_string(64)),
        sa.Column("at", Utc()),
        sa.Column("count", sa.BigInteger),
        sa.Column("gross_minor", sa.BigInteger),
        sa.Column("fee_minor", sa.BigInteger),
        sa.Column("net_minor", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("report_id", "position"),
    )
    op.create_index("srr_object", "stripe_report_rows", ["report_id", "object_id"])
