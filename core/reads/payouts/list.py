"""The list of payouts, newest first, and what is on its way or still at Stripe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select

from core.db.tables import balance_readings, balance_transactions, payouts
from core.errors import InvalidInput
from core.money import Money
from core.reads.permissions import requires
from core.reads.search import paging
from core.reads.search import totals as search_totals
from core.reads.search.sort_order import SortOrder
from core.reads.search.totals import Totals

NEWEST = SortOrder("created")
LIMIT = 50
#: Which statuses each list holds; all of them where none is named.
VIEWS: dict[str, tuple[str, ...]] = {
    "all": (),
    "on_the_way": ("pending", "in_transit"),
    "paid": ("paid",),
    "failed": ("failed", "canceled"),
}
_P, _B = payouts.c, balance_transactions.c


@dataclass(frozen=True, slots=True)
class PayoutRow:
    """A payout. `payments` counts those that it paid out. `reconciliation_status` is Stripe's word
    on whether the list of its rows is whole; of a manual one there is none."""

    stripe_id: str
    status: str
    amount: Money
    created_at: datetime
    arrival_at: datetime | None
    automatic: bool
    method: str | None
    failure_code: str | None
    reconciliation_status: str | None
    trace_id: str | None
    trace_id_status: str | None
    payments: int


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the list, and where newer and older payouts begin."""

    rows: tuple[PayoutRow, ...]
    newer: str | None
    older: str | None


@dataclass(frozen=True, slots=True)
class Unpaid:
    """Of one currency: what is on its way to the bank, when the next of it arrives, and what is
    still at Stripe as of `read_at`; None where that was never read."""

    on_the_way: Money
    count: int
    next_amount: Money | None
    next_arrival: datetime | None
    available: Money | None
    pending: Money | None
    read_at: datetime | None


@requires("see_revenue")
def page(
    conn: Connection,
    *,
    livemode: bool,
    view: str = "all",
    currency: str | None = None,
    cursor: str | None = None,
    older: bool = True,
    limit: int = LIMIT,
    order: SortOrder = NEWEST,
) -> Page:
    """A page of the payouts of a view, in order of time; `InvalidInput` for an unknown view.

    `older` goes on in the order, and so does the page's cursor of that name.
    """
    tests = _tests(livemode, view, currency)
    find = paging.of_table(conn, _P.created_at, _P.stripe_id, tests)
    ascending = not order.descending
    found = paging.page(find, str, cursor=cursor, older=older, limit=limit, ascending=ascending)
    rows = conn.execute(select(payouts).where(_P.stripe_id.in_(found.keys))).all()
    shown = {one.stripe_id: one for one in shaped(conn, rows)}
    return Page(tuple(shown[key] for key in found.keys), found.newer, found.older)


@requires("see_revenue")
def totals(
    conn: Connection, *, livemode: bool, view: str = "all", currency: str | None = None
) -> Totals:
    """What all pages of such a list come to."""
    asked = select(_P.amount_minor, _P.currency)
    return search_totals.totals(conn, asked.where(*_tests(livemode, view, currency)))


def _tests(livemode: bool, view: str, currency: str | None) -> list[ColumnElement[bool]]:
    if view not in VIEWS:
        raise InvalidInput("view", f"is one of {', '.join(VIEWS)}")
    tests: list[ColumnElement[bool]] = [_P.livemode == livemode]
    tests += [_P.status.in_(VIEWS[view])] if VIEWS[view] else []
    return tests + ([_P.currency == currency] if currency else [])


@requires("see_revenue")
def currencies(conn: Connection, *, livemode: bool) -> tuple[str, ...]:
    """The currencies of a mode's payouts."""
    query = select(_P.currency).where(_P.livemode == livemode).group_by(_P.currency)
    return tuple(conn.scalars(query.order_by(_P.currency)))


@requires("see_revenue")
def unpaid(conn: Connection, *, livemode: bool) -> tuple[Unpaid, ...]:
    """How the money stands that is not yet at the bank, the busiest currency first."""
    moving = list(
        conn.execute(
            select(_P.currency, _P.amount_minor, _P.arrival_at)
            .where(_P.livemode == livemode, _P.status.in_(VIEWS["on_the_way"]))
            .order_by(_P.arrival_at, _P.stripe_id)
        )
    )
    held, read_at = _balance(conn, livemode)
    codes = sorted({row.currency for row in moving} | {code for code, _bucket in held})
    found = [_unpaid(code, moving, held, read_at) for code in codes]
    # No comparison of amounts across currencies: only of how many payouts there ever were.
    query = select(_P.currency, func.count()).where(_P.livemode == livemode)
    made = {row[0]: int(row[1]) for row in conn.execute(query.group_by(_P.currency))}
    return tuple(sorted(found, key=lambda one: -made.get(one.on_the_way.currency, 0)))


def _unpaid(
    code: str,
    moving: Iterable[Any],
    held: Mapping[tuple[str, str], int],
    read_at: datetime | None,
) -> Unpaid:
    mine = [row for row in moving if row.currency == code]
    following = next((row for row in mine if row.amount_minor > 0), None)

    def at_stripe(bucket: str) -> Money | None:
        return Money(held[code, bucket], code) if (code, bucket) in held else None

    return Unpaid(
        Money(sum(row.amount_minor for row in mine), code),
        len(mine),
        Money(following.amount_minor, code) if following else None,
        following.arrival_at if following else None,
        at_stripe("available"),
        at_stripe("pending"),
        read_at,
    )


def _balance(
    conn: Connection, livemode: bool
) -> tuple[dict[tuple[str, str], int], datetime | None]:
    r = balance_readings.c
    read_at: datetime | None = conn.scalar(
        select(func.max(r.read_at)).where(r.livemode == livemode)
    )
    query = select(r.currency, r.bucket, func.sum(r.amount_minor)).where(
        r.livemode == livemode, r.read_at == read_at, r.balance_type == "payments"
    )
    rows = conn.execute(query.group_by(r.currency, r.bucket))
    return {(row[0], row[1]): int(row[2]) for row in rows}, read_at


def shaped(connection: Connection, rows: Iterable[Row[Any]]) -> list[PayoutRow]:
    """Rows of `payouts` as they are shown."""
    rows = list(rows)
    counted = connection.execute(
        select(_B.payout_id, func.count(_B.payment_id.distinct()))
        .where(_B.payout_id.in_([row.stripe_id for row in rows]))
        .group_by(_B.payout_id)
    )
    payments = {payout: int(count) for payout, count in counted}
    return [
        PayoutRow(
            row.stripe_id,
            row.status,
            Money(row.amount_minor, row.currency),
            row.created_at,
            row.arrival_at,
            row.automatic,
            row.method,
            row.failure_code,
            row.reconciliation_status,
            row.trace_id,
            row.trace_id_status,
            payments.get(row.stripe_id, 0),
        )
        for row in rows
    ]
