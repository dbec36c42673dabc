"""The list of payments: operator search, pages by key in both directions, counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, select

from core import clock
from core.db.tables import payments
from core.money import Money
from core.reads.permissions import requires
from core.reads.search import paging
from core.reads.search.payments import by_amount
from core.reads.search.payments.count import Count, count_matches
from core.reads.search.payments.execute import find
from core.reads.search.payments.fields import FIELDS, parse
from core.reads.search.payments.filters import Filters, resolve
from core.reads.search.payments.suggestions import suggest
from core.reads.search.payments.sums import Sum, sums_of
from core.reads.search.payments.tried import Tried, modes, payment_id, thousandths, tried
from core.reads.search.query import Query
from core.reads.search.sort_order import SortOrder, read_order

__all__ = [
    "FIELDS",
    "NEWEST",
    "SORTS",
    "Count",
    "PaymentPage",
    "PaymentRow",
    "Query",
    "SortOrder",
    "Sum",
    "Tried",
    "modes",
    "page",
    "parse",
    "payment_id",
    "read_order",
    "suggest",
    "thousandths",
    "tried",
]

UTC_ZONE = ZoneInfo("UTC")
#: As lists stand unless they are sorted, and what else they can be sorted by.
NEWEST = SortOrder("created")
SORTS = ("created", "amount")
MAX_LIMIT = 500


class PaymentRow(NamedTuple):
    """One line of the list. Amounts are minor units of `currency`; times are UTC;
    `dispute_outcome` is '' where there is no dispute (core.domain.payment_states)."""

    stripe_id: str
    created_at: datetime
    amount_minor: int
    currency: str
    amount_captured_minor: int
    amount_refunded_minor: int
    amount_disputed_minor: int
    dispute_outcome: str
    status: str
    state: str
    method_type: str | None
    card_brand: str | None
    card_last4: str | None
    card_country: str | None
    email: str | None
    customer_name: str | None
    customer_id: str | None
    description: str | None
    order_id: str | None
    user_id: str | None
    ip: str | None
    risk_level: str | None
    risk_score: int | None
    failure_code: str | None
    decline_code: str | None
    failure_message: str | None
    disputed: bool
    livemode: bool


@dataclass(frozen=True, slots=True)
class PaymentPage:
    """A page in the order that was asked for, which `older_cursor` goes on in and `newer_cursor`
    goes back in. A cursor is None where nothing is known to lie beyond.

    `partial`: the budget of rows ended before the page was full; `searched_to` says at which time
    the search is, `searched_amount` at which amount, and `older_cursor` goes on from there ("search
    older"). `sorts`: the columns that this search can be sorted by. `sums`: of what matches, for
    each currency, with their counts; None where adding them up would take long.
    """

    rows: tuple[PaymentRow, ...]
    newer_cursor: str | None
    older_cursor: str | None
    count: Count | None
    partial: bool = False
    searched_to: datetime | None = None
    searched_amount: Money | None = None
    order: SortOrder = NEWEST
    sorts: tuple[str, ...] = ("created",)
    sums: tuple[Sum, ...] | None = None


_COLUMNS = [payments.c[name] for name in PaymentRow._fields]
#: Built once: putting it together takes longer than running it.
_BY_IDS = select(*_COLUMNS).where(
    payments.c.stripe_id.in_(bindparam("wanted", expanding=True)),
    payments.c.livemode == bindparam("livemode_"),
)


@requires("see_payments")
def page(
    conn: Connection,
    *,
    query: Query,
    livemode: bool,
    cursor: str | None = None,
    older: bool = True,
    limit: int = 50,
    zone: ZoneInfo = UTC_ZONE,
    now: datetime | None = None,
    with_count: bool = True,
    with_sums: bool = False,
    order: SortOrder = NEWEST,
) -> PaymentPage:
    """One page of the payments that match `query`.

    `cursor` with `older=True` gives the page that follows it in the `order`, with `older=False` the
    page before it. A cursor that cannot be read is taken as none. When fewer than `limit` payments
    are left on the way back, the first page is given. Days in the query are those of `zone`. Where
    the payments that may match are of several currencies, no order by amount is known, and they
    come newest first.
    """
    limit = max(1, min(limit, MAX_LIMIT))
    filters = resolve(query, livemode=livemode, zone=zone, now=now or clock.now())
    currency = by_amount.currency_of(conn, filters)
    if order.by == "amount" and currency is None:
        order = NEWEST
    found = (
        _by_amount(conn, filters, currency, cursor, older, limit, order)
        if order.by == "amount" and currency is not None
        else _by_time(conn, filters, cursor, older, limit, order)
    )
    count = count_matches(conn, filters, zone=zone) if with_count or with_sums else None
    return PaymentPage(
        rows=_rows(conn, found.keys, livemode),
        newer_cursor=found.newer,
        older_cursor=found.older,
        count=count,
        partial=found.searched_to is not None or found.searched_amount is not None,
        searched_to=found.searched_to,
        searched_amount=found.searched_amount,
        order=order,
        sorts=SORTS if currency else SORTS[:1],
        sums=sums_of(conn, filters, count, zone=zone) if with_sums and count else None,
    )


@dataclass(frozen=True, slots=True)
class _Found:
    keys: tuple[str, ...]
    newer: str | None
    older: str | None
    searched_to: datetime | None = None
    searched_amount: Money | None = None


def _by_time(
    conn: Connection,
    filters: Filters,
    cursor: str | None,
    older: bool,
    limit: int,
    order: SortOrder,
) -> _Found:
    found = paging.page(
        partial(find, conn, filters),
        str,
        cursor=cursor,
        older=older,
        limit=limit,
        ascending=not order.descending,
    )
    return _Found(found.keys, found.newer, found.older, found.searched_to)


def _by_amount(
    conn: Connection,
    filters: Filters,
    currency: str,
    cursor: str | None,
    older: bool,
    limit: int,
    order: SortOrder,
) -> _Found:
    found = by_amount.page(
        conn, filters, cursor=cursor, onward=older, limit=limit, descending=order.descending
    )
    reached = found.reached
    return _Found(
        tuple(place.stripe_id for place in found.places),
        by_amount.write_cursor(found.back),
        by_amount.write_cursor(found.on),
        searched_amount=Money(reached.amount_minor, currency) if reached else None,
    )


def _rows(conn: Connection, wanted: Sequence[str], livemode: bool) -> tuple[PaymentRow, ...]:
    if not wanted:
        return ()
    read = conn.execute(_BY_IDS, {"wanted": wanted, "livemode_": livemode})
    rows = {row[0]: PaymentRow._make(row) for row in read.all()}
    return tuple(rows[stripe_id] for stripe_id in wanted if stripe_id in rows)
