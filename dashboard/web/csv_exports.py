"""Files that people take away: by a route of our own, signed in, checked, recorded, not cached.

Streamlit's own downloads lie at an address that anyone may fetch, and its table export writes live
formulas.
"""

from __future__ import annotations

import io
import itertools
import secrets
from collections.abc import Callable, Iterable, Iterator

from defusedcsv import csv
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from core import clock
from core.access import audit_notes
from core.access.principals import Principal
from core.errors import TillwatchError
from dashboard.screens.audit import csv as audit_csv
from dashboard.screens.disputes import csv as dispute_csv
from dashboard.screens.fraud import csv as fraud_csv
from dashboard.screens.payments import csv as payment_csv
from dashboard.screens.payouts import csv as payout_csv
from dashboard.screens.proof import csv as proof_csv
from dashboard.screens.refunds import csv as refund_csv
from dashboard.screens.revenue import csv as revenue_csv
from dashboard.ui import viewer
from dashboard.ui.csv_file import Row

#: What spreadsheets begin a formula with, beyond what defusedcsv knows.
_STARTS = ("\t", "\r", "\n", "＝", "＋", "－", "＠")
#: A byte order mark: without it, Excel reads UTF-8 as the local code page.
_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
#: Rows that are sent in one piece.
_WRITE_ROWS = 500

EXPORTS: dict[str, Callable[[Principal, QueryParams], Iterator[Row]]] = {
    "audit": audit_csv.LOG.rows,
    "differences": proof_csv.DIFFERENCES.rows,
    "disputes": dispute_csv.DISPUTES.rows,
    "lists": fraud_csv.LISTS.rows,
    "bulk_refund": refund_csv.BULK.rows,
    "payments": payment_csv.PAYMENTS.rows,
    "payout_rows": payout_csv.ROWS.rows,
    "payouts": payout_csv.PAYOUTS.rows,
    "refunds": refund_csv.HISTORY.rows,
    "revenue": revenue_csv.rows,
}


def lines(rows: Iterable[Row]) -> Iterator[str]:
    """Rows as CSV text, formulas neutralised, in pieces of a few hundred lines."""
    buffer = io.StringIO(_MARK)
    buffer.seek(0, io.SEEK_END)
    writer = csv.writer(buffer)
    for number, row in enumerate(rows, 1):
        writer.writerow([_neutralised(value) for value in row])
        if number % _WRITE_ROWS == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _neutralised(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_STARTS) else value


async def _export_response(request: Request) -> Response:
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


routes = [Route("/ui/export/{name}.csv", _export_response, methods=["GET"])]
