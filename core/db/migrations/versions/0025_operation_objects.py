"""Objects that carry one operation's tag, and the rule that watches for two of them.

MySQL commits each statement by itself: it may be run again after a start that was cut short.
"""

import sqlalchemy as sa
from alembic import op

from core import clock
from core.db.types import Utc, binary_string

revision = "0025"
down_revision = "0024"

_SETTINGS = sa.table("settings", sa.column("name"))
_RULES = sa.table(
    "alert_rules",
    sa.column("kind"),
    sa.column("parameters"),
    sa.column("enabled", sa.Boolean()),
    sa.column("created_at", Utc()),
    sa.column("updated_at", Utc()),
    sa.column("updated_by"),
)
_KIND = "doubled_operation"


def upgrade() -> None:
    op.drop_table("operation_objects", if_exists=True)
    op.create_table(
        "operation_objects",
        sa.Column("operation_id", binary_string(36), primary_key=True),
        sa.Column("stripe_id", binary_string(255), primary_key=True),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("payment_id", binary_string(64)),
        sa.Column("seen_at", Utc(), nullable=False),
    )
    _watch()


def _watch() -> None:
    """Where the first rules were made already, this one is added to them."""
    connection = op.get_bind()
    made = sa.select(_SETTINGS.c.name).where(_SETTINGS.c.name == "alerts.default_rules")
    there = sa.select(_RULES.c.kind).where(_RULES.c.kind == _KIND)
    if connection.scalar(made) is None or connection.scalar(there) is not None:
        return
    now = clock.now()
    row = {"kind": _KIND, "parameters": '{"days": 30}', "enabled": True, "updated_by": "worker"}
    op.bulk_insert(_RULES, [row | {"created_at": now, "updated_at": now}])
