"""What came in, what must be read again, what was asked of Stripe, and how far each walk is."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, PrimaryKeyConstraint, Table

from core.db.mirror_tables import metadata
from core.db.types import Utc, big_key, body, code, flag, long_text, stripe_id, words

#: The inbox. `state`: pending, applied, skipped, dead. `skipped_because` says why an event changes
#: nothing here: not_mirrored (its type), connected_account, no_key (for its mode), test_button (of
#: Stripe's Dashboard); `next_attempt_at` is PARKED where it waits for a key or our account's id.
#: A claim moves `next_attempt_at` to the lease's end and writes its own `fence`.
events = Table(
    "events",
    metadata,
    Column("seq", big_key(), primary_key=True, autoincrement=True),
    Column("stripe_id", stripe_id(), nullable=False, unique=True),
    Column("type", code(128), nullable=False),
    Column("livemode", flag(), nullable=False),
    Column("api_version", code()),
    Column("account", stripe_id()),
    Column("object_id", stripe_id()),
    Column("source", code(16), nullable=False),
    Column("body", body(), nullable=False),
    Column("created_at", Utc(), nullable=False),
    Column("received_at", Utc(), nullable=False),
    Column("state", code(16), nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_attempt_at", Utc(), nullable=False),
    Column("fence", code(32)),
    Column("last_error", words(500)),
    Column("skipped_because", code(32)),
    Column("applied_at", Utc()),
    Column("duration_us", BigInteger),
    Index("ex_due", "state", "next_attempt_at"),
    Index("ex_object", "object_id", "created_at"),
    Index("ex_received", "received_at"),
    Index("ex_created", "created_at"),
    # Types of one mode, newest first; `seq` ends every index by itself.
    Index("ex_type", "livemode", "type", "received_at"),
)

#: Objects to read again, one row an object. `mark` counts the events that asked for it; a reading
#: clears the row only if no further mark came meanwhile. `known_at` is the newest event's time.
stale_objects = Table(
    "stale_objects",
    metadata,
    Column("kind", code(), nullable=False),
    Column("stripe_id", stripe_id(), nullable=False),
    Column("livemode", flag(), nullable=False),
    Column("mark", BigInteger, nullable=False),
    Column("known_at", Utc(), nullable=False),
    Column("object_created_at", Utc()),
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_attempt_at", Utc(), nullable=False),
    Column("fence", code(32)),
    Column("last_error", words(500)),
    PrimaryKeyConstraint("kind", "stripe_id"),
    Index("sx_due", "next_attempt_at"),
)

#: How each stream of the mirror stands: inbox, refresh, events, ledger, payouts, backfill.
#: `fresh_as_of`: all that Stripe had then is here. `checked_at`: a step last ended well.
#: `failed_since` and what follows stand while its steps fail: `error` is our code, `reason` what
#: Stripe or the database said, `permission` the right (`rak_…`) that a restricted key lacks.
streams = Table(
    "streams",
    metadata,
    Column("name", code(32), nullable=False),
    Column("livemode", flag(), nullable=False),
    Column("fresh_as_of", Utc()),
    Column("checked_at", Utc()),
    Column("failed_since", Utc()),
    Column("error", code()),
    Column("reason", words(500)),
    Column("permission", code()),
    PrimaryKeyConstraint("name", "livemode"),
)

#: Where a walk through Stripe's lists stands; `name` says which, `position` is its own.
cursors = Table(
    "cursors",
    metadata,
    Column("name", code(128), primary_key=True),
    Column("position", long_text(), nullable=False),
    Column("updated_at", Utc(), nullable=False),
)

#: Every call to Stripe, without bodies.
api_requests = Table(
    "api_requests",
    metadata,
    Column("seq", big_key(), primary_key=True, autoincrement=True),
    Column("livemode", flag(), nullable=False),
    Column("method", code(8), nullable=False),
    Column("path", code(255), nullable=False),
    Column("status", Integer),
    Column("error", code()),
    Column("duration_us", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("request_id", code()),
    Column("idempotency_key", code(255)),
    Column("started_at", Utc(), nullable=False),
    # Newest first; a search tests status and duration, and figures sum them, in the index alone.
    Index("ax_walk", "livemode", "started_at", "seq", "status", "duration_us"),
    Index("ax_status", "livemode", "status", "started_at"),
    Index("ax_started", "started_at"),
    Index("ax_key", "idempotency_key"),
    Index("ax_request", "request_id"),
)
