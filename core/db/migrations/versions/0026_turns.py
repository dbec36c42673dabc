"""Lines to stand in, and the last sign-ins apart from the people.

MySQL commits each statement by itself: it may be run again after a start that was cut short.
"""

import sqlalchemy as sa
from alembic import op

from core.db.types import Utc, binary_string

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.create_table(
        "turns",
        sa.Column("slot", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("turn", sa.BigInteger, nullable=False),
        if_not_exists=True,
    )
    # Whoever migrates a server has made it already, to stand in line at.
    op.create_table(
        "migration_lease",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("fence", binary_string(32)),
        sa.Column("until", Utc(), nullable=False),
        if_not_exists=True,
    )
    op.drop_table("gate_locks", if_exists=True)
    _move_last_sign_ins()


def _move_last_sign_ins() -> None:
    connection = op.get_bind()
    columns = {column["name"] for column in sa.inspect(connection).get_columns("users")}
    if "last_sign_in_at" not in columns:
        return
    op.drop_table("last_sign_ins", if_exists=True)
    op.create_table(
        "last_sign_ins",
        sa.Column("user_id", binary_string(36), primary_key=True),
        sa.Column("at", Utc(), nullable=False),
    )
    op.execute(
        "INSERT INTO last_sign_ins (user_id, at)"
        " SELECT id, last_sign_in_at FROM users WHERE last_sign_in_at IS NOT NULL"
    )
    # Not by a new table in place of the old one, as for other changes on SQLite: dropping `users`
    # would take sessions and roles along.
    op.execute("ALTER TABLE users DROP COLUMN last_sign_in_at")
