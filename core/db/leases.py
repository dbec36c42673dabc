"""Leases: who may work on a row, until when, and what is due.

A row's `fence` is the proof of who holds it, and a time beside it says when that ends; without a
fence the same time says when the row is due. Whoever takes a row over writes a fence of their own,
and what the one before still writes finds none of its rows: `LeaseLost`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, and_, exists, func, or_, select

from core.db.turns import hold
from core.db.wakeups import Work
from core.errors import LeaseLost

#: Two machines' clocks may differ by so much, and a moment be used so long after it was taken: a
#: lease that was written a little later than now is no lease of a clock that runs ahead.
SLACK = timedelta(minutes=1)


@dataclass(frozen=True)
class Lease:
    """The leases of one table.

    `until` is the column of the time, `open` what may be worked on at all, `lasts` how long a
    lease is, and `longest_wait` the longest that is ever waited for anything else.
    `untried` is what waits for nothing as long as nobody holds it.
    """

    table: Table
    until: Column[datetime]
    open: ColumnElement[bool]
    lasts: timedelta
    longest_wait: timedelta = timedelta()
    untried: ColumnElement[bool] | None = None

    def due(self, at: datetime) -> ColumnElement[bool]:
        """What may be taken now. A time further off than any wait was written by a clock that has
        been put back since, or that runs ahead: nothing waits for that.
        """
        farthest = at + self.lasts + self.longest_wait + SLACK
        ready = [self.until <= at, self.until > farthest]
        if self.untried is not None:
            ready.append(and_(self.untried, self.table.c.fence.is_(None)))
        return and_(self.open, or_(*ready))

    def work(self, *among: ColumnElement[bool]) -> Work:
        """What whoever works on these rows waits for."""

        def due(at: datetime) -> ColumnElement[bool]:
            return exists().where(self.due(at), *among)

        def next_due(at: datetime) -> ColumnElement[datetime]:
            later = select(func.min(self.until)).where(self.open, self.until > at, *among)
            return later.scalar_subquery()

        return Work(due, next_due)

    def take(
        self, connection: Connection, rows: ColumnElement[bool], at: datetime, **values: Any
    ) -> str:
        """Lease those of these rows that are due, and write `values` there; the fence.

        Another may have taken some of them first: ours are those that `held` finds.
        """
        fence = uuid.uuid4().hex
        connection.execute(
            self.table.update()
            .where(rows, self.due(at))
            .values({"fence": fence, self.until.name: at + self.lasts, **values})
        )
        return fence

    def held(self, fence: str) -> ColumnElement[bool]:
        """The rows of this fence."""
        return and_(self.open, self.table.c.fence == fence)

    def check(
        self, connection: Connection, rows: ColumnElement[bool], fence: str, count: int
    ) -> None:
        """`LeaseLost` unless all `count` rows are still ours; holds them until the commit.

        Only for rows that are given back in the same transaction: that is what other nodes see.
        """
        key = self.table.primary_key.columns.values()[-1]
        query = hold(select(key).where(rows, self.held(fence)))
        if len(connection.execute(query).all()) != count:
            raise LeaseLost

    def extend(
        self,
        connection: Connection,
        rows: ColumnElement[bool],
        fence: str,
        at: datetime,
        **values: Any,
    ) -> None:
        """Hold one row for another lease from now; `LeaseLost` if it is not ours any more."""
        until = {self.until.name: at + self.lasts}
        if self._write(connection, rows, fence, until | values) != 1:
            raise LeaseLost

    def end(
        self,
        connection: Connection,
        rows: ColumnElement[bool],
        fence: str,
        count: int,
        **values: Any,
    ) -> None:
        """`give_back` of `count` rows; `LeaseLost` where one of them is not ours any more."""
        if self.give_back(connection, rows, fence, **values) != count:
            raise LeaseLost

    def give_back(
        self, connection: Connection, rows: ColumnElement[bool], fence: str, **values: Any
    ) -> int:
        """End the lease of those of these rows that are ours, and write `values`; how many."""
        return self._write(connection, rows, fence, {"fence": None} | values)

    def _write(
        self, connection: Connection, rows: ColumnElement[bool], fence: str, values: dict[str, Any]
    ) -> int:
        mine = and_(rows, self.table.c.fence == fence)
        return connection.execute(self.table.update().where(mine).values(values)).rowcount
