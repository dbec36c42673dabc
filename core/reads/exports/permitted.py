"""Lists as files. Seeing a list is one right, taking its money away another: `see_revenue`.

The rows of one bulk are the work sheet of who runs it, and theirs to take
(`core.reads.refunds.bulk.rows`).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from core.errors import InvalidInput
from core.reads.customers import list as customer_list
from core.reads.customers.list import CustomerPage
from core.reads.disputes import list as dispute_list
from core.reads.disputes.list import Page as DisputePage
from core.reads.payments import list as payment_list
from core.reads.payments.list import PaymentPage
from core.reads.periods import adjustments
from core.reads.periods.adjustments import ClosedFigure
from core.reads.permissions import requires
from core.reads.refunds import history
from core.reads.refunds.history import Page

#: Customers that are read at once.
CUSTOMERS = 100


@requires("see_revenue")
def disputes(conn: Connection, /, **asked: Any) -> DisputePage:
    """`core.reads.disputes.list.page`."""
    return dispute_list.page(conn, **asked)


@requires("see_revenue")
def closed_figures(conn: Connection, /, **asked: Any) -> tuple[ClosedFigure, ...]:
    """`core.reads.periods.adjustments.figures`, which has no pages."""
    return adjustments.figures(conn, livemode=asked["livemode"], month=asked["month"])


@requires("see_revenue")
def payments(conn: Connection, /, **asked: Any) -> PaymentPage:
    """`core.reads.payments.list.page`, without its count."""
    return payment_list.page(conn, with_count=False, **asked)


@requires("see_revenue")
def customers(conn: Connection, /, *, limit: int, **asked: Any) -> CustomerPage:
    """`core.reads.customers.list.page`. Each customer is summed by itself: fewer at once.

    `InvalidInput` for a search that found more than it gives: a file does not say that it is cut.
    """
    found = customer_list.page(conn, limit=min(limit, CUSTOMERS), **asked)
    if found.more:
        raise InvalidInput("search", "finds too many for a file: search by more of the name")
    return found


@requires("see_revenue")
def refunds(conn: Connection, /, **asked: Any) -> Page:
    """`core.reads.refunds.history.history`."""
    return history.history(conn, **asked)
