"""Counts that plans are made by: payments per day and facet, per amount, per e-mail beginning.

A copy per database is kept in memory. The last days are read again after a few seconds, the rest
after an hour: a plan may be made by an old count, an answer never is.
"""

from __future__ import annotations

import time
from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as dt
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func, select

from core.db.tables import amount_hist, email_prefix, payments_daily
from core.domain.search_histograms import amount_bucket, bucket_floor

Counts = NDArray[np.int64]
Costs = NDArray[np.float64]

RECENT_SECONDS = 5.0
ALL_SECONDS = 3600.0
#: How many of the newest days are read again each time.
_RECENT_DAYS = 3
_SINGLE_DAYS = 14
_MANY_DAYS = 30
#: Rows that are read at once.
_CHUNK = 2_000

_lock = Lock()
_kept: dict[str, Stats] = {}


@dataclass(slots=True)
class Stats:
    """`per_day[d, k]` payments of facet k on the day `first + d`; the rest by key.

    Plans are made by `sums[s, k]`: the same counts over slices of days, which lie between
    `bounds` (days since `first`): single days for the newest two weeks, months before.
    """

    first: date
    per_day: Counts
    amounts: dict[str, tuple[list[int], list[int]]]
    prefixes: tuple[list[str], list[int]]
    read_at: float
    all_read_at: float
    #: Payments that words have, as they were asked for (`core.reads.search.payments.plan`).
    words: dict[tuple[str, str, bool], float] = field(default_factory=dict)
    bounds: Costs = field(init=False)
    sums: Costs = field(init=False)
    every: Costs = field(init=False)

    def __post_init__(self) -> None:
        days = len(self.per_day)
        starts = [*range(0, max(days - _SINGLE_DAYS, 0), _MANY_DAYS)]
        starts += range(max(days - _SINGLE_DAYS, 0), days)
        self.bounds = np.array([*starts, days], dtype=np.float64)
        parts = np.add.reduceat(self.per_day, starts, axis=0) if starts else self.per_day
        self.sums = parts.astype(np.float64)
        self.every = self.sums.sum(axis=1)

    def at(self, moment: datetime) -> float:
        """A moment in days since `first`."""
        return (moment - datetime.combine(self.first, dt.min, UTC)) / timedelta(days=1)

    def rows_since(self, moment: datetime) -> float:
        """About how many payments, of both modes, were created since."""
        spent = np.concatenate([[0.0], np.cumsum(self.every)])
        return float(spent[-1] - np.interp(self.at(moment), self.bounds, spent))

    def facet_sums(self, numbers: list[int]) -> Costs:
        """Counts per slice of these facets only; facets newer than the copy count 0."""
        width = self.sums.shape[1]
        if len(numbers) and max(numbers) < width:
            return self.sums[:, numbers]
        found: Costs = np.zeros((len(self.sums), len(numbers)))
        there = [place for place, number in enumerate(numbers) if number < width]
        found[:, there] = self.sums[:, [numbers[place] for place in there]]
        return found

    def amount_rows(self, currency: str, low: int, high: int) -> tuple[float, int]:
        """How many payments of a currency lie in a range of minor units: estimated, and at most."""
        buckets, counts = self.amounts.get(currency, ([], []))
        if low > high:
            return 0.0, 0
        start = bisect_left(buckets, amount_bucket(low))
        end = bisect_right(buckets, amount_bucket(high))
        estimate = 0.0
        for bucket, count in zip(buckets[start:end], counts[start:end], strict=True):
            floor, after = bucket_floor(bucket), bucket_floor(bucket + 1)
            inside = min(high + 1, after) - max(low, floor)
            estimate += count * inside / max(after - floor, 1)
        return estimate, sum(counts[start:end])

    def currency_rows(self, currency: str) -> int:
        """How many payments a currency has, in both modes."""
        return sum(self.amounts.get(currency, ([], []))[1])

    def prefix_rows(self, start: str) -> int:
        """At most how many payments have an address with this beginning."""
        keys, counts = self.prefixes
        first = bisect_left(keys, start[:3])
        if len(start) >= 3:
            return counts[first] if first < len(keys) and keys[first] == start[:3] else 0
        return sum(counts[first : bisect_left(keys, start + "\U0010ffff")])


def stats(conn: Connection) -> Stats:
    """The counts of this connection's database, at most a few seconds old for the last days."""
    key = str(conn.engine.url)
    with _lock:
        kept = _kept.get(key)
    now = time.monotonic()
    if kept is None or now - kept.all_read_at > ALL_SECONDS:
        kept = _read(conn, now)
    elif now - kept.read_at > RECENT_SECONDS:
        kept = _read(conn, now, kept)
    else:
        return kept
    with _lock:
        _kept[key] = kept
    return kept


def forget() -> None:
    """Drop the copies (a test writes behind our back)."""
    with _lock:
        _kept.clear()


def _read(conn: Connection, now: float, old: Stats | None = None) -> Stats:
    table = payments_daily
    asked: Any = select(table.c.day, table.c.facet, func.sum(table.c.count))
    asked = asked.group_by(table.c.day, table.c.facet)
    if old is not None and len(old.per_day):
        last = old.first + timedelta(days=len(old.per_day))
        asked = asked.where(table.c.day >= last - timedelta(days=_RECENT_DAYS))
    rows = _numbers(conn, asked)
    if old is not None and len(old.per_day):
        return Stats(
            old.first,
            _matrix(rows, old.first, old.per_day),
            old.amounts,
            old.prefixes,
            read_at=now,
            all_read_at=old.all_read_at,
            words=old.words,
        )
    first = date.fromordinal(int(rows[:, 0].min())) if len(rows) else date(2000, 1, 1)
    per_day = _matrix(rows, first, np.zeros((0, 0), dtype=np.int64))
    return Stats(first, per_day, _amounts(conn), _prefixes(conn), read_at=now, all_read_at=now)


def _numbers(conn: Connection, asked: Any) -> Counts:
    """Rows of day (its ordinal), facet and count: a hundred thousand are few as numbers alone."""
    numbers = array("q")
    for some in conn.execute(asked).partitions(_CHUNK):
        for day, facet, count in some:
            numbers.extend((day.toordinal(), facet, int(count)))
    return np.frombuffer(numbers, dtype=np.int64).reshape(-1, 3)


def _matrix(rows: Counts, first: date, old: Counts) -> Counts:
    days, facets, counts = rows[:, 0] - first.toordinal(), rows[:, 1], rows[:, 2]
    height = max(old.shape[0], days.max(initial=-1) + 1)
    width = max(old.shape[1], facets.max(initial=-1) + 1)
    matrix: Counts = np.zeros((height, width), dtype=np.int64)
    matrix[: old.shape[0], : old.shape[1]] = old
    matrix[days] = 0
    matrix[days, facets] = counts
    return matrix


def _amounts(conn: Connection) -> dict[str, tuple[list[int], list[int]]]:
    table = amount_hist
    key = (table.c.currency, table.c.bucket)
    found: dict[str, tuple[list[int], list[int]]] = {}
    asked = select(*key, func.sum(table.c.n)).group_by(*key).order_by(*key)
    for currency, bucket, count in conn.execute(asked):
        buckets, counts = found.setdefault(currency, ([], []))
        buckets.append(bucket)
        counts.append(max(int(count), 0))
    return found


def _prefixes(conn: Connection) -> tuple[list[str], list[int]]:
    table = email_prefix
    asked = select(table.c.p3, func.sum(table.c.n)).group_by(table.c.p3)
    rows = sorted((p3, max(int(count), 0)) for p3, count in conn.execute(asked))
    return [p3 for p3, _ in rows], [count for _, count in rows]
