"""Checks of money that moved, or did not: payouts, refunds, breaks, operations done twice."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection, func, or_, select

from core import money
from core.alerts.findings import MOST, Asked, Fact, Finding, Findings, at_most
from core.db.tables import breaks, operation_objects, operations, payouts, refunds
from core.states import BreakState

#: A refund of these gave nothing back.
_NOT_GIVEN = ("failed", "canceled")
#: So many objects of one operation are named.
_NAMED = 4


def failed_payout(conn: Connection, asked: Asked) -> Findings:
    """A payout of the last days failed: one finding each."""
    o = payouts.c
    query = (
        select(o.stripe_id, o.amount_minor, o.currency)
        .where(o.created_at >= asked.now - timedelta(days=asked.number("days")))
        .where(o.livemode == asked.livemode, o.status == "failed")
        .order_by(o.created_at.desc(), o.stripe_id)
        .limit(MOST + 1)
    )
    return at_most(
        [
            Finding(row.stripe_id, {"amount_minor": row.amount_minor, "currency": row.currency})
            for row in conn.execute(query)
        ]
    )


def large_refund(conn: Connection, asked: Asked) -> Findings:
    """A refund of the last hours gives back the amount or more: one finding each."""
    least = money.parse(asked.text("amount"), asked.text("currency"))
    r = refunds.c
    query = (
        select(r.stripe_id, r.amount_minor, r.currency, r.payment_id)
        .where(r.created_at >= asked.now - timedelta(hours=asked.number("hours")))
        .where(r.livemode == asked.livemode, r.currency == least.currency)
        .where(r.amount_minor >= least.minor, r.status.not_in(_NOT_GIVEN), ~r.released)
        .order_by(r.created_at.desc(), r.stripe_id)
        .limit(MOST + 1)
    )
    return at_most(
        [
            Finding(
                row.stripe_id,
                {
                    "amount_minor": row.amount_minor,
                    "currency": row.currency,
                    "payment_id": row.payment_id,
                },
            )
            for row in conn.execute(query)
        ]
    )


def doubled_operation(conn: Connection, asked: Asked) -> Findings:
    """Two objects at Stripe carry the tag of one operation, the second seen in the last days."""
    c, o = operation_objects.c, operations.c
    since = asked.now - timedelta(days=asked.number("days"))
    query = (
        select(c.operation_id, c.stripe_id, c.payment_id, o.kind, o.stripe_id.label("own"))
        .join(operations, o.id == c.operation_id)
        .where(c.livemode == asked.livemode, c.seen_at >= since)
        .order_by(c.seen_at, c.stripe_id)
    )
    carriers: dict[str, list[str]] = {}
    facts: dict[str, dict[str, Fact]] = {}
    for row in conn.execute(query):
        ids = carriers.setdefault(row.operation_id, [row.own] if row.own else [])
        ids += [row.stripe_id] if row.stripe_id not in ids else []
        facts[row.operation_id] = {"operation": row.kind, "payment_id": row.payment_id}
    found = [
        Finding(name, facts[name] | {"count": len(ids), "objects": ", ".join(ids[:_NAMED])})
        for name, ids in carriers.items()
        if len(ids) > 1
    ]
    return at_most(found)


def open_break(conn: Connection, asked: Asked) -> Findings:
    """Breaks are open, so long past their due date: one finding for each kind and currency."""
    b = breaks.c
    overdue = asked.now - timedelta(days=asked.number("days"))
    query = (
        select(b.kind, b.currency, func.count(), func.min(b.day))
        .where(b.livemode == asked.livemode, b.state == BreakState.OPEN)
        .where(or_(b.due_at <= overdue, b.due_at.is_(None) & (b.found_at <= overdue)))
        .group_by(b.kind, b.currency)
        .order_by(b.kind, b.currency)
        .limit(MOST + 1)
    )
    return at_most(
        [
            Finding(
                f"{kind}/{currency}",
                {
                    "break_kind": kind,
                    "currency": currency,
                    "count": int(count),
                    "day": day.isoformat(),
                },
            )
            for kind, currency, count, day in conn.execute(query)
        ]
    )
