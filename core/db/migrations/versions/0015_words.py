"""Payments are found by the words of a name, by the code of a failure, by a payout.

MySQL commits each statement by itself: every one may be run again after a start that was cut short.
"""

import sqlalchemy as sa
from alembic import op

from core import search_words
from core.db.types import Utc, binary_string

revision = "0015"
down_revision = "0014"

_CHUNK = 2000
_COPIED = ("stripe_id", "facet", "amount_minor")
_READ = ("customer_name", "failure_code", "decline_code")


def upgrade() -> None:
    op.drop_table("payment_words", if_exists=True)
    op.create_table(
        "payment_words",
        sa.Column("kind", binary_string(8), nullable=False),
        sa.Column("word", binary_string(64), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("stripe_id", binary_string(64), nullable=False),
        sa.Column("facet", sa.SmallInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "word", "livemode", "created_at", "stripe_id"),
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
    payments, found = (
        sa.table(
            name,
            *(sa.column(one) for one in columns),
            sa.column("livemode", sa.Boolean()),
            sa.column("created_at", Utc()),
        )
        for name, columns in (
            ("payments", (*_COPIED, *_READ)),
            ("payment_words", (*_COPIED, "kind", "word")),
        )
    )
    last, asked = "", sa.select(payments).order_by(payments.c.stripe_id).limit(_CHUNK)
    while rows := bind.execute(asked.where(payments.c.stripe_id > last)).mappings().all():
        last = rows[-1]["stripe_id"]
        come = [
            {name: row[name] for name in (*_COPIED, "livemode", "created_at")}
            | {"kind": kind, "word": word}
            for row in rows
            for kind, word in search_words.entries(row)
        ]
        if come:
            bind.execute(found.insert(), come)
