"""Who kept which field of a dispute's evidence last, and what files were called.

MySQL commits each statement by itself: every one may be run again after a start that was cut short.
"""

import sqlalchemy as sa
from alembic import op

from core.db.types import Utc, binary_string, words

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.drop_table("evidence_saves", if_exists=True)
    op.create_table(
        "evidence_saves",
        sa.Column("dispute_id", binary_string(64), nullable=False),
        sa.Column("field", binary_string(64), nullable=False),
        sa.Column("operation_id", binary_string(36), nullable=False),
        sa.Column("actor", binary_string(64), nullable=False),
        sa.Column("saved_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("dispute_id", "field"),
    )
    columns = sa.inspect(op.get_bind()).get_columns("evidence_files")
    if "name" not in [column["name"] for column in columns]:
        op.add_column("evidence_files", sa.Column("name", words(200)))
