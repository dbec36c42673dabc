"""Two mirrors held against each other, table by table and column by column, in flat memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    case,
    func,
    literal,
    or_,
    select,
)

from core.db import tables as t
from core.ledger.upkeep import LONGEST_PENDING

#: Keys that a comparison names of each table.
FIRST = 20
_CHUNK = 2_000

Key = tuple[Any, ...]
Report = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Difference:
    """A key that differs, and in which columns; none where one side lacks it (`only_in`)."""

    key: Key
    columns: tuple[str, ...]
    only_in: str | None = None

    def shown(self) -> dict[str, Any]:
        """As JSON has it. Values are left out: they may be a person's."""
        key = [value if isinstance(value, bool | int) else str(value) for value in self.key]
        return {"key": key, "columns": list(self.columns), "only_in": self.only_in}


@dataclass(slots=True)
class TableComparison:
    """How many rows stand, how many were rebuilt, how many differ, and the first that do."""

    name: str
    standing: int = 0
    rebuilt: int = 0
    differing: int = 0
    first: list[Difference] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Whether every row is there on both sides, the same in every column."""
        return self.differing == 0

    def shown(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "table": self.name,
            "standing": self.standing,
            "rebuilt": self.rebuilt,
            "differing": self.differing,
            "first": [one.shown() for one in self.first],
        }

    def note(self, difference: Difference) -> None:
        """Count a difference; the first are kept."""
        self.differing += 1
        if len(self.first) < FIRST:
            self.first.append(difference)


@dataclass(frozen=True, slots=True)
class _Asked:
    """How a table is read: rows in the order of their key, which comes first."""

    name: str
    key: int
    query: Select[Any]


def compare(
    standing: Connection, rebuilt: Connection, *, at: datetime, report: Report
) -> Iterator[TableComparison]:
    """Compare every table of the mirror, the ledger and the sums. Each connection is one picture.

    Not compared: `payments.updated_at`, which says in which order states came, and numbers of our
    own (facets, slots): the words and the sums that they stand for are. Money that is available by
    `at` counts as that on both sides.
    """
    every = _asked(at)
    for done, one in enumerate(every, start=1):
        yield _compared(one, standing, rebuilt)
        report("compare", done, len(every))


def _compared(asked: _Asked, standing: Connection, rebuilt: Connection) -> TableComparison:
    found = TableComparison(asked.name)
    names = [column.name for column in asked.query.selected_columns]
    ours, theirs = _rows(standing, asked), _rows(rebuilt, asked)
    one, other = next(ours, None), next(theirs, None)
    while one is not None or other is not None:
        before = other is None or (one is not None and one[: asked.key] < other[: asked.key])
        after = one is None or (other is not None and other[: asked.key] < one[: asked.key])
        if one is not None and not after:
            found.standing += 1
        if other is not None and not before:
            found.rebuilt += 1
        if one is not None and before:
            found.note(Difference(one[: asked.key], (), "standing"))
        elif other is not None and after:
            found.note(Difference(other[: asked.key], (), "rebuilt"))
        elif one is not None and other is not None and one != other:
            pairs = zip(names, one, other, strict=True)
            columns = tuple(name for name, here, there in pairs if here != there)
            found.note(Difference(one[: asked.key], columns))
        if not after:
            one = next(ours, None)
        if not before:
            other = next(theirs, None)
    return found


def _rows(connection: Connection, asked: _Asked) -> Iterator[Key]:
    streamed = connection.execution_options(stream_results=True, yield_per=_CHUNK)
    for row in streamed.execute(asked.query):
        yield tuple(int(value) if isinstance(value, Decimal) else value for value in row)


def _asked(at: datetime) -> list[_Asked]:
    plain = (t.charges, t.refunds, t.disputes, t.payouts, t.early_fraud_warnings, t.reviews)
    return [
        _plain(t.payments, ("stripe_id",), without=("facet", "updated_at"), facet=True),
        *(_plain(table, ("stripe_id",)) for table in (*plain, t.customers)),
        _ledger(at),
        _plain(t.balance_transaction_fees, ("transaction_id", "position")),
        _sums(t.revenue_daily, ("method",)),
        _sums(t.revenue_country_daily, ("card_country",)),
        _sums(t.revenue_fee_parts_daily, ("type",), ("amount_minor",)),
        _days(),
        _counts(t.amount_hist, "currency", "bucket"),
        _counts(t.email_prefix, "p3"),
        _plain(
            t.payment_words,
            ("kind", "word", "livemode", "created_at", "stripe_id"),
            without=("facet",),
            facet=True,
        ),
    ]


#: What a facet's number stands for.
_FACET = tuple(column.label(f"facet.{column.name}") for column in t.facets.c if column.name != "id")


def _plain(
    table: Table, key: tuple[str, ...], *, without: tuple[str, ...] = (), facet: bool = False
) -> _Asked:
    others = [c for c in table.c if c.name not in key and c.name not in without]
    columns = [*(table.c[name] for name in key), *others]
    query: Select[Any] = select(*columns, *_FACET) if facet else select(*columns)
    if facet:
        query = query.select_from(table.outerjoin(t.facets, t.facets.c.id == table.c.facet))
    return _Asked(table.name, len(key), query.order_by(*(table.c[name] for name in key)))


def _ledger(at: datetime) -> _Asked:
    """The ledger, with what is available by now told as that: nothing but time says so."""
    b = t.balance_transactions.c
    due = (b.created_at > at - LONGEST_PENDING) & (b.status == "pending") & (b.available_on <= at)
    status = case((due, literal("available")), else_=b.status).label("status")
    others = [c for c in b if c.name not in ("stripe_id", "status")]
    query = select(b.stripe_id, status, *others).order_by(b.stripe_id)
    return _Asked(t.balance_transactions.name, 1, query)


_REVENUE = ("gross_minor", "fee_minor", "net_minor", "count")


def _sums(table: Table, dimension: tuple[str, ...], sums: tuple[str, ...] = _REVENUE) -> _Asked:
    c = table.c
    names = ("livemode", "day", "currency", "reporting_category", *dimension)
    return _grouped(table, [c[name] for name in names if name in c], [c[name] for name in sums])


def _counts(table: Table, *key: str) -> _Asked:
    return _grouped(table, [table.c[name] for name in key], [table.c.n])


def _days() -> _Asked:
    d, f = t.payments_daily.c, t.facets.c
    own = [d[column.name] for column in f if column.name != "id"]
    keys = [d.day, *own, *_FACET]
    asked = _grouped(t.payments_daily, keys, [d["count"], d.amount_minor, d.captured_minor])
    joined = t.payments_daily.join(t.facets, f.id == d.facet)
    return _Asked(asked.name, asked.key, asked.query.select_from(joined))


def _grouped(table: Table, keys: list[Any], sums: list[ColumnElement[Any]]) -> _Asked:
    """Sums over slots. What came and went again leaves a row of zeros, which says nothing."""
    totals = [func.sum(column).label(str(column.key)) for column in sums]
    query = (
        select(*keys, *totals)
        .group_by(*keys)
        .having(or_(*(func.sum(column) != 0 for column in sums)))
        .order_by(*keys)
    )
    return _Asked(table.name, len(keys), query)
