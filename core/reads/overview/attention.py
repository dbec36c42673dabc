"""What waits for a person: disputes to answer, refunds, dead events, streams that do not go on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Column, ColumnElement, Connection, func, or_, select

from core.clock import NEVER
from core.db.leases import SLACK
from core.db.tables import (
    alerts,
    bulk_refunds,
    cases,
    disputes,
    events,
    payments,
    refund_requests,
    stale_objects,
)
from core.domain.stream_limits import BACKFILL, LEDGER, PAYOUTS
from core.reads.developer import parked_objects
from core.reads.disputes import statuses as dispute_statuses
from core.reads.overview import streams
from core.reads.overview.streams import StreamState
from core.reads.permissions import requires
from core.reads.revenue import ledger_checks, revenue
from core.reads.search.payments import facets
from core.states import AlertState, BulkRefundState, CaseState, EventState, RefundState

#: A reading that is due this long says that the worker is behind, or stopped.
LATE = timedelta(minutes=5)
#: The worker finds out what became of a refund within seconds: after so long a person should look.
UNRESOLVED = timedelta(minutes=15)
#: What the worker stopped is told of as long as a request waits for a second person.
TOLD = timedelta(hours=72)
#: Who may capture too, in test mode (`core.actions.payments.payments.TAKERS`).
_TEST_TAKERS = ("use_developer_tools",)
#: Whose figures stand still with the ledger.
_MONEY = ("see_revenue",)


@dataclass(frozen=True, slots=True)
class Need:
    """`count` things of a `kind` wait; `first_at` (UTC) is the nearest deadline or the oldest.

    Kinds: disputes_to_answer, refunds_to_approve, bulks_to_approve, bulks_stopped (by the worker,
    lately), refunds_failed, refunds_unresolved, open_cases, payments_to_capture, dead_events,
    stale_objects, parked_objects, open_alerts; ledger_differs (days and currencies unlike Stripe's
    list), balance_differs, categories_unmapped; stream_wrong and stream_incomplete, with the
    `stream`; and right_missing, with the `missing` right (`rak_…`) of the key. `right` is the one
    that the work itself takes; who has one of `others` can do something about it too.
    """

    kind: str
    right: str
    count: int
    first_at: datetime | None
    others: tuple[str, ...] = ()
    stream: StreamState | None = None
    missing: str | None = None

    def is_for(self, rights: Collection[str]) -> bool:
        """Whether somebody with these rights can do something about it."""
        return any(right in rights for right in (self.right, *self.others))


@requires("see_payments")
def needs_you(conn: Connection, *, livemode: bool, now: datetime) -> tuple[Need, ...]:
    """Only kinds of which something waits, most urgent first."""
    due = stale_objects.c.next_attempt_at
    late, set_aside = due < now - LATE, due >= NEVER
    dead = events.c.state == EventState.DEAD
    unseen = alerts.c.state == AlertState.OPEN
    answerable = disputes.c.status.in_(dispute_statuses.answerable(conn))
    asked = refund_requests.c
    to_approve = (asked.state == RefundState.AWAITING_APPROVAL) & (asked.expires_at > now)
    bulk = bulk_refunds.c
    bulk_waits = (bulk.state == BulkRefundState.AWAITING_APPROVAL) & (bulk.expires_at > now)
    bulk_stopped = (bulk.state == BulkRefundState.STOPPED) & bulk.stopped_by.is_(None)
    bulk_stopped &= bulk.updated_at > now - TOLD
    # What a rule of ours refused before it was sent waits for nobody.
    failed = (asked.state == RefundState.FAILED) & asked.operation_id.is_not(None)
    failed &= asked.settled_at.is_(None)
    open_ended = asked.state.in_([RefundState.SENDING, RefundState.UNKNOWN])
    # Of a clock that ran ahead: nobody knows how long it has waited.
    waited = or_(asked.updated_at < now - UNRESOLVED, asked.updated_at > now + SLACK)
    unresolved = open_ended & waited

    def need(kind: str, right: str, moment: Column[datetime], test: ColumnElement[bool]) -> Need:
        return Need(kind, right, *_count(conn, moment, test, livemode))

    found = (
        need("disputes_to_answer", "see_disputes", disputes.c.due_by, answerable),
        need("refunds_to_approve", "approve_refund", asked.expires_at, to_approve),
        need("bulks_to_approve", "approve_refund", bulk.expires_at, bulk_waits),
        need("bulks_stopped", "bulk_refund", bulk.updated_at, bulk_stopped),
        need("refunds_failed", "ask_refund", asked.updated_at, failed),
        need("refunds_unresolved", "ask_refund", asked.updated_at, unresolved),
        need("open_cases", "manage_fraud", cases.c.opened_at, cases.c.state == CaseState.OPEN),
        _to_capture(conn, livemode),
        need("dead_events", "see_events", events.c.received_at, dead),
        need("stale_objects", "see_events", due, late),
        need("parked_objects", "see_events", stale_objects.c.known_at, set_aside),
        # Of all kinds: who sees only some of them finds theirs on the screen itself.
        need("open_alerts", "administer", alerts.c.first_seen_at, unseen),
    )
    standing = (*_streams(conn, livemode, now), *_ledger(conn, livemode))
    return tuple(one for one in (*standing, *found) if one.count)


def _ledger(conn: Connection, livemode: bool) -> list[Need]:
    """Where the ledger is not Stripe's, and what it holds that nobody knows the name of."""
    checks = ledger_checks.differences(conn, livemode=livemode)
    unmapped = {one.category for one in revenue.unmapped(conn, livemode=livemode)}

    def need(kind: str, count: int, first_at: datetime | None) -> Need:
        return Need(kind, "see_revenue", count, first_at, ("see_events",))

    days = min((one.checked_at for one in checks.days), default=None)
    balances = min((one.checked_at for one in checks.balances), default=None)
    return [
        need("ledger_differs", len(checks.days), days),
        need("balance_differs", len(checks.balances), balances),
        need("categories_unmapped", len(unmapped), None),
    ]


def _streams(conn: Connection, livemode: bool, now: datetime) -> list[Need]:
    """A need for each stream that is not fresh, and for each right that only objects wait for."""
    found = []
    named = set()
    for one in streams.stream_states(conn, livemode=livemode, now=now):
        if one.is_wrong or one.state == "incomplete":
            kind = "stream_wrong" if one.is_wrong else "stream_incomplete"
            others = _MONEY if one.name in (LEDGER, PAYOUTS, BACKFILL) else ()
            found.append(Need(kind, "see_events", 1, one.since, others, one, one.permission))
            named.add(one.permission)
    for right in parked_objects.missing_rights(conn, livemode=livemode, now=now):
        if right.right not in named:
            need = Need("right_missing", "see_events", right.count, right.since)
            found.append(replace(need, missing=right.right))
    return found


def _count(
    conn: Connection, moment: Column[datetime], test: ColumnElement[bool], livemode: bool
) -> tuple[int, datetime | None]:
    mode = moment.table.c.livemode == livemode
    asked = select(func.count(), func.min(moment)).where(test, mode)
    count, first = conn.execute(asked).one()
    return int(count), first


def _to_capture(conn: Connection, livemode: bool) -> Need:
    """Few at any time, and found through their facets without a look at the others."""
    every = facets.known(conn)
    wanted = [f.id for f in every if f.livemode == livemode and f.state == "requires_capture"]
    table = payments
    asked = select(func.count(), func.min(table.c.created_at)).where(table.c.facet.in_(wanted))
    count, first = conn.execute(asked).one() if wanted else (0, None)
    others = () if livemode else _TEST_TAKERS
    return Need("payments_to_capture", "take_payments", int(count), first, others)
