"""A closed month as it was closed, beside what is known of it now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from core.db.tables import balance_transactions, period_sums, periods
from core.reads.permissions import requires
from core.states import PeriodState

_B, _S, _P = balance_transactions.c, period_sums.c, periods.c
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class ClosedFigure:
    """The net of one reporting category of a closed month, in minor units of its currency.

    `now_minor` is what its rows come to now, with `late` ones that happened in the month and count
    on a later day. Without such rows a difference means that a closed row was changed.
    """

    currency: str
    balance_type: str
    category: str
    closed_count: int
    closed_minor: int
    now_count: int
    now_minor: int
    late: int

    @property
    def difference_minor(self) -> int:
        """What is known now, less what was closed."""
        return self.now_minor - self.closed_minor


@requires("see_revenue")
def figures(conn: Connection, *, livemode: bool, month: str) -> tuple[ClosedFigure, ...]:
    """Each figure of a closed month (`2026-11`), by currency; none of one that is not closed."""
    query = select(periods).where(
        _P.livemode == livemode, _P.month == month, _P.state == PeriodState.CLOSED
    )
    row = conn.execute(query).first()
    if row is None:
        return ()
    closed = _sealed(conn, row.id)
    counted = _sums(conn, _counted(livemode, row.first_day, row.last_day))
    late = _sums(conn, _late(livemode, row.first_day, row.last_day))
    keys = sorted({*closed, *counted, *late})
    return tuple(_figure(key, closed[key], counted[key], late[key]) for key in keys)


def _figure(key: Key, closed: list[int], counted: list[int], late: list[int]) -> ClosedFigure:
    (closed_count, closed_minor), (count, minor), (late_count, late_minor) = closed, counted, late
    return ClosedFigure(
        *key, closed_count, closed_minor, count + late_count, minor + late_minor, late_count
    )


def _sealed(conn: Connection, period_id: int) -> defaultdict[Key, list[int]]:
    query = select(
        _S.currency, _S.balance_type, _S.reporting_category, _S.count, _S.net_minor
    ).where(_S.period_id == period_id)
    return _by_key(conn.execute(query))


def _sums(conn: Connection, where: ColumnElement[bool]) -> defaultdict[Key, list[int]]:
    key = (_B.currency, _B.balance_type, _B.reporting_category)
    query = select(*key, func.count(), func.sum(_B.net_minor)).where(where).group_by(*key)
    return _by_key(conn.execute(query))


def _by_key(rows: Iterable[Any]) -> defaultdict[Key, list[int]]:
    found: defaultdict[Key, list[int]] = defaultdict(lambda: [0, 0])
    for currency, kind, category, count, net in rows:
        found[currency, kind, category] = [int(count), int(net)]
    return found


def _counted(livemode: bool, first: date, last: date) -> ColumnElement[bool]:
    happened = and_(_B.booked_day.is_(None), _B.business_day.between(first, last))
    return and_(_B.livemode == livemode, or_(happened, _B.booked_day.between(first, last)))


def _late(livemode: bool, first: date, last: date) -> ColumnElement[bool]:
    return and_(
        _B.livemode == livemode,
        _B.booked_day.is_not(None),
        _B.business_day.between(first, last),
    )
