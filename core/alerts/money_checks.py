"""Checks of money that moved, or did not: failed payouts, large refunds, breaks of the proof."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection, func, or_, select

from core import money
from core.alerts.findings import MOST, Asked, Finding, Findings, at_most
from core.db.tables import breaks, payouts, refunds
from core.states import BreakState

#: A refund of these gave nothing back.
_NOT_GIVEN = ("failed", "canceled")


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
