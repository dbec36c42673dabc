"""Identity 12, `pairs`: what was held back is released once, and not more than that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, select

from core.db.tables import balance_transactions
from core.domain.closings import openings
from core.proof.breaks import LISTED_LATE, Break, Delta
from core.proof.span import Span

IDENTITY = "pairs"
#: Categories whose rows come in pairs: what one takes, another gives back.
PAIRS: dict[str, tuple[str, ...]] = {
    "minimum_balance": ("payout_minimum_balance_hold", "payout_minimum_balance_release"),
    "risk_reserve": ("risk_reserved_funds",),
    "network_reserve": ("payment_network_reserve_hold", "payment_network_reserve_release"),
    "advance": ("advance", "advance_funding"),
}
#: The pair that is written at once, and holds nothing back in between.
_AT_ONCE = "advance"
#: The balance that pairs are held in. Stripe writes a reserve in the balance of the reserve too:
#: both rows sum to nothing, whatever was held.
_BALANCE = "payments"
_B = balance_transactions.c


def pair_breaks(connection: Connection, span: Span, deltas: Iterable[Delta]) -> Iterator[Break]:
    """What a pair's rows until the end of the span sum to is nothing, or what is still held back.

    An advance and what funds it sum to nothing, at midnight too: the rest of a pair may stand on
    the next day. What was wrong before the span is told of the days before it. Where the mirror
    began later than the account, what is released may have been held before. Rows that are known
    to be wrong (`deltas`) are told by themselves, and taken off.
    """
    opening = openings(connection, span.livemode)
    known: dict[tuple[str, str], int] = defaultdict(int)
    for delta in (one for one in deltas if one.balance_type == _BALANCE):
        known[delta.currency, delta.category] += delta.net_minor
    for name in PAIRS:
        before = _sums(connection, span, name, until=span.start)
        last = _last(connection, span, name)
        for currency, total in _sums(connection, span, name, until=span.end).items():
            if name != _AT_ONCE and opening[currency, _BALANCE]:
                continue
            total -= sum(known[currency, category] for category in PAIRS[name])
            here = _wrong(connection, span, name, currency, total, at=span.end)
            was = before.get(currency, 0)
            if not here or here == _wrong(connection, span, name, currency, was, at=span.start):
                continue
            yield Break(
                IDENTITY,
                "unexplained",
                name,
                currency,
                span.day(last[currency]),
                "pair",
                ours_minor=here,
                theirs_minor=0,
                due=last[currency] + LISTED_LATE,
            )


def _of(span: Span, name: str) -> ColumnElement[bool]:
    return and_(
        _B.livemode == span.livemode,
        _B.balance_type == _BALANCE,
        _B.reporting_category.in_(PAIRS[name]),
    )


def _sums(connection: Connection, span: Span, name: str, *, until: datetime) -> dict[str, int]:
    query = select(_B.currency, func.sum(_B.net_minor)).where(
        _of(span, name), _B.created_at < until
    )
    return {row[0]: int(row[1]) for row in connection.execute(query.group_by(_B.currency))}


def _last(connection: Connection, span: Span, name: str) -> Mapping[str, datetime]:
    query = select(_B.currency, func.max(_B.created_at)).where(
        _of(span, name), _B.created_at < span.end
    )
    return {row[0]: row[1] for row in connection.execute(query.group_by(_B.currency))}


def _wrong(
    connection: Connection, span: Span, name: str, currency: str, total: int, *, at: datetime
) -> int:
    """By how much a pair's rows until a moment are off, in minor units."""
    if name != _AT_ONCE:
        return max(total, 0)
    query = (
        select(_B.net_minor)
        .where(_of(span, name), _B.currency == currency)
        .where(_B.created_at >= at, _B.created_at < at + LISTED_LATE)
        .order_by(_B.created_at, _B.stripe_id)
    )
    left = total
    for net in connection.scalars(query) if total else ():
        left += net
        if not left:
            return 0
    return total
