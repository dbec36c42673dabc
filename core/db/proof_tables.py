"""Proof against Stripe: readings of its balance, runs, breaks, and the months that were closed."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from core.db import checks
from core.db.mirror_tables import metadata
from core.db.types import Utc, big_key, code, flag, long_text, stripe_id, words
from core.states import BreakState, PeriodState

#: What Stripe's balance was when nothing moved it between two readings of it and `newest_row`, the
#: head of its list, was in the ledger. `bucket`: available or pending.
balance_readings = Table(
    "balance_readings",
    metadata,
    Column("id", big_key(), primary_key=True, autoincrement=True),
    Column("livemode", flag(), nullable=False),
    Column("read_at", Utc(), nullable=False),
    Column("currency", code(4), nullable=False),
    Column("balance_type", code(), nullable=False),
    Column("bucket", code(16), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("newest_row", stripe_id()),
    Index("blx_read", "livemode", "read_at"),
)

#: One comparison of a stretch of days (of `zone`, both ends included). `outcome`: agrees, differs,
#: unknown (Stripe could not be asked). `digest` is of the breaks that it found. `witnesses` is JSON
#: of `currencies`, what was said of each, and `unknown`, the identities that could not be held.
reconcile_runs = Table(
    "reconcile_runs",
    metadata,
    Column("id", big_key(), primary_key=True, autoincrement=True),
    Column("livemode", flag(), nullable=False),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("zone", code(), nullable=False),
    Column("version", code(32), nullable=False),
    Column("asked_by", code(64), nullable=False),
    Column("outcome", code(16), nullable=False),
    Column("open", Integer, nullable=False),
    Column("expected", Integer, nullable=False),
    Column("witnesses", long_text(), nullable=False),
    Column("digest", code(64), nullable=False),
    Column("started_at", Utc(), nullable=False),
    Column("ended_at", Utc(), nullable=False),
    Index("rnx_ended", "livemode", "ended_at"),
)

#: What differs, once for each kind, object and currency, whatever runs find it. `state`: expected
#: (until `due_at`), open, explained (by a person, with a reason; it stays found), closed (a run saw
#: it gone). `day` is the business day that it belongs to; `owner` the user who looks into it.
breaks = Table(
    "breaks",
    metadata,
    Column("id", big_key(), primary_key=True, autoincrement=True),
    Column("livemode", flag(), nullable=False),
    Column("identity", code(16), nullable=False),
    Column("kind", code(16), nullable=False),
    Column("object_id", stripe_id(), nullable=False),
    Column("currency", code(4), nullable=False),
    Column("day", Date, nullable=False),
    Column("ours_minor", BigInteger),
    Column("theirs_minor", BigInteger),
    Column("cause", code(), nullable=False),
    Column("due_at", Utc()),
    Column("state", code(16), nullable=False),
    Column("owner", code(36)),
    Column("reason", words(500)),
    Column("explained_by", code(64)),
    Column("first_run", BigInteger, nullable=False),
    Column("last_run", BigInteger, nullable=False),
    Column("found_at", Utc(), nullable=False),
    Column("closed_at", Utc()),
    UniqueConstraint("livemode", "kind", "object_id", "currency", name="brk_key"),
    Index("brk_open", "livemode", "state", "day"),
    checks.one_of("brk_state", "state", BreakState),
)

#: A month that was closed, once for each time: `number` counts. `state`: asked (a second person is
#: to confirm), closed, reopened. `certificate` is the JSON that `digest` is of.
periods = Table(
    "periods",
    metadata,
    Column("id", big_key(), primary_key=True, autoincrement=True),
    Column("livemode", flag(), nullable=False),
    Column("month", code(7), nullable=False),
    Column("number", Integer, nullable=False),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("zone", code(), nullable=False),
    Column("state", code(16), nullable=False),
    Column("asked_by", code(64), nullable=False),
    Column("asked_at", Utc(), nullable=False),
    Column("closed_by", code(64)),
    Column("closed_at", Utc()),
    Column("reopened_by", code(64)),
    Column("reopened_at", Utc()),
    Column("reason", words(500)),
    Column("certificate", long_text()),
    Column("digest", code(64)),
    UniqueConstraint("livemode", "month", "number", name="pdx_month"),
    checks.one_of("pdx_state", "state", PeriodState),
)

#: What a closed month came to: sums of its ledger rows, in minor units.
period_sums = Table(
    "period_sums",
    metadata,
    Column("period_id", BigInteger, nullable=False),
    Column("currency", code(4), nullable=False),
    Column("balance_type", code(), nullable=False),
    Column("reporting_category", code(), nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("gross_minor", BigInteger, nullable=False),
    Column("fee_minor", BigInteger, nullable=False),
    Column("net_minor", BigInteger, nullable=False),
    PrimaryKeyConstraint("period_id", "currency", "balance_type", "reporting_category"),
)

#: What each witness said of a closed month, in minor units; `read_at` is when it was read.
period_witnesses = Table(
    "period_witnesses",
    metadata,
    Column("period_id", BigInteger, nullable=False),
    Column("witness", code(16), nullable=False),
    Column("currency", code(4), nullable=False),
    Column("amount_minor", BigInteger),
    Column("read_at", Utc()),
    PrimaryKeyConstraint("period_id", "witness", "currency"),
)


#: A report of Stripe's that was taken in from its CSV file, of the days from `start_at` until
#: before `end_at`, days of `zone`. `currencies` are those that it says something of, with commas.
#: The same file taken in for other days supersedes what it was taken for.
stripe_reports = Table(
    "stripe_reports",
    metadata,
    Column("id", big_key(), primary_key=True, autoincrement=True),
    Column("livemode", flag(), nullable=False),
    Column("sha256", code(), nullable=False),
    Column("file_name", words(255), nullable=False),
    Column("report_type", code(), nullable=False),
    Column("start_at", Utc(), nullable=False),
    Column("end_at", Utc(), nullable=False),
    Column("zone", code(), nullable=False),
    Column("currencies", long_text(), nullable=False),
    Column("row_count", Integer, nullable=False),
    Column("imported_by", code(64), nullable=False),
    Column("imported_at", Utc(), nullable=False),
    Column("superseded_at", Utc()),
    UniqueConstraint("livemode", "sha256", "start_at", "end_at", name="srx_file"),
    Index("srx_end", "livemode", "end_at"),
)

#: A row of a report, in minor units, signed as the file has it. `object_id` is the balance
#: transaction; None of a sum, which is of `category`.
stripe_report_rows = Table(
    "stripe_report_rows",
    metadata,
    Column("report_id", BigInteger, nullable=False),
    Column("position", Integer, nullable=False),
    Column("currency", code(4), nullable=False),
    Column("category", code(), nullable=False),
    Column("object_id", stripe_id()),
    Column("payout_id", stripe_id()),
    Column("at", Utc()),
    Column("count", BigInteger),
    Column("gross_minor", BigInteger),
    Column("fee_minor", BigInteger),
    Column("net_minor", BigInteger, nullable=False),
    PrimaryKeyConstraint("report_id", "position"),
    Index("srr_object", "report_id", "object_id"),
)
