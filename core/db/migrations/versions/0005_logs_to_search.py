"""The log of calls and the inbox can be searched; and the log pruned, by `ax_started`.

MySQL commits each statement by itself: every one may be run again after a start that was cut short.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

INDEXES = (
    ("ex_type", "events", ["livemode", "type", "received_at"]),
    ("ax_walk", "api_requests", ["livemode", "started_at", "seq", "status", "duration_us"]),
    ("ax_status", "api_requests", ["livemode", "status", "started_at"]),
    ("ax_key", "api_requests", ["idempotency_key"]),
    ("ax_request", "api_requests", ["request_id"]),
)


def upgrade() -> None:
    known = sa.inspect(op.get_bind())
    for name, table, columns in INDEXES:
        if name not in {index["name"] for index in known.get_indexes(table)}:
            op.create_index(name, table, columns)


def downgrade() -> None:
    for name, table, _columns in INDEXES:
        op.drop_index(name, table_name=table)
