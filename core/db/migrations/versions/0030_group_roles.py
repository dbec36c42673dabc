"""Roles by groups as a table, in place of one setting, whose value is carried over.

MySQL commits each statement by itself: it may be run again after a start that was cut short.
"""

import sqlalchemy as sa
from alembic import op

from core.db.types import Utc, binary_string, long_text, words

revision = "0030"
down_revision = "0029"

_SETTING = "setting.oidc_group_roles"


def upgrade() -> None:
    op.drop_table("group_roles", if_exists=True)
    made = op.create_table(
        "group_roles",
        sa.Column("group_name", words(255), primary_key=True),
        sa.Column("roles", binary_string(255), nullable=False),
        sa.Column("updated_at", Utc(), nullable=False),
        sa.Column("updated_by", binary_string(64), nullable=False),
    )
    settings = sa.table(
        "settings",
        sa.column("name", binary_string(128)),
        sa.column("value", long_text()),
        sa.column("updated_at", Utc()),
        sa.column("updated_by", binary_string(64)),
    )
    mine = settings.c.name == _SETTING
    kept = op.get_bind().execute(sa.select(settings).where(mine)).first()
    if kept is not None:
        rows = _rows(kept.value)
        stamp = {"updated_at": kept.updated_at, "updated_by": kept.updated_by}
        op.bulk_insert(
            made, [{"group_name": group, "roles": roles} | stamp for group, roles in rows.items()]
        )
        op.get_bind().execute(sa.delete(settings).where(mine))


def _rows(text: str) -> dict[str, str]:
    """`GROUP=role,role; GROUP=role`, which was checked when it was set; a name that is longer than
    the column stays out."""
    found = {}
    for part in filter(None, (one.strip() for one in text.split(";"))):
        group, _, roles = part.rpartition("=")
        if 0 < len(group.strip()) <= 255:
            found[group.strip()] = roles
    return found
