"""Views of lists that people keep, and their own columns.

`saved_views` was made by the first version, and nothing has ever written to it. MySQL commits each
statement by itself: it may be run again after a start that was cut short.
"""

import sqlalchemy as sa
from alembic import op

from core.db.types import Utc, big_key, binary_string, long_text, words

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.drop_table("saved_views", if_exists=True)
    op.create_table(
        "saved_views",
        sa.Column("id", big_key(), primary_key=True, autoincrement=True),
        _owner(),
        sa.Column("page", binary_string(64), nullable=False),
        sa.Column("name", words(100), nullable=False),
        sa.Column("query", long_text(), nullable=False),
        sa.Column("sort", binary_string(32), nullable=False),
        sa.Column("columns", binary_string(500), nullable=False),
        sa.Column("shared", sa.Boolean, nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
    )
    op.create_index("kx_user", "saved_views", ["user_id", "page"])
    op.create_index("kx_shared", "saved_views", ["page", "shared"])
    op.drop_table("list_choices", if_exists=True)
    op.create_table(
        "list_choices",
        _owner(),
        sa.Column("page", binary_string(64), nullable=False),
        sa.Column("columns", binary_string(500), nullable=False),
        sa.Column("view_id", sa.BigInteger),
        sa.Column("updated_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "page"),
    )


def _owner() -> sa.Column[str]:
    key = sa.ForeignKey("users.id", ondelete="CASCADE")
    return sa.Column("user_id", binary_string(36), key, nullable=False)
