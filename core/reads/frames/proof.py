"""What the proof found and read in a stretch of days: breaks, and readings of Stripe's balance."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Connection, select

from core.db.tables import balance_readings as reading_table
from core.db.tables import breaks as break_table
from core.reads.frames.columns import Column, Columns, Kind, Stretch, frame
from core.reads.permissions import requires

BREAKS: Columns = (
    Column("day", Kind.DAY, "the business day that it belongs to"),
    Column("identity", Kind.TEXT, "the rule that does not hold"),
    Column("kind", Kind.TEXT, "how the two sides differ"),
    Column("object_id", Kind.TEXT, "the object, or the sum, that differs"),
    Column("currency", Kind.TEXT, "of both sides"),
    Column("ours", Kind.MONEY, "what the database says; none where it says nothing"),
    Column("theirs", Kind.MONEY, "what the other witness says"),
    Column("state", Kind.TEXT, "expected, open, explained, closed"),
    Column("cause", Kind.TEXT, "the likely cause"),
    Column("due_at", Kind.TIME, "until then it may still go by itself"),
    Column("owner", Kind.TEXT, "the user who looks into it"),
    Column("reason", Kind.TEXT, "what a person said of it"),
    Column("found_at", Kind.TIME, "when a run found it first"),
    Column("closed_at", Kind.TIME, "when a run saw it gone"),
)
_K = break_table.c
_BREAKS = (
    *(_K.day, _K.identity, _K.kind, _K.object_id, _K.currency, _K.ours_minor, _K.theirs_minor),
    *(_K.state, _K.cause, _K.due_at, _K.owner, _K.reason, _K.found_at, _K.closed_at),
)

BALANCE_READINGS: Columns = (
    Column("read_at", Kind.TIME, "when Stripe was asked"),
    Column("currency", Kind.TEXT, "of the amount"),
    Column("balance_type", Kind.TEXT, "payments, issuing and so on"),
    Column("bucket", Kind.TEXT, "available or pending"),
    Column("amount", Kind.MONEY, "what Stripe said"),
    Column("newest_row", Kind.TEXT, "the newest row of Stripe's list then; it is in the ledger"),
)
_R = reading_table.c
_READINGS = (_R.read_at, _R.currency, _R.balance_type, _R.bucket, _R.amount_minor, _R.newest_row)


@requires("see_revenue")
def breaks(conn: Connection, *, livemode: bool, stretch: Stretch) -> pd.DataFrame:
    """Columns `BREAKS`, of the stretch's days, in whatever state, by day."""
    query = (
        select(*_BREAKS)
        .where(_K.livemode == livemode, _K.day >= stretch.since, _K.day < stretch.until)
        .order_by(_K.day, _K.id)
        .limit(stretch.limit + 1)
    )
    return frame(BREAKS, conn.execute(query).all(), stretch.limit)


@requires("see_revenue")
def balance_readings(conn: Connection, *, livemode: bool, stretch: Stretch) -> pd.DataFrame:
    """Columns `BALANCE_READINGS`, of readings that were made in the stretch, oldest first."""
    query = (
        select(*_READINGS)
        .where(_R.livemode == livemode, _R.read_at >= stretch.start, _R.read_at < stretch.end)
        .order_by(_R.read_at, _R.id)
        .limit(stretch.limit + 1)
    )
    return frame(BALANCE_READINGS, conn.execute(query).all(), stretch.limit)
