"""What Stripe answered: the newest reading of each object, and the pages of its ledger."""

from __future__ import annotations

from sqlalchemy import Column, Index, PrimaryKeyConstraint, Table

from core.db.mirror_tables import metadata
from core.db.types import Utc, big_key, body, code, flag, stripe_id

#: The newest reading of an object, kept beside the mirror that was written from it. `body` is what
#: was read of it (core.mirror.stored_readings); NULL: Stripe has no such object. `created_at` is
#: when the object was made, as its first reading said: a deleted customer tells it no more.
readings = Table(
    "readings",
    metadata,
    Column("kind", code(32), nullable=False),
    Column("stripe_id", stripe_id(), nullable=False),
    Column("livemode", flag(), nullable=False),
    Column("created_at", Utc(), nullable=False),
    Column("as_of", Utc(), nullable=False),
    Column("body", body()),
    PrimaryKeyConstraint("kind", "stripe_id"),
)

#: Ledger rows as they came, those of one transaction together; inserted once. `body` holds them
#: with the time and the day they were booked (core.ledger.stored_entries). With a `payout_id` it
#: holds the ids of rows that this payout paid out. `oldest_at` and
#: `newest_at` are when the oldest and the newest of them were made.
ledger_readings = Table(
    "ledger_readings",
    metadata,
    Column("seq", big_key(), primary_key=True, autoincrement=True),
    Column("payout_id", stripe_id()),
    Column("oldest_at", Utc(), nullable=False),
    Column("newest_at", Utc(), nullable=False),
    Column("read_at", Utc(), nullable=False),
    Column("body", body(), nullable=False),
    Index("lrx_newest", "newest_at"),
)
