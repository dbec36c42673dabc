"""Passwords that an administrator gave: their people choose one of their own first.

MySQL commits each statement by itself: every one may be run again after a start that was cut short.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    known = {one["name"] for one in sa.inspect(op.get_bind()).get_columns("users")}
    if "password_given" not in known:
        given: sa.Column[bool] = sa.Column(
            "password_given", sa.Boolean(), nullable=False, server_default=sa.false()
        )
        op.add_column("users", given)
