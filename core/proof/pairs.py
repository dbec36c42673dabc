"""Identity 12, `pairs`: what was held back is released once, and not more than that."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, case, func, select

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
    for name, before, after, last in _held(connection, span):
        for currency, total in after.items():
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


def _of(span: Span, *categories: str) -> ColumnElement[bool]:
    return and_(
        _B.livemode == span.livemode,
        _B.balance_type == _BALANCE,
        _B.reporting_category.in_(categories),
    )


def _held(
    connection: Connection, span: Span
) -> Iterator[tuple[str, dict[str, int], dict[str, int], dict[str, datetime]]]:
    """Of each pair by currency: what its rows sum to until the span begins and until it ends, in
    minor units, and when its last row was."""
    pair_of = {category: name for name, both in PAIRS.items() for category in both}
    earlier = case((_B.created_at < span.start, _B.net_minor), else_=0)
    query = (
        select(
            _B.reporting_category,
            _B.currency,
            func.sum(earlier),
            func.sum(_B.net_minor),
            func.max(_B.created_at),
        )
        .where(_of(span, *pair_of), _B.created_at < span.end)
        .group_by(_B.reporting_category, _B.currency)
    )
    before, after = defaultdict[str, Counter[str]](Counter), defaultdict[str, Counter[str]](Counter)
    last: dict[str, dict[str, datetime]] = defaultdict(dict)
    for category, currency, was, total, at in connection.execute(query):
        name = pair_of[category]
        before[name][currency] += int(was)
        after[name][currency] += int(total)
        last[name][currency] = max(at, last[name].get(currency, at))
    for name in PAIRS:
        yield name, before[name], after[name], last[name]


def _wrong(
    connection: Connection, span: Span, name: str, currency: str, total: int, *, at: datetime
) -> int:
    """By how much a pair's rows until a moment are off, in minor units."""
    if name != _AT_ONCE:
        return max(total, 0)
    query = (
        select(_B.net_minor)
        .where(_of(span, *PAIRS[name]), _B.currency == currency)
        .where(_B.created_at >= at, _B.created_at < at + LISTED_LATE)
        .order_by(_B.created_at, _B.stripe_id)
    )
    left = total
    for net in connection.scalars(query) if total else ():
        left += net
        if not left:
            return 0
    return total
