"""Evidence files: size and pages of what was attached here.

MySQL commits each statement by itself: every one may be run again after a start that was cut short.
"""

import sqlalchemy as sa
from alembic import op

from core.db.types import Utc, binary_string

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.drop_table("evidence_files", if_exists=True)
    op.create_table(
        "evidence_files",
        sa.Column("stripe_id", binary_string(64), nullable=False),
        sa.Column("dispute_id", binary_string(64), nullable=False),
        sa.Column("field", binary_string(64), nullable=False),
        sa.Column("kind", binary_string(8), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("stripe_id"),
    )
    op.create_index("ex_dispute", "evidence_files", ["dispute_id"])
