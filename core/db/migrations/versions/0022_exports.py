"""Files that people asked for and the worker writes.

MySQL commits each statement by itself: it may be run again after a start that was cut short.
"""

import sqlalchemy as sa
from alembic import op

from core.db.types import Utc, binary_string, long_text, words

revision = "0022"
down_revision = "0021"

_STATES = ("asked", "running", "done", "failed", "canceled", "removed")


def upgrade() -> None:
    op.drop_table("exports", if_exists=True)
    states = ", ".join(f"'{state}'" for state in _STATES)
    op.create_table(
        "exports",
        sa.Column("id", binary_string(36), primary_key=True),
        sa.Column("kind", binary_string(32), nullable=False),
        sa.Column("format", binary_string(8), nullable=False),
        sa.Column("query", long_text(), nullable=False),
        sa.Column("asked_by", binary_string(36), nullable=False),
        sa.Column("state", binary_string(16), nullable=False),
        sa.Column("rows_done", sa.BigInteger, nullable=False),
        sa.Column("tries", sa.SmallInteger, nullable=False),
        sa.Column("file", binary_string(80)),
        sa.Column("why", words(500)),
        sa.Column("fence", binary_string(32)),
        sa.Column("lease_until", Utc(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("updated_at", Utc(), nullable=False),
        sa.Column("expires_at", Utc()),
        sa.CheckConstraint(f"state IN ({states})", name="xpx_state"),
    )
    op.create_index("xpx_due", "exports", ["state", "lease_until"])
    op.create_index("xpx_mine", "exports", ["asked_by", "created_at"])
