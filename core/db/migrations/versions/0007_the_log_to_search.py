"""The operators' log can be searched by action and by target.

MySQL commits each statement by itself: every one may be run again after a start that was cut short.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

INDEXES = (
    ("gx_action", "audit_log", ["action", "at", "seq"]),
    ("gx_target", "audit_log", ["target", "at", "seq"]),
)


def upgrade() -> None:
    known = sa.inspect(op.get_bind())
    for name, table, columns in INDEXES:
        if name not in {index["name"] for index in known.get_indexes(table)}:
            op.create_index(name, table, columns)


def downgrade() -> None:
    for name, table, _columns in INDEXES:
        op.drop_index(name, table_name=table)
