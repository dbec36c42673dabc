"""Files that people take away: by a route of our own, signed in, checked, recorded, not cached.

Streamlit's own downloads lie at an address that anyone may fetch, and its table export writes live
formulas.
"""

from __future__ import annotations

import io
import itertools
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from defusedcsv import csv
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from core import clock
from core.access import audit_notes
from core.access.principals import Principal
from core.errors import InvalidInput, TillwatchError
from core.money import Money, plain
from core.reads import exports
from core.reads.payments import list as payment_list
from core.reads.revenue import revenue
from core.reads.revenue.categories import MOVEMENTS, PARTS
from dashboard.screens.audit import csv as audit_csv
from dashboard.screens.fraud import lists as fraud_lists
from dashboard.screens.refunds import csv as refund_csv
from dashboard.ui import viewer

Row = Sequence[object]
#: What spreadsheets begin a formula with, beyond what defusedcsv knows.
_STARTS = ("\t", "\r", "\n", "＝", "＋", "－", "＠")
#: A byte order mark: without it, Excel reads UTF-8 as the local code page.
_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
_CHUNK = 500

PAYMENT_COLUMNS = (
    "id created_utc state status amount currency refunded method card_brand card_last4"
    " card_country email customer_name customer order user risk_level risk_score failure_code"
    " decline_code captured disputed dispute"
).split()
#: Both blocks: the parts add up to `net`, it and the movements to `balance_change`.
REVENUE_COLUMNS = [
    *"currency gross refunds disputes platform_earnings fees network_costs tax net".split(),
    *MOVEMENTS,
    "balance_change",
    "charges",
]


def payment_rows(person: Principal, asked: QueryParams) -> Iterator[Row]:
    """The payments that the screen's search finds, all pages of them, newest first."""
    query, cursor = payment_list.parse(asked.get("q", "")), None
    livemode = asked.get("mode") == "live"
    here = viewer.current_console()
    yield PAYMENT_COLUMNS
    while True:
        page = here.read(
            person.user_id,
            exports.payments,
            query=query,
            livemode=livemode,
            cursor=cursor,
            limit=_CHUNK,
            zone=here.settings.zone,
        )
        yield from map(_payment, page.rows)
        cursor = page.older_cursor
        if cursor is None:
            return


def _payment(row: payment_list.PaymentRow) -> Row:
    return (
        row.stripe_id,
        row.created_at.isoformat(),
        row.state,
        row.status,
        plain(Money(row.amount_minor, row.currency)),
        row.currency.upper(),
        plain(Money(row.amount_refunded_minor, row.currency)),
        row.method_type,
        row.card_brand,
        row.card_last4,
        row.card_country,
        row.email,
        row.customer_name,
        row.customer_id,
        row.order_id,
        row.user_id,
        row.risk_level,
        row.risk_score,
        row.failure_code,
        row.decline_code,
        plain(Money(row.amount_captured_minor, row.currency)),
        plain(Money(row.amount_disputed_minor, row.currency)),
        row.dispute_outcome,
    )


def revenue_rows(person: Principal, asked: QueryParams) -> Iterator[Row]:
    """The table under Revenue's chart, or the one by method, by country, or of fees."""
    if asked.get("by") == "fees":
        yield from _fee_rows(person, asked)
        return
    by, currency = asked.get("by", "day"), asked.get("currency", "")
    reads = {"method": revenue.by_method, "country": revenue.by_country}
    more: dict[str, Any] = {} if by in reads else {"by": by}
    read = reads.get(by, revenue.series)
    found = viewer.current_console().read(person.user_id, read, **_period(asked), **more)
    key = found.columns[0]
    yield [key, *REVENUE_COLUMNS]
    # By the signs of the screen: what left and what was taken is negative.
    for row in revenue.as_added(found).to_dict("records"):
        parts = [int(row[f"{name}_minor"]) for name in (*PARTS, "net", *MOVEMENTS)]
        change = int(row["net_minor"]) + int(row["other_minor"])
        amounts = [plain(Money(minor, currency)) for minor in (*parts, change)]
        yield [row[key], currency.upper(), *amounts, row["count"]]


def _fee_rows(person: Principal, asked: QueryParams) -> Iterator[Row]:
    """What fees went to; the amounts add up to the column `fees` of the same period."""
    here, period = viewer.current_console(), _period(asked)
    yield ["part", "currency", "amount"]
    for part in here.read(person.user_id, revenue.fee_parts, **period):
        amount = Money(-part.amount_minor, period["currency"])
        yield [part.type, amount.currency.upper(), plain(amount)]


def _period(asked: QueryParams) -> dict[str, Any]:
    return {
        "livemode": asked.get("mode") == "live",
        "currency": asked.get("currency", ""),
        "since": _day(asked, "since"),
        "until": _day(asked, "until"),
    }


def _day(asked: QueryParams, name: str) -> date:
    try:
        return date.fromisoformat(asked.get(name, ""))
    except ValueError:
        raise InvalidInput(name, "must be a day such as 2026-11-01") from None


EXPORTS: dict[str, Callable[[Principal, QueryParams], Iterator[Row]]] = {
    "audit": audit_csv.rows,
    "lists": fraud_lists.rows,
    "bulk_refund": refund_csv.bulk_rows,
    "payments": payment_rows,
    "refunds": refund_csv.history,
    "revenue": revenue_rows,
}


def lines(rows: Iterable[Row]) -> Iterator[str]:
    """Rows as CSV text, formulas neutralised, in pieces of a few hundred lines."""
    buffer = io.StringIO(_MARK)
    buffer.seek(0, io.SEEK_END)
    writer = csv.writer(buffer)
    for number, row in enumerate(rows, 1):
        writer.writerow([_tame(value) for value in row])
        if number % _CHUNK == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _tame(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_STARTS) else value


async def _answer(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in EXPORTS:
        return PlainTextResponse("no such export", 404)
    try:
        return await run_in_threadpool(_export, name, request)
    except TillwatchError as error:
        return PlainTextResponse(error.message, error.status)


def _export(name: str, request: Request) -> Response:
    person, export_id = request.state.principal, secrets.token_hex(8)
    rows = EXPORTS[name](person, request.query_params)
    # Two rows now: who may not read, or asks for nonsense, is told so before anything is sent.
    first = list(itertools.islice(rows, 2))
    here = viewer.current_console()
    audit_notes.note_export(
        here.engine,
        actor=person.user_id,
        name=f"{name}.csv",
        export_id=export_id,
        asked=request.url.query,
    )
    stamp = clock.now().astimezone(here.settings.zone).strftime("%Y%m%d-%H%M%S")
    return StreamingResponse(
        lines(itertools.chain(first, rows)),
        media_type="text/csv; charset=utf-8",
        headers={
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="{name}-{stamp}-{export_id}.csv"',
        },
    )


routes = [Route("/ui/export/{name}.csv", _answer, methods=["GET"])]
