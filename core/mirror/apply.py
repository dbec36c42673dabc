"""The one door into the mirror: webhooks, polls, backfills and replies all pass through here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Table

from core import clock
from core.db.tables import (
    customers,
    disputes,
    early_fraud_warnings,
    payouts,
    refunds,
    reviews,
)
from core.db.upsert import upsert_newer
from core.domain import versions
from core.gateway.snapshots import (
    ChargeSnapshot,
    CustomerSnapshot,
    DisputeSnapshot,
    LedgerEntry,
    PaymentSnapshot,
    PayoutSnapshot,
    RefundSnapshot,
    ReviewSnapshot,
    Snapshot,
    WarningSnapshot,
)
from core.ledger.booking import Scope
from core.ledger.facets import FacetRegistry
from core.ledger.ingest import ingest
from core.ledger.stored_entries import Booked
from core.mirror import personal, refresh_queue, stored_readings
from core.mirror.merge import newest
from core.mirror.operation_objects import note_tagged_snapshots
from core.mirror.payments import apply_payments, hold, ids_of
from core.mirror.refresh_queue import RefreshRequest, payment_kind
from core.mirror.refund_requests import follow_refunds

#: The kind of a stale object that stands for a payout's list of balance transactions.
PAYOUT_LEDGER = "payout_ledger"

#: Mirrors that stand alone, in the order in which they are written.
_MIRRORS: tuple[tuple[type[Snapshot], Table, str], ...] = (
    (CustomerSnapshot, customers, "payments"),
    (RefundSnapshot, refunds, "payments"),
    (DisputeSnapshot, disputes, "disputes"),
    (WarningSnapshot, early_fraud_warnings, "disputes"),
    (ReviewSnapshot, reviews, "disputes"),
    (PayoutSnapshot, payouts, "revenue"),
)


@dataclass(frozen=True)
class BookingContext:
    """What every write shares in a process: the scope of its sums and the numbers of facets."""

    scope: Scope
    facets: FacetRegistry = field(default_factory=FacetRegistry)


def apply(
    connection: Connection,
    snapshots: Sequence[Snapshot],
    books: BookingContext,
    *,
    marks: Sequence[RefreshRequest] = (),
    entries: Sequence[LedgerEntry] = (),
    check_parts: bool = False,
    at: datetime | None = None,
    booked: Mapping[str, Booked] | None = None,
) -> int:
    """Bring the mirror, the ledger and all sums to these states; the caller commits.

    A state that is older than what stands there changes nothing. `marks` are objects to be read
    again; `entries` go into the ledger once, whatever is known of the objects behind them.
    `check_parts`: refunds and disputes that a charge speaks of and that are not mirrored are read
    too; a walk that brings them by itself does not ask for them one by one. `booked`: how entries
    were booked when they came first, where the ledger is made anew. The number of ledger rows that
    were new.
    """
    moment = at or clock.now()
    snapshots = personal.without_old(connection, snapshots)
    entries = personal.entries_without_old(connection, entries)
    topics: set[str] = set()
    if snapshots:
        books.scope.take_turn(connection)
    lists = _apply_mirrors(connection, snapshots, books, topics)
    follow_refunds(connection, [s for s in snapshots if isinstance(s, RefundSnapshot)], moment)
    stored_readings.keep_readings(connection, snapshots)
    written = ingest(connection, entries, books.scope, booked)
    note_tagged_snapshots(connection, snapshots, moment)
    if written.reversed:
        held = hold(connection, written.reversed)
        apply_payments(connection, held, (), (), held, books.scope, books.facets)
    unlinked = [
        RefreshRequest(payment_kind(payment), payment, entries[0].livemode, moment, None)
        for payment in written.unlinked
    ]
    unlinked += [
        RefreshRequest(kind, stripe_id, entries[0].livemode, moment, None)
        for kind, stripe_id in written.sources
    ]
    if check_parts and lists:
        unlinked += [
            RefreshRequest(kind, charge, snapshots[0].livemode, moment, None)
            for kind, charge in lists
        ]
    paid_out = [
        RefreshRequest(PAYOUT_LEDGER, payout.stripe_id, payout.livemode, moment, None)
        for payout in snapshots
        if isinstance(payout, PayoutSnapshot) and payout.confirmed and payout.automatic
    ]
    refresh_queue.enqueue(connection, [*marks, *unlinked, *paid_out], at=moment)
    if written.new:
        topics |= {"revenue", "payments"}
    versions.bump(connection, topics, slot=books.scope.slot)
    return written.new


def _apply_mirrors(
    connection: Connection, snapshots: Sequence[Snapshot], books: BookingContext, topics: set[str]
) -> list[tuple[str, str]]:
    """Write the mirror's rows: payments are locked first, and summed up last."""
    intents = [s for s in snapshots if isinstance(s, PaymentSnapshot)]
    attempts = [s for s in snapshots if isinstance(s, ChargeSnapshot)]
    parts = [s for s in snapshots if isinstance(s, (RefundSnapshot, DisputeSnapshot))]
    touched = {part.payment_id for part in parts if part.payment_id}
    held = hold(connection, ids_of(intents, attempts) | touched)
    for kind, table, topic in _MIRRORS:
        rows = newest([s for s in snapshots if isinstance(s, kind)])
        if rows:
            upsert_newer(connection, table, [dict(vars(row)) for row in rows.values()])
            topics.add(topic)
    if not (intents or attempts or touched):
        return []
    topics.add("payments")
    return apply_payments(connection, held, intents, attempts, touched, books.scope, books.facets)
