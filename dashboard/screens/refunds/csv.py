"""Refunds as files: the history as it is filtered on the screen, and the rows of a bulk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from starlette.datastructures import QueryParams

from core.access.principals import Principal
from core.money import plain
from core.reads import exports
from core.reads.refunds import bulk as bulk_refund_reads
from core.reads.refunds.bulk import BulkRow
from core.reads.refunds.history import Entry
from dashboard.ui import viewer

Row = Sequence[object]
_CHUNK = 500

COLUMNS = (
    "id asked_utc state amount currency payment refund made reason note why over asked_by"
    " decided_by bulk"
).split()
BULK_COLUMNS = "payment amount currency state why refund request changed_utc".split()


def history(person: Principal, asked: QueryParams) -> Iterator[Row]:
    """All refunds that the screen's filters find, newest first."""
    cursor = None
    yield COLUMNS
    while True:
        page = viewer.current_console().read(
            person.user_id,
            exports.refunds,
            livemode=asked.get("mode") == "live",
            payment_id=asked.get("payment") or None,
            state=asked.get("state") or None,
            cursor=cursor,
            limit=_CHUNK,
        )
        yield from map(_entry, page.entries)
        cursor = page.older_cursor
        if cursor is None:
            return


def bulk_rows(person: Principal, asked: QueryParams) -> Iterator[Row]:
    """All rows of one bulk."""
    cursor = None
    yield BULK_COLUMNS
    while True:
        page = viewer.current_console().read(
            person.user_id,
            bulk_refund_reads.rows,
            livemode=asked.get("mode") == "live",
            bulk_id=asked.get("id", ""),
            cursor=cursor,
            limit=_CHUNK,
        )
        yield from map(_row, page.rows)
        cursor = page.next_cursor
        if cursor is None:
            return


def _entry(one: Entry) -> Row:
    return (
        one.id,
        one.at.isoformat(),
        one.state,
        plain(one.amount),
        one.amount.currency.upper(),
        one.payment_id,
        one.refund_id,
        "elsewhere" if one.external else "here",
        one.reason,
        one.note,
        one.why,
        one.over,
        one.asked_by,
        one.decided_by,
        one.bulk_id,
    )


def _row(one: BulkRow) -> Row:
    return (
        one.payment_id,
        plain(one.amount),
        one.amount.currency.upper(),
        one.state,
        one.why,
        one.refund_id,
        one.request_id,
        one.updated_at.isoformat(),
    )
