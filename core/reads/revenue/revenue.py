"""Revenue from Stripe's ledger, and the other movements of the balance, by day, method, country.

All figures are minor units of one settlement currency. What leaves (refunds, disputes) is negative;
what Stripe and others take (`fee_minor`, `network_cost_minor`, `tax_minor`) is positive when taken.
`gross + refund + dispute + platform_earning - fee - network_cost - tax` is `net`: revenue alone.
`net + other` is the sum of `net_minor` of every balance transaction, so that both blocks together
are the ledger. The fee of any row is a fee, also of a payout: movements are counted without theirs.
A period is business days from `since` up to, not including, `until`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Table,
    bindparam,
    case,
    cast,
    func,
    select,
)

from core.db.tables import revenue_country_daily, revenue_daily, revenue_fee_parts_daily
from core.errors import InvalidInput
from core.reads.permissions import requires
from core.reads.revenue import periods
from core.reads.revenue.categories import (
    BILLED,
    COSTS,
    KNOWN,
    MOVEMENTS,
    PARTS,
    REVENUE,
    UNSPECIFIED,
    add_row,
    kind_of,
)
from core.reads.revenue.periods import Span, Step

#: The columns of every figure here, in this order; `count` counts charges, `other` sums movements.
FIGURES = (*(f"{part}_minor" for part in PARTS), "net_minor", "other_minor", "count")
#: The columns of the other movements by their kind; together they are `other_minor`.
MOVEMENT_FIGURES = tuple(f"{kind}_minor" for kind in MOVEMENTS)
_COST_FIGURES = tuple(f"{part}_minor" for part in COSTS)
#: The longest period that is read at once: ten years.
LONGEST = timedelta(days=3660)
#: Before Stripe had its first customer there is nothing to read.
_FIRST_YEAR = 2010
#: A row of a table: what it is of, `FIGURES` and `MOVEMENT_FIGURES`.
Row = dict[str, Any]
#: Sums of one category: amount, fee, net, rows.
Sums = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Movement:
    """What one category moved without being revenue: `kind` is one of `categories.MOVEMENTS`."""

    kind: str
    category: str
    amount_minor: int
    count: int


@dataclass(frozen=True, slots=True)
class Revenue:
    """One period's figures in one settlement currency, minor units; `other_minor` sums
    `movements`."""

    currency: str
    since: date
    until: date
    gross_minor: int
    refund_minor: int
    dispute_minor: int
    platform_earning_minor: int
    fee_minor: int
    network_cost_minor: int
    tax_minor: int
    net_minor: int
    other_minor: int
    count: int
    movements: tuple[Movement, ...]

    @property
    def cost_minor(self) -> int:
        """All that Stripe, the networks and the tax on them took."""
        return self.fee_minor + self.network_cost_minor + self.tax_minor

    @property
    def fee_rate(self) -> Fraction | None:
        """Costs as an exact share of gross; None without gross."""
        return fee_rate(self.cost_minor, self.gross_minor)

    @property
    def balance_minor(self) -> int:
        """By how much the balance changed: both blocks together."""
        return self.net_minor + self.other_minor


@dataclass(frozen=True, slots=True)
class Compared:
    """A period beside the one that it is compared with."""

    current: Revenue
    previous: Revenue


@dataclass(frozen=True, slots=True)
class FeePart:
    """What fees went to: Stripe's type of a part of fees, or `BILLED`. Positive when taken."""

    type: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A category that `categories.toml` does not hold, in one settlement currency."""

    category: str
    currency: str
    amount_minor: int
    count: int
    since: date


def as_added(found: Iterable[Row]) -> list[Row]:
    """The figures with the signs by which they add up to `net_minor`: costs are negative."""
    return [row | {name: -row[name] for name in _COST_FIGURES} for row in found]


def fee_rate(cost_minor: int, gross_minor: int) -> Fraction | None:
    """Costs as an exact share of gross; None where nothing was sold."""
    return Fraction(cost_minor, gross_minor) if gross_minor > 0 else None


@requires("see_revenue")
def summary(
    conn: Connection,
    *,
    livemode: bool,
    currency: str,
    since: date,
    until: date,
    versus: Span | None = None,
) -> Compared:
    """The period's figures, and those of the days `versus`: without, of as many before `since`."""
    _check(since, until)
    before = versus or Span(since - (until - since), since)
    return Compared(
        _revenue(conn, livemode, currency, since, until),
        _revenue(conn, livemode, currency, before.since, before.until),
    )


@requires("see_revenue")
def series(
    conn: Connection, *, livemode: bool, currency: str, since: date, until: date, by: Step = "day"
) -> list[Row]:
    """A row per day, week (its Monday) or month (its first) of the period, without gaps.

    Each holds `period` (date), `FIGURES` and `MOVEMENT_FIGURES` (whole minor units).
    """
    _check(since, until)
    if by not in ("day", "week", "month"):
        raise InvalidInput("by", "must be day, week or month")
    starts = [one.start for one in periods.parts(Span(since, until), by, until)]
    found: dict[date, list[dict[str, Sums]]] = {start: [] for start in starts}
    days = _read(conn, revenue_daily, "day", livemode, currency, since, until)
    for day, categories in days.items():
        found[periods.start_of(day, by)].append(categories)
    return _rows("period", {start: _figures(*sums) for start, sums in found.items()})


@requires("see_revenue")
def fee_parts(
    conn: Connection, *, livemode: bool, currency: str, since: date, until: date
) -> tuple[FeePart, ...]:
    """What the period's `fee_minor` is made of, the largest first.

    Fees that Stripe told no part of are `UNSPECIFIED`: so are all rows that were booked before
    their parts were kept.
    """
    _check(since, until)
    given = {"livemode_": livemode, "currency_": currency, "since": since, "until": until}
    parts = {row[0]: int(row[1]) for row in conn.execute(_PARTS, given)}
    read = _read(conn, revenue_daily, "currency", livemode, currency, since, until)
    categories = read.get(currency, {})
    parts[BILLED] = -sum(categories[one][0] for one in categories if kind_of(one) == "fee")
    fees = sum(fee for _, fee, _, _ in categories.values())
    told = sum(amount for type_, amount in parts.items() if type_ != BILLED)
    parts[UNSPECIFIED] = parts.get(UNSPECIFIED, 0) + fees - told
    found = [FeePart(type_, amount) for type_, amount in parts.items() if amount]
    return tuple(sorted(found, key=lambda part: (-part.amount_minor, part.type)))


@requires("see_revenue")
def by_method(
    conn: Connection, *, livemode: bool, currency: str, since: date, until: date
) -> list[Row]:
    """Rows that hold `method` ('' where there is none) and what those of `series` do; largest
    gross first."""
    return _by(conn, revenue_daily, "method", livemode, currency, since, until)


@requires("see_revenue")
def by_country(
    conn: Connection, *, livemode: bool, currency: str, since: date, until: date
) -> list[Row]:
    """Rows that hold `card_country` ('' where there is no card) and what those of `series` do;
    largest gross first."""
    return _by(conn, revenue_country_daily, "card_country", livemode, currency, since, until)


@requires("see_revenue")
def currencies(
    conn: Connection, *, livemode: bool, since: date | None = None, until: date | None = None
) -> tuple[str, ...]:
    """Settlement currencies with rows in the period (all time without), most revenue rows first."""
    table = revenue_daily
    rows = case((table.c.reporting_category.in_(sorted(REVENUE)), table.c.count), else_=0)
    asked = (
        select(table.c.currency)
        .where(table.c.livemode == livemode)
        .group_by(table.c.currency)
        .order_by(func.sum(rows).desc(), table.c.currency)
    )
    if since is not None:
        asked = asked.where(table.c.day >= since)
    if until is not None:
        asked = asked.where(table.c.day < until)
    return tuple(conn.scalars(asked))


@requires("see_revenue")
def unmapped(conn: Connection, *, livemode: bool) -> tuple[Unmapped, ...]:
    """The categories of this mode that nobody has mapped yet, by name and currency."""
    c = revenue_daily.c
    mine = c.livemode == livemode
    # The names stand in the key: only where one is new are rows read.
    names = set(conn.scalars(select(c.reporting_category).where(mine).distinct())) - KNOWN
    if not names:
        return ()
    keys = (c.reporting_category, c.currency)
    asked = (
        select(*keys, _sum(c.gross_minor), _sum(c.count), func.min(c.day))
        .where(mine, c.reporting_category.in_(sorted(names)))
        .group_by(*keys)
        .order_by(*keys)
    )
    return tuple(Unmapped(*row) for row in conn.execute(asked))


def _check(since: date, until: date) -> None:
    if until <= since:
        raise InvalidInput("until", "must be after the period's first day")
    if since.year < _FIRST_YEAR:
        raise InvalidInput("since", f"must not be before {_FIRST_YEAR}")
    if until - since > LONGEST:
        raise InvalidInput(
            "until", f"must be at most {LONGEST.days} days after the period's first day"
        )


def _read(
    conn: Connection,
    table: Table,
    key: str,
    livemode: bool,
    currency: str,
    since: date,
    until: date,
) -> dict[Any, dict[str, Sums]]:
    """The sums of each category under each value of `key` that the period has."""
    given = {"livemode_": livemode, "currency_": currency, "since": since, "until": until}
    found: dict[Any, dict[str, Sums]] = {}
    for value, category, *sums in conn.execute(_asked(table, key), given):
        found.setdefault(value, {})[category] = tuple(sums)
    return found


@cache
def _asked(table: Table, key: str) -> Select[Any]:
    """Rows of `key`, category and its sums. Built once: it takes longer than running it."""
    keys = (table.c[key], table.c.reporting_category)
    sums = [_sum(table.c[name]) for name in ("gross_minor", "fee_minor", "net_minor", "count")]
    return (
        select(*keys, *sums)
        .where(
            table.c.livemode == bindparam("livemode_"),
            table.c.day >= bindparam("since"),
            table.c.day < bindparam("until"),
            table.c.currency == bindparam("currency_"),
        )
        .group_by(*keys)
    )


def _sum(value: ColumnElement[Any]) -> ColumnElement[int]:
    # MySQL's sums are DECIMAL: as text on the wire, and slow to read.
    return cast(func.sum(value), BigInteger)


_P = revenue_fee_parts_daily.c
_PARTS = (
    select(_P.type, _sum(_P.amount_minor))
    .where(
        _P.livemode == bindparam("livemode_"),
        _P.day >= bindparam("since"),
        _P.day < bindparam("until"),
        _P.currency == bindparam("currency_"),
    )
    .group_by(_P.type)
)
_COLUMNS = (*FIGURES, *MOVEMENT_FIGURES)


def _figures(*found: Mapping[str, Sums]) -> dict[str, int]:
    """`FIGURES` and `MOVEMENT_FIGURES` of the sums of categories, in that order."""
    figures = dict.fromkeys(_COLUMNS, 0)
    for categories in found:
        for category, (amount, fee, net, count) in categories.items():
            add_row(figures, category, amount_minor=amount, fee_minor=fee, net_minor=net)
            if category == "charge":
                figures["count"] += count
    return figures


def _movements(categories: Mapping[str, Sums]) -> tuple[Movement, ...]:
    """By kind, in the order of the table, and the larger ones first in each."""
    found = [
        Movement(kind_of(category), category, amount, count)
        for category, (amount, _, _, count) in categories.items()
        if category not in REVENUE
    ]
    return tuple(
        sorted(found, key=lambda m: (MOVEMENTS.index(m.kind), -abs(m.amount_minor), m.category))
    )


def _revenue(conn: Connection, livemode: bool, currency: str, since: date, until: date) -> Revenue:
    read = _read(conn, revenue_daily, "currency", livemode, currency, since, until)
    categories = read.get(currency, {})
    found = _figures(categories)
    figures = {name: found[name] for name in FIGURES}
    return Revenue(currency, since, until, **figures, movements=_movements(categories))


def _by(
    conn: Connection,
    table: Table,
    name: str,
    livemode: bool,
    currency: str,
    since: date,
    until: date,
) -> list[Row]:
    _check(since, until)
    read = _read(conn, table, name, livemode, currency, since, until)
    rows = {value: _figures(categories) for value, categories in read.items()}
    largest = sorted(rows.items(), key=lambda row: (-row[1]["gross_minor"], row[0]))
    return _rows(name, dict(largest))


def _rows(key: str, found: Mapping[Any, Mapping[str, int]]) -> list[Row]:
    return [{key: value, **figures} for value, figures in found.items()]
