"""The bank lines that are no payout yet, and the payouts that no line is yet."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from sqlalchemy import ColumnElement, Connection, and_, exists, select

from core.db.tables import bank_accounts, bank_lines, bank_matches, payouts
from core.domain.bank_matching import OpenLine, OpenPayout

#: How long before the oldest open payout a line may have come in: over a long holiday, no longer.
_MARGIN = timedelta(days=14)


def is_matched_line() -> ColumnElement[bool]:
    """Whether a match of a line stands."""
    m = bank_matches.c
    return exists().where(m.line_id == bank_lines.c.id, m.undone_at.is_(None))


def is_matched_payout() -> ColumnElement[bool]:
    """Whether a match of a payout stands."""
    m = bank_matches.c
    return exists().where(m.payout_id == payouts.c.stripe_id, m.undone_at.is_(None))


def open_payouts(connection: Connection, *, livemode: bool) -> list[OpenPayout]:
    """Payouts of a mode without a line, oldest first."""
    p = payouts.c
    found = connection.execute(
        select(
            p.stripe_id,
            p.status,
            p.amount_minor,
            p.currency,
            p.arrival_at,
            p.trace_id,
            p.statement_descriptor,
        )
        .where(p.livemode == livemode, p.status != "canceled", ~is_matched_payout())
        .order_by(p.created_at, p.stripe_id)
    )
    return [
        OpenPayout(
            row.stripe_id,
            row.status,
            row.amount_minor,
            row.currency,
            row.arrival_at.date() if row.arrival_at else None,
            row.trace_id,
            row.statement_descriptor,
        )
        for row in found
    ]


def open_lines(
    connection: Connection, among: list[OpenPayout], *, livemode: bool
) -> list[OpenLine]:
    """Lines of a mode's accounts that may be one of these payouts, oldest first.

    Only those that have one's amount, or Stripe's name: most of a bank's lines are about others.
    """
    days = [one.arrives_on for one in among if one.arrives_on is not None]
    if not days:
        return []
    n, a = bank_lines.c, bank_accounts.c
    asked = (
        select(
            n.id,
            n.booked_on,
            n.amount_minor,
            n.currency,
            n.name,
            n.text,
            n.reference_lines,
            a.payer_names,
        )
        .join(bank_accounts, a.id == n.account_id)
        .where(and_(a.livemode == livemode, n.booked_on >= min(days) - _MARGIN), ~is_matched_line())
        .order_by(n.booked_on, n.id)
    )
    amounts = {(one.currency, one.amount_minor) for one in among}
    found = []
    for row in connection.execute(asked):
        line = OpenLine(
            row.id,
            row.booked_on,
            row.amount_minor,
            row.currency,
            row.name,
            row.text,
            tuple(row.reference_lines.split("\n")) if row.reference_lines else (),
            tuple(filter(None, row.payer_names.split("\n"))),
        )
        if (line.currency, line.amount_minor) in amounts or line.is_stripes:
            found.append(line)
    return found


def undone_pairs(connection: Connection, lines: list[OpenLine]) -> frozenset[tuple[int, str]]:
    """Pairs of these lines that somebody took apart."""
    m = bank_matches.c
    found = connection.execute(
        select(m.line_id, m.payout_id).where(m.undone_at.is_not(None)).distinct()
    )
    wanted = {one.line_id for one in lines}
    return frozenset((row.line_id, row.payout_id) for row in found if row.line_id in wanted)


def refused(connection: Connection) -> frozenset[tuple[frozenset[int], frozenset[str]]]:
    """The lines and payouts of proposals that somebody refused."""
    m = bank_matches.c
    found: dict[str, tuple[set[int], set[str]]] = defaultdict(lambda: (set(), set()))
    query = select(m.decision, m.line_id, m.payout_id).where(
        m.undone_at.is_not(None), m.amount_minor == 0
    )
    for row in connection.execute(query):
        found[row.decision][0].add(row.line_id)
        found[row.decision][1].add(row.payout_id)
    return frozenset((frozenset(lines), frozenset(paid)) for lines, paid in found.values())
