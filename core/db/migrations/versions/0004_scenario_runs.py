"""Runs of the scenario suite.

MySQL commits each statement by itself: every one may be run again after a start that was cut short.
"""

import sqlalchemy as sa
from alembic import op

from core.db.types import Utc, binary_string, long_text

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.drop_table("scenario_runs", if_exists=True)
    op.create_table(
        "scenario_runs",
        sa.Column("id", binary_string(36), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("state", binary_string(16), nullable=False),
        sa.Column("asked_by", binary_string(36), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("results", long_text(), nullable=True),
        sa.Column("why", binary_string(500), nullable=True),
        sa.Column("fence", binary_string(32), nullable=True),
        sa.Column("lease_until", Utc(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("updated_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("scx_created", "scenario_runs", ["created_at"])
    op.create_index("scx_due", "scenario_runs", ["state", "lease_until"])
