"""Bulk refunds: the list of them, how far one is, and its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from core.db.tables import bulk_refunds, disputes, refund_requests, users
from core.domain.refund_warnings import counted, warnings_of
from core.errors import NotFound
from core.money import Money
from core.reads.permissions import requires
from core.reads.search import paging
from core.states import BulkRefundState, RefundState

LIMIT = 50
MAX_LIMIT = 500
_asker = users.alias("asker")
_decider = users.alias("decider")
_stopper = users.alias("stopper")


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one state and currency, and their sum."""

    state: str
    rows: int
    amount: Money


@dataclass(frozen=True, slots=True)
class Bulk:
    """One decision about `total` payments. `over` is the limit (per_refund, per_day) that it is
    above; who is `asked_user_id` may not decide about it. Times are UTC."""

    bulk_id: str
    state: str
    reason: str
    note: str | None
    why: str | None
    over: str | None
    total: int
    asked_by: str
    asked_user_id: str
    by_token: bool
    decided_by: str | None
    stopped_by: str | None
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    parts: tuple[Part, ...]

    @property
    def sums(self) -> Mapping[str, Money]:
        """What all rows come to, by currency."""
        found: dict[str, Money] = {}
        for part in self.parts:
            currency = part.amount.currency
            found[currency] = found.get(currency, Money(0, currency)) + part.amount
        return dict(sorted(found.items()))

    def rows_in(self, *among: str) -> int:
        """How many rows stand in these states."""
        return sum(part.rows for part in self.parts if part.state in among)

    @property
    def unsent(self) -> int:
        """Rows that the worker has still to send."""
        return self.rows_in(RefundState.REQUESTED, RefundState.QUEUED)


@dataclass(frozen=True, slots=True)
class BulkRow:
    """A row: what of which payment, and what came of it."""

    request_id: str
    payment_id: str
    amount: Money
    state: str
    why: str | None
    refund_id: str | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Rows:
    """A page of rows in the order of their payments, and where the next one begins."""

    rows: tuple[BulkRow, ...]
    next_cursor: str | None


@requires("bulk_refund")
def latest(conn: Connection, *, livemode: bool, limit: int = LIMIT) -> tuple[Bulk, ...]:
    """The newest bulks of this mode."""
    b = bulk_refunds.c
    query = _bulks(livemode).order_by(b.created_at.desc(), b.id.desc()).limit(limit)
    return _with_parts(conn, conn.execute(query).all())


@requires("approve_refund")
def waiting(conn: Connection, *, livemode: bool, now: datetime) -> tuple[Bulk, ...]:
    """Those that a second person decides about, the nearest end first."""
    b = bulk_refunds.c
    query = _bulks(livemode).where(b.state == BulkRefundState.AWAITING_APPROVAL, b.expires_at > now)
    return _with_parts(conn, conn.execute(query.order_by(b.expires_at).limit(LIMIT)).all())


@requires("bulk_refund")
def by_id(conn: Connection, *, bulk_id: str, livemode: bool) -> Bulk:
    """One bulk of this mode, or `NotFound`."""
    row = conn.execute(_bulks(livemode).where(bulk_refunds.c.id == bulk_id)).first()
    if row is None:
        raise NotFound(f"There is no bulk refund {bulk_id[:64]} here")
    return _with_parts(conn, [row])[0]


@requires("bulk_refund")
def rows(
    conn: Connection,
    *,
    bulk_id: str,
    livemode: bool,
    among: tuple[str, ...] = (),
    cursor: str | None = None,
    limit: int = LIMIT,
) -> Rows:
    """A page of a bulk's rows, those of some states only if told; `cursor` is a payment's id."""
    q = refund_requests.c
    limit = max(1, min(limit, MAX_LIMIT))
    query = (
        select(q.id, q.payment_id, q.amount_minor, q.currency, q.state, q.why, q.refund_id)
        .add_columns(q.updated_at)
        .where(q.bulk_id == bulk_id, q.livemode == livemode)
        .order_by(q.payment_id)
        .limit(limit + 1)
    )
    if among:
        query = query.where(q.state.in_(among))
    if cursor:
        query = query.where(q.payment_id > cursor)
    found, last = paging.cut(conn.execute(query).all(), limit)
    shown = tuple(
        BulkRow(
            request_id=row.id,
            payment_id=row.payment_id,
            amount=Money(row.amount_minor, row.currency),
            state=row.state,
            why=row.why,
            refund_id=row.refund_id,
            updated_at=row.updated_at,
        )
        for row in found
    )
    return Rows(shown, last.payment_id if last else None)


@requires("approve_refund")
def warned(conn: Connection, *, bulk_id: str, livemode: bool) -> Mapping[str, int]:
    """How many of a bulk's payments each warning (`core.domain.refund_warnings`) is about now."""
    q, d = refund_requests.c, disputes.c
    query = (
        select(q.payment_id, d.status)
        .join_from(refund_requests, disputes, d.payment_id == q.payment_id)
        .where(q.bulk_id == bulk_id, q.livemode == livemode)
    )
    of_payment: dict[str, list[str]] = {}
    for payment_id, status in conn.execute(query):
        of_payment.setdefault(payment_id, []).append(status)
    return counted(warnings_of(statuses) for statuses in of_payment.values())


def _bulks(livemode: bool) -> Select[Any]:
    b = bulk_refunds.c
    return (
        select(
            bulk_refunds,
            _asker.c.name.label("asker"),
            _decider.c.name.label("decider"),
            _stopper.c.name.label("stopper"),
        )
        .outerjoin(_asker, _asker.c.id == b.asked_user_id)
        .outerjoin(_decider, _decider.c.id == b.decided_by)
        .outerjoin(_stopper, _stopper.c.id == b.stopped_by)
        .where(b.livemode == livemode)
    )


def _with_parts(conn: Connection, found: Sequence[Row[Any]]) -> tuple[Bulk, ...]:
    q = refund_requests.c
    query = (
        select(q.bulk_id, q.state, q.currency, func.count(), func.sum(q.amount_minor))
        .where(q.bulk_id.in_([row.id for row in found]))
        .group_by(q.bulk_id, q.state, q.currency)
        .order_by(q.bulk_id, q.state, q.currency)
    )
    parts: dict[str, list[Part]] = {}
    for bulk_id, state, currency, count, minor in conn.execute(query) if found else ():
        parts.setdefault(bulk_id, []).append(Part(state, count, Money(int(minor), currency)))
    return tuple(_bulk(row, tuple(parts.get(row.id, ()))) for row in found)


def _bulk(row: Row[Any], parts: tuple[Part, ...]) -> Bulk:
    return Bulk(
        bulk_id=row.id,
        state=row.state,
        reason=row.reason,
        note=row.note,
        why=row.why,
        over=row.over,
        total=row.total,
        asked_by=row.asker or row.asked_by,
        asked_user_id=row.asked_user_id,
        by_token=row.asked_by != row.asked_user_id,
        decided_by=row.decider or row.decided_by,
        stopped_by=row.stopper or row.stopped_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
        expires_at=row.expires_at,
        parts=parts,
    )
