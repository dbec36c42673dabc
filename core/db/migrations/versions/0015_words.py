"""Payments are found by the words of a name, by the code of a failure, by a payout.

MySQL commits each statement by itself: every one may be run again after a start that was cut short.
"""

import sqlalchemy as sa
from alembic import op

from core.db import words
from core.db.types import Utc, binary_string

revision = "0015"
down_revision = "0014"

_CHUNK = 2000
_READ = ("stripe_id", "customer_name", "failure_code", "decline_code")


def upgrade() -> None:
    op.drop_table("payment_words", if_exists=True)
    op.create_table(
        "payment_words",
        sa.Column("kind", binary_string(8), nullable=False),
        sa.Column("word", binary_string(64), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("payment_id", binary_string(64), nullable=False),
        sa.PrimaryKeyConstraint("kind", "word", "livemode", "at", "payment_id"),
        sqlite_with_rowid=False,
    )
    _fill()
    indexes = {
        one["name"]: one["column_names"]
        for one in sa.inspect(op.get_bind()).get_indexes("balance_transactions")
    }
    wanted = ["payout_id", "payment_id"]
    if indexes.get("bx_payout") != wanted:
        if "bx_payout" in indexes:
            op.drop_index("bx_payout", table_name="balance_transactions")
        op.create_index("bx_payout", "balance_transactions", wanted)


def _fill() -> None:
    bind = op.get_bind()
    payments = sa.table(
        "payments",
        *(sa.column(name) for name in _READ),
        sa.column("livemode", sa.Boolean()),
        sa.column("created_at", Utc()),
    )
    found = sa.table(
        "payment_words",
        *(sa.column(name) for name in ("kind", "word", "payment_id")),
        sa.column("livemode", sa.Boolean()),
        sa.column("at", Utc()),
    )
    last, asked = "", sa.select(payments).order_by(payments.c.stripe_id).limit(_CHUNK)
    while rows := bind.execute(asked.where(payments.c.stripe_id > last)).mappings().all():
        last = rows[-1]["stripe_id"]
        come = [
            {"kind": kind, "word": word, "livemode": row["livemode"]}
            | {"at": row["created_at"], "payment_id": row["stripe_id"]}
            for row in rows
            for kind, word in words.entries(row)
        ]
        if come:
            bind.execute(found.insert(), come)
