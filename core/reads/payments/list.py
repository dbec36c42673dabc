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
from core.reads.permissions import requires
from core.reads.search import paging
from core.reads.search.payments.count import Count, count_matches
from core.reads.search.payments.execute import find
from core.reads.search.payments.fields import FIELDS, parse
from core.reads.search.payments.filters import resolve
from core.reads.search.payments.tried import Tried, modes, payment_id, thousandths, tried
from core.reads.search.query import Query

__all__ = [
    "FIELDS",
    "Count",
    "PaymentPage",
    "PaymentRow",
    "Query",
    "Tried",
    "modes",
    "page",
    "parse",
    "payment_id",
    "thousandths",
    "tried",
]

UTC_ZONE = ZoneInfo("UTC")
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
    """A page, newest first. A cursor is None where nothing is known to lie beyond.

    `partial`: the budget of rows ended before the page was full; `searched_to` says how far back
    the search came, and `older_cursor` goes on from there ("search older").
    """

    rows: tuple[PaymentRow, ...]
    newer_cursor: str | None
    older_cursor: str | None
    count: Count | None
    partial: bool = False
    searched_to: datetime | None = None


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
) -> PaymentPage:
    """One page of the payments that match `query`.

    `cursor` with `older=True` gives the page before it in time, with `older=False` the page after
    it. A cursor that cannot be read is taken as none. When fewer than `limit` newer payments are
    left, the newest page is given. Days in the query are those of `zone`.
    """
    limit = max(1, min(limit, MAX_LIMIT))
    filters = resolve(query, livemode=livemode, zone=zone, now=now or clock.now())
    found = paging.page(partial(find, conn, filters), str, cursor=cursor, older=older, limit=limit)
    return PaymentPage(
        rows=_rows(conn, found.keys, livemode),
        newer_cursor=found.newer,
        older_cursor=found.older,
        count=count_matches(conn, filters, zone=zone) if with_count else None,
        partial=found.searched_to is not None,
        searched_to=found.searched_to,
    )


def _rows(conn: Connection, wanted: Sequence[str], livemode: bool) -> tuple[PaymentRow, ...]:
    if not wanted:
        return ()
    read = conn.execute(_BY_IDS, {"wanted": wanted, "livemode_": livemode})
    rows = {row[0]: PaymentRow._make(row) for row in read.all()}
    return tuple(rows[stripe_id] for stripe_id in wanted if stripe_id in rows)
