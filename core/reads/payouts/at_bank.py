"""What became of a payout: its events at Stripe, and the bank's lines that it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from core.db.tables import (
    bank_accounts,
    bank_lines,
    bank_matches,
    bank_statements,
    events,
    payouts,
    users,
)
from core.domain.bank_matching import due_on
from core.reads.permissions import requires

MATCHED, UNDER_WAY, LATE, NO_STATEMENT, NOTHING = (
    "matched",
    "under_way",
    "late",
    "no_statement",
    "nothing",
)
_M, _N, _A, _P = bank_matches.c, bank_lines.c, bank_accounts.c, payouts.c


@dataclass(frozen=True, slots=True)
class PayoutLine:
    """A bank's line that is the payout, or a part of it: `matched_minor` is that part, in minor
    units of `currency`. `how` is trace_id, amount or person; `matched_by` a name."""

    line_id: int
    account: str
    booked_on: date
    text: str
    line_minor: int
    matched_minor: int
    currency: str
    how: str
    matched_by: str
    matched_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class PayoutEvent:
    """An event of Stripe's about a payout, such as `payout.paid`."""

    type: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AtBank:
    """How a payout stands at the bank.

    `state`: matched; under_way (not due yet); late (statements reach `due_on`, no line is it);
    no_statement (past due, and no statement reaches that day); nothing (it failed or was canceled).
    `in_transit_minor` is what left Stripe and no line shows, in minor units of its currency.
    """

    state: str
    due_on: date | None
    in_transit_minor: int
    lines: tuple[PayoutLine, ...]
    events: tuple[PayoutEvent, ...]


@requires("see_revenue")
def at_bank(conn: Connection, *, livemode: bool, payout_id: str, today: date) -> AtBank:
    """Of a payout of this mode that there is."""
    row = conn.execute(
        select(payouts).where(_P.stripe_id == payout_id, _P.livemode == livemode)
    ).one()
    lines = _lines(conn, payout_id)
    due = due_on(row.arrival_at.date()) if row.arrival_at else None
    is_gone = row.status in ("failed", "canceled")
    matched = sum(one.matched_minor for one in lines)
    state = UNDER_WAY
    if lines:
        state = MATCHED
    elif is_gone:
        state = NOTHING
    elif due is not None and due < today:
        until = _covered_until(conn, livemode, row.currency)
        state = LATE if until is not None and until >= due else NO_STATEMENT
    # A difference that a person accepted is under way no more.
    is_settled = is_gone or any(one.reason for one in lines)
    in_transit = 0 if is_settled else row.amount_minor - matched
    return AtBank(state, due, in_transit, lines, _events(conn, livemode, payout_id))


def _lines(conn: Connection, payout_id: str) -> tuple[PayoutLine, ...]:
    query: Select[Any] = (
        select(
            _N.id,
            func.coalesce(func.nullif(_A.name, ""), _A.account),
            _N.booked_on,
            _N.text,
            _N.amount_minor,
            _M.amount_minor,
            _N.currency,
            _M.how,
            func.coalesce(func.nullif(users.c.name, ""), users.c.email, _M.matched_by),
            _M.matched_at,
            _M.reason,
        )
        .join(bank_lines, _N.id == _M.line_id)
        .join(bank_accounts, _A.id == _N.account_id)
        .outerjoin(users, users.c.id == _M.matched_by)
        .where(_M.payout_id == payout_id, _M.undone_at.is_(None))
        .order_by(_N.booked_on, _N.id)
    )
    return tuple(PayoutLine(*row) for row in conn.execute(query))


def _covered_until(conn: Connection, livemode: bool, currency: str) -> date | None:
    s = bank_statements.c
    query = (
        select(func.max(s.closed_on))
        .join(bank_accounts, _A.id == s.account_id)
        .where(_A.livemode == livemode, _A.currency == currency)
    )
    found: date | None = conn.scalar(query)
    return found


def _events(conn: Connection, livemode: bool, payout_id: str) -> tuple[PayoutEvent, ...]:
    e = events.c
    query = (
        select(e.type, func.min(e.created_at))
        .where(e.object_id == payout_id, e.livemode == livemode, e.type.like("payout.%"))
        .group_by(e.type)
        .order_by(func.min(e.created_at), e.type)
    )
    return tuple(PayoutEvent(row[0], row[1]) for row in conn.execute(query))
