"""Passkeys of people."""

import sqlalchemy as sa
from alembic import op

from core.db.types import Utc, binary_string, long_text, words

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    op.drop_table("passkeys", if_exists=True)
    op.create_table(
        "passkeys",
        sa.Column("id", binary_string(64), primary_key=True),
        sa.Column("user_id", binary_string(36), nullable=False),
        sa.Column("name", words(100), nullable=False),
        sa.Column("credential_id", long_text(), nullable=False),
        sa.Column("public_key", long_text(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("last_used_at", Utc()),
    )
    op.create_index("ix_passkey_user", "passkeys", ["user_id"])
