"""What of refunds may leave as a file: to ask for one is one right, to export money another.

The rows of one bulk are the work sheet of who runs it, and theirs to take (`bulk_refunds.rows`).
"""

from __future__ import annotations

from sqlalchemy import Connection

from core.reads.permissions import requires
from core.reads.refunds import history as refund_history
from core.reads.refunds.history import Page


@requires("see_revenue")
def history(
    conn: Connection,
    *,
    livemode: bool,
    payment_id: str | None = None,
    state: str | None = None,
    cursor: str | None = None,
    limit: int = 500,
) -> Page:
    """`core.reads.refunds.history.history`, for a file."""
    return refund_history.history(
        conn, livemode=livemode, payment_id=payment_id, state=state, cursor=cursor, limit=limit
    )
