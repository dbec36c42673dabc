"""Known devices, and tokens that open one thing once.

MySQL commits each statement by itself: it may be run again after a start that was cut short.
"""

import sqlalchemy as sa
from alembic import op

from core.db.types import Utc, binary_string, long_text

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    for name in ("known_devices", "one_time_tokens"):
        op.drop_table(name, if_exists=True)
    op.create_table(
        "known_devices",
        sa.Column("token_hash", binary_string(64), primary_key=True),
        sa.Column("user_id", binary_string(36), nullable=False),
        sa.Column("password_key", binary_string(64), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("expires_at", Utc(), nullable=False),
    )
    op.create_index("dx_user", "known_devices", ["user_id", "created_at"])
    op.create_table(
        "one_time_tokens",
        sa.Column("token_hash", binary_string(64), primary_key=True),
        sa.Column("purpose", binary_string(32), nullable=False),
        sa.Column("user_id", binary_string(36)),
        sa.Column("payload", long_text(), nullable=False),
        sa.Column("expires_at", Utc(), nullable=False),
    )
    op.create_index("ox_user", "one_time_tokens", ["user_id", "purpose"])
