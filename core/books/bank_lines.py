"""Reads what came in at the bank for the books: which payouts the lines of each day are.

A payout is settled whole by the decision that says which lines it is. What the lines differ by,
where a person accepted that, the bank kept or added.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from core.books.journal import Settled
from core.db.tables import bank_accounts, bank_lines, bank_matches, payouts

_M, _N, _A, _P = bank_matches.c, bank_lines.c, bank_accounts.c, payouts.c


def settled(
    connection: Connection,
    *,
    livemode: bool,
    until: date,
    since: date | None = None,
    currency: str | None = None,
) -> list[Settled]:
    """What lines booked from `since` (or ever) up to, not including, `until` settled.

    Of matches that stand: what is undone leaves its day.
    """
    of_days = [_N.booked_on < until] + ([_N.booked_on >= since] if since else [])
    mine = [_A.livemode == livemode] + ([_N.currency == currency] if currency else [])
    decisions = (
        select(_M.decision)
        .join(bank_lines, _N.id == _M.line_id)
        .join(bank_accounts, _A.id == _N.account_id)
        .where(_M.undone_at.is_(None), *of_days, *mine)
    )
    # A decision is read whole: its lines may be of several days.
    query = (
        select(
            _M.decision,
            _M.line_id,
            _M.payout_id,
            _M.amount_minor,
            _N.booked_on,
            _N.currency,
            _N.amount_minor.label("line_minor"),
            _A.account,
            _P.amount_minor.label("payout_minor"),
        )
        .join(bank_lines, _N.id == _M.line_id)
        .join(bank_accounts, _A.id == _N.account_id)
        .outerjoin(payouts, _P.stripe_id == _M.payout_id)
        .where(_M.undone_at.is_(None), _M.decision.in_(decisions))
        .order_by(_N.booked_on, _M.line_id, _M.payout_id)
    )
    rows: dict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(query):
        rows[row.decision].append(row)
    return [
        one
        for found in rows.values()
        for one in _of_decision(found)
        if one.day < until and (since is None or one.day >= since)
    ]


def _of_decision(rows: Sequence[Any]) -> Iterator[Settled]:
    """Each part on its line's day; what is left of a line on its day, what is left of a payout on
    that of its last line."""
    of_line: dict[int, int] = defaultdict(int)
    of_payout: dict[str, int] = defaultdict(int)
    for row in rows:
        of_line[row.line_id] += row.amount_minor
        of_payout[row.payout_id] += row.amount_minor
        yield _settled(row, row.amount_minor, row.amount_minor)
    lines = {row.line_id: row for row in rows}
    for line_id, row in lines.items():
        if rest := row.line_minor - of_line[line_id]:
            yield _settled(row, rest, 0)
    # The rows are in the order of their days: the last one of a payout counts.
    for payout_id, row in {row.payout_id: row for row in rows}.items():
        if row.payout_minor is not None and (rest := row.payout_minor - of_payout[payout_id]):
            yield _settled(row, 0, rest)


def _settled(row: Any, bank_minor: int, transit_minor: int) -> Settled:
    return Settled(
        row.booked_on, row.currency, row.account, row.payout_id, bank_minor, transit_minor
    )
