"""Known devices, tokens that open one thing once, second factors, the time of a proof.

MySQL commits each statement by itself: it may be run again after a start that was cut short.
"""

import sqlalchemy as sa
from alembic import op

from core.db.types import Utc, binary_string, long_text

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    names = ("known_devices", "one_time_tokens", "second_factors", "recovery_codes")
    for name in (*names, "oidc_identities"):
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
    op.create_table(
        "second_factors",
        sa.Column("user_id", binary_string(36), primary_key=True),
        sa.Column("secret", long_text(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("confirmed_at", Utc()),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("user_id", binary_string(36), nullable=False),
        sa.Column("code_hash", binary_string(64), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "code_hash"),
    )
    op.create_table(
        "oidc_identities",
        sa.Column("identity_hash", binary_string(64), primary_key=True),
        sa.Column("user_id", binary_string(36), nullable=False),
        sa.Column("issuer", binary_string(255), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
    )
    op.create_index("ix_oidc_user", "oidc_identities", ["user_id"])
    columns = {one["name"] for one in sa.inspect(op.get_bind()).get_columns("sessions")}
    if "proved_at" not in columns:
        op.add_column("sessions", sa.Column("proved_at", Utc()))
