"""What people and banks wrote about people: notes, bank lines, searches that became files."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, exists, or_, select, update

from core.actions.exports import requests
from core.db import tables as t
from core.states import BulkRefundState, PeriodState, RefundState

#: A note of what has ended is not needed for a decision any more.
_REFUND_ENDS = (
    RefundState.REFUSED,
    RefundState.EXPIRED,
    RefundState.SUCCEEDED,
    RefundState.FAILED,
    RefundState.CANCELED,
)
_BULK_ENDS = tuple(
    set(BulkRefundState) - {BulkRefundState.AWAITING_APPROVAL, BulkRefundState.RUNNING}
)


def blank(connection: Connection, *, before: datetime, limit: int) -> int:
    """Blank what is older than a time, at most so many rows; how many. To be called until it finds
    fewer: what is blank already is passed over."""
    done = 0
    for table, which, values in _every(before):
        if done == limit:
            break
        key = next(iter(table.primary_key.columns))
        ids = connection.scalars(select(key).where(which).limit(limit - done)).all()
        if ids:
            connection.execute(update(table).where(key.in_(ids)).values(values))
            done += len(ids)
    return done


def _every(before: datetime) -> list[tuple[Table, ColumnElement[bool], dict[str, Any]]]:
    """Tables, which of their rows, and what those hold then."""
    r, b, n = t.refund_requests.c, t.bulk_refunds.c, t.case_notes.c
    g, x, u = t.gate_passes.c, t.exports.c, t.customer_notes.c
    f = t.evidence_files.c
    return [
        (
            t.refund_requests,
            and_(r.note.is_not(None), r.created_at < before, r.state.in_(_REFUND_ENDS)),
            {"note": None},
        ),
        (
            t.bulk_refunds,
            and_(b.note.is_not(None), b.created_at < before, b.state.in_(_BULK_ENDS)),
            {"note": None},
        ),
        (t.case_notes, and_(n.text != "", n.created_at < before), {"text": ""}),
        (
            t.customer_notes,
            and_(or_(u.text != "", u.email.is_not(None)), u.created_at < before),
            {"text": "", "email": None},
        ),
        (
            t.gate_passes,
            and_(or_(g.email.is_not(None), g.ip.is_not(None)), g.created_at < before),
            {"email": None, "ip": None},
        ),
        (
            t.exports,
            and_(x.query != "", x.created_at < before, x.state.not_in(requests.OPEN)),
            {"query": ""},
        ),
        (
            t.evidence_files,
            and_(f.name.is_not(None), f.created_at < before),
            {"name": None},
        ),
        (t.bank_lines, _settled_lines(before), {"name": "", "text": "", "reference_lines": ""}),
    ]


def _settled_lines(before: datetime) -> ColumnElement[bool]:
    """Lines that are matched, or of a closed month: nobody reads their words to match them."""
    n, m, a, p = t.bank_lines.c, t.bank_matches.c, t.bank_accounts.c, t.periods.c
    matched = exists().where(m.line_id == n.id, m.undone_at.is_(None))
    closed = exists().where(
        a.id == n.account_id,
        p.livemode == a.livemode,
        p.state == PeriodState.CLOSED,
        n.booked_on.between(p.first_day, p.last_day),
    )
    told = or_(n.name != "", n.text != "", n.reference_lines != "")
    return and_(told, n.booked_on < before.date(), or_(matched, closed))
