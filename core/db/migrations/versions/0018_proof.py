"""What proof needs: all that a payout says, balance readings, runs and breaks, closed months.

MySQL commits each statement by itself: every one may be run again after a start that was cut short.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from core import clock
from core.db.types import Utc, big_key, binary_string, long_text, words

revision = "0018"
down_revision = "0017"

_NEW = (
    "balance_readings",
    "reconcile_runs",
    "breaks",
    "periods",
    "period_sums",
    "period_witnesses",
)


def upgrade() -> None:
    _add_columns()
    for name in _NEW:
        op.drop_table(name, if_exists=True)
    _readings()
    _runs_and_breaks()
    _periods()
    _read_payouts_again()


def _add_columns() -> None:
    id_, word = binary_string(64), binary_string(64)
    wanted: dict[str, dict[str, Any]] = {
        "payouts": {
            "reconciliation_status": word,
            "trace_id": words(255),
            "trace_id_status": word,
            "statement_descriptor": words(255),
            "destination": id_,
            "failure_balance_transaction_id": id_,
            "original_payout": id_,
            "reversed_by": id_,
        },
        "balance_transactions": {"booked_day": sa.Date(), "first_seen_at": Utc()},
        "ledger_checks": {"theirs_digest": binary_string(16)},
    }
    inspector = sa.inspect(op.get_bind())
    for table, columns in wanted.items():
        there = {one["name"] for one in inspector.get_columns(table)}
        for name, kind in columns.items():
            if name not in there:
                op.add_column(table, sa.Column(name, kind))


def _readings() -> None:
    op.create_table(
        "balance_readings",
        sa.Column("id", big_key(), autoincrement=True, nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("read_at", Utc(), nullable=False),
        sa.Column("currency", binary_string(4), nullable=False),
        sa.Column("balance_type", binary_string(64), nullable=False),
        sa.Column("bucket", binary_string(16), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("newest_row", binary_string(64)),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("blx_read", "balance_readings", ["livemode", "read_at"])


def _runs_and_breaks() -> None:
    op.create_table(
        "reconcile_runs",
        sa.Column("id", big_key(), autoincrement=True, nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("zone", binary_string(64), nullable=False),
        sa.Column("version", binary_string(32), nullable=False),
        sa.Column("asked_by", binary_string(64), nullable=False),
        sa.Column("outcome", binary_string(16), nullable=False),
        sa.Column("open", sa.Integer(), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=False),
        sa.Column("witnesses", long_text(), nullable=False),
        sa.Column("digest", binary_string(64), nullable=False),
        sa.Column("started_at", Utc(), nullable=False),
        sa.Column("ended_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("rnx_ended", "reconcile_runs", ["livemode", "ended_at"])
    op.create_table(
        "breaks",
        sa.Column("id", big_key(), autoincrement=True, nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("identity", binary_string(16), nullable=False),
        sa.Column("kind", binary_string(16), nullable=False),
        sa.Column("object_id", binary_string(64), nullable=False),
        sa.Column("currency", binary_string(4), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("ours_minor", sa.BigInteger()),
        sa.Column("theirs_minor", sa.BigInteger()),
        sa.Column("cause", binary_string(64), nullable=False),
        sa.Column("due_at", Utc()),
        sa.Column("state", binary_string(16), nullable=False),
        sa.Column("owner", binary_string(36)),
        sa.Column("reason", words(500)),
        sa.Column("explained_by", binary_string(64)),
        sa.Column("first_run", sa.BigInteger(), nullable=False),
        sa.Column("last_run", sa.BigInteger(), nullable=False),
        sa.Column("found_at", Utc(), nullable=False),
        sa.Column("closed_at", Utc()),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("livemode", "kind", "object_id", "currency", name="brk_key"),
        sa.CheckConstraint(
            "state IN ('expected', 'open', 'explained', 'closed')", name="brk_state"
        ),
    )
    op.create_index("brk_open", "breaks", ["livemode", "state", "day"])


def _periods() -> None:
    op.create_table(
        "periods",
        sa.Column("id", big_key(), autoincrement=True, nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("month", binary_string(7), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("zone", binary_string(64), nullable=False),
        sa.Column("state", binary_string(16), nullable=False),
        sa.Column("asked_by", binary_string(64), nullable=False),
        sa.Column("asked_at", Utc(), nullable=False),
        sa.Column("closed_by", binary_string(64)),
        sa.Column("closed_at", Utc()),
        sa.Column("reopened_by", binary_string(64)),
        sa.Column("reopened_at", Utc()),
        sa.Column("reason", words(500)),
        sa.Column("certificate", long_text()),
        sa.Column("digest", binary_string(64)),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("livemode", "month", "number", name="pdx_month"),
        sa.CheckConstraint("state IN ('asked', 'closed', 'reopened')", name="pdx_state"),
    )
    op.create_table(
        "period_sums",
        sa.Column("period_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", binary_string(4), nullable=False),
        sa.Column("balance_type", binary_string(64), nullable=False),
        sa.Column("reporting_category", binary_string(64), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("gross_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("period_id", "currency", "balance_type", "reporting_category"),
    )
    op.create_table(
        "period_witnesses",
        sa.Column("period_id", sa.BigInteger(), nullable=False),
        sa.Column("witness", binary_string(16), nullable=False),
        sa.Column("currency", binary_string(4), nullable=False),
        sa.Column("amount_minor", sa.BigInteger()),
        sa.Column("read_at", Utc()),
        sa.PrimaryKeyConstraint("period_id", "witness", "currency"),
    )


def _read_payouts_again() -> None:
    """What the new columns of a payout say follows from Stripe's own word, by the ordinary way."""
    bind = op.get_bind()
    stale = sa.table(
        "stale_objects",
        *(sa.column(one) for one in ("kind", "stripe_id", "livemode", "mark", "attempts")),
        *(sa.column(one, Utc()) for one in ("known_at", "next_attempt_at")),
    )
    payouts = sa.table("payouts", sa.column("stripe_id"), sa.column("livemode"))
    waiting = set(bind.scalars(sa.select(stale.c.stripe_id).where(stale.c.kind == "payout")))
    now = clock.now()
    rows = [
        {"kind": "payout", "stripe_id": row[0], "livemode": row[1], "mark": 1, "attempts": 0}
        | {"known_at": clock.EPOCH, "next_attempt_at": now}
        for row in bind.execute(sa.select(payouts.c.stripe_id, payouts.c.livemode))
        if row[0] not in waiting
    ]
    for start in range(0, len(rows), 1000):
        bind.execute(stale.insert(), rows[start : start + 1000])
