"""Differences planted in the database by hand, each with the break that must be told of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, and_, delete, insert, select, update

from core import clock
from core.db.tables import (
    balance_transaction_fees,
    balance_transactions,
    charges,
    disputes,
    payouts,
    refunds,
    revenue_daily,
)

B, F = balance_transactions.c, balance_transaction_fees.c
#: Kind, object and currency of a break.
Key = tuple[str, str, str]


@dataclass
class Planter:
    """Plants in rows of a time from `since` until `until`, each in objects that nothing else was
    planted in."""

    connection: Connection
    dice: random.Random
    since: datetime
    until: datetime

    def __post_init__(self) -> None:
        # In an order of their own: ids, and the order in which rows lie, are others each time.
        stated = select(balance_transactions).order_by(
            B.created_at, B.reporting_category, B.currency, B.net_minor, B.stripe_id
        )
        rows = self.connection.execute(stated).mappings()
        self.rows = [dict(row) for row in rows if self.since < row["created_at"] < self.until]
        self.dice.shuffle(self.rows)
        # There are few of these, and one kind needs one: the others take it last.
        self.rows.sort(key=lambda row: row["reporting_category"] == "fee")
        self.used: set[str] = set()
        self.number = 0

    def take(self, fits: Callable[[dict[str, Any]], bool] = lambda _row: True) -> dict[str, Any]:
        """A row that fits and was not touched, nor the object and the payout behind it."""
        for row in self.rows:
            behind = {row["stripe_id"], row["source_id"]} - {None}
            if not behind & self.used and fits(row):
                self.used |= behind
                return row
        raise LookupError("no row is left for this kind")

    def set(self, row: dict[str, Any], **values: Any) -> None:
        """Change a ledger row where it stands."""
        self.connection.execute(
            update(balance_transactions).where(B.stripe_id == row["stripe_id"]).values(**values)
        )

    def copy(self, row: dict[str, Any], **values: Any) -> str:
        """Write a row like another one under an id that Stripe never gave."""
        self.number += 1
        stripe_id = f"txn_planted{self.number:04}"
        new = row | {"stripe_id": stripe_id, "payout_id": None} | values
        self.connection.execute(insert(balance_transactions).values(**new))
        parts = self.connection.execute(
            select(balance_transaction_fees).where(F.transaction_id == row["stripe_id"])
        ).mappings()
        for part in list(parts):
            self.connection.execute(
                insert(balance_transaction_fees).values(
                    **dict(part) | {"transaction_id": stripe_id}
                )
            )
        return stripe_id

    def object(self, table: Table, **fits: Any) -> Any:
        """An object of the mirror, made before `until`, that nothing else was planted in."""
        query = select(table).where(table.c.created_at.between(self.since, self.until))
        for name, value in fits.items():
            query = query.where(table.c[name] == value)
        found = list(self.connection.execute(query.order_by(table.c.stripe_id)))
        self.dice.shuffle(found)
        for one in found:
            named = getattr(one, "balance_transaction_id", None)
            if not {one.stripe_id, named} & self.used:
                self.used |= {one.stripe_id, named} - {None}
                return one
        raise LookupError(f"no {table.name} is left")


def missing_here(to: Planter) -> Iterator[Key]:
    row = to.take()
    for table, column in (
        (balance_transaction_fees, F.transaction_id),
        (balance_transactions, B.stripe_id),
    ):
        to.connection.execute(delete(table).where(column == row["stripe_id"]))
    yield "missing_here", row["stripe_id"], row["currency"]


def missing_there(to: Planter) -> Iterator[Key]:
    like = to.take(lambda row: row["reporting_category"] == "fee")
    yield "missing_there", to.copy(like, source_id=None), like["currency"]


def one_minor_unit_more(to: Planter) -> Iterator[Key]:
    """A cent, a yen or a fils, as the currency has it."""
    row = to.take()
    to.set(row, amount_minor=row["amount_minor"] + 1, net_minor=row["net_minor"] + 1)
    yield "amount", row["stripe_id"], row["currency"]


def net_alone(to: Planter) -> Iterator[Key]:
    row = to.take()
    to.set(row, net_minor=row["net_minor"] - 1)
    yield "amount", row["stripe_id"], row["currency"]


def fee_and_net(to: Planter) -> Iterator[Key]:
    row = to.take(lambda row: bool(row["fee_minor"]))
    to.set(row, fee_minor=row["fee_minor"] + 1, net_minor=row["net_minor"] - 1)
    yield "fee", row["stripe_id"], row["currency"]


def fee_part_of_another_kind(to: Planter) -> Iterator[Key]:
    row = to.take(lambda row: bool(row["fee_minor"]))
    to.connection.execute(
        update(balance_transaction_fees)
        .where(F.transaction_id == row["stripe_id"], F.position == 0)
        .values(type="withheld_tax")
    )
    yield "fee", row["stripe_id"], row["currency"]


def currency(to: Planter) -> Iterator[Key]:
    row = to.take()
    other = "sek" if row["currency"] != "sek" else "nok"
    to.set(row, currency=other)
    yield "currency", row["stripe_id"], other


def category(to: Planter) -> Iterator[Key]:
    row = to.take()
    to.set(row, reporting_category="contribution")
    yield "category", row["stripe_id"], row["currency"]


def business_day(to: Planter) -> Iterator[Key]:
    """A row moved over midnight in the reporting time zone."""
    row = to.take()
    to.set(row, business_day=row["business_day"] + timedelta(days=1))
    yield "day", row["stripe_id"], row["currency"]


def time(to: Planter) -> Iterator[Key]:
    """A row moved by a day, its time and its day alike."""
    row = to.take()
    to.set(
        row,
        created_at=row["created_at"] - timedelta(days=1),
        business_day=row["business_day"] - timedelta(days=1),
    )
    yield "day", row["stripe_id"], row["currency"]


def duplicate(to: Planter) -> Iterator[Key]:
    row = to.take(lambda row: row["reporting_category"] == "charge")
    yield "duplicate", to.copy(row), row["currency"]


def swapped_pair(to: Planter) -> Iterator[Key]:
    """Two charges change places in the ledger: no sum is another one."""
    is_charge = lambda row: row["reporting_category"] == "charge"  # noqa: E731
    one = to.take(is_charge)
    other = to.take(lambda row: is_charge(row) and row["currency"] == one["currency"])
    to.set(one, source_id=other["source_id"])
    to.set(other, source_id=one["source_id"])
    yield "orphan", one["stripe_id"], one["currency"]
    yield "orphan", other["stripe_id"], other["currency"]


def payout_without_a_row(to: Planter) -> Iterator[Key]:
    """Of one whose list Stripe has completed: until then nobody knows it. One that failed paid
    nothing out, and is asked for no sum."""
    p = payouts.c
    done = and_(p.reconciliation_status == "completed", p.status.not_in(["failed", "canceled"]))
    listed = set(to.connection.scalars(select(p.stripe_id).where(done))) - to.used
    row = to.take(
        lambda row: (
            row["payout_id"] in listed
            and row["source_id"] != row["payout_id"]
            and row["net_minor"] != 0
        )
    )
    to.used.add(row["payout_id"])
    to.set(row, payout_id=None)
    yield "payout_sum", row["payout_id"], row["currency"]


def payout_state(to: Planter) -> Iterator[Key]:
    one = to.object(payouts, status="paid")
    to.connection.execute(
        update(payouts)
        .where(payouts.c.stripe_id == one.stripe_id)
        .values(status="in_transit", as_of=clock.now() - timedelta(hours=3))
    )
    yield "payout_state", one.stripe_id, one.currency


def payout_amount(to: Planter) -> Iterator[Key]:
    one = to.object(payouts, status="paid")
    _more(to, payouts, one.stripe_id, "amount_minor")
    yield "amount", one.stripe_id, one.currency


def captured(to: Planter) -> Iterator[Key]:
    one = to.object(charges, status="succeeded", currency="usd")
    _more(to, charges, one.stripe_id, "amount_captured_minor")
    yield "amount", one.balance_transaction_id, one.currency


def refunded(to: Planter) -> Iterator[Key]:
    one = to.object(refunds, status="succeeded", currency="usd")
    _more(to, refunds, one.stripe_id, "amount_minor")
    yield "amount", one.balance_transaction_id, one.currency


def disputed(to: Planter) -> Iterator[Key]:
    one = to.object(disputes, status="lost", currency="usd")
    to.connection.execute(
        update(disputes)
        .where(disputes.c.stripe_id == one.stripe_id)
        .values(amount_minor=one.amount_minor + 1, as_of=clock.now() - timedelta(days=3))
    )
    yield "amount", one.stripe_id, one.currency


def lost_charge(to: Planter) -> Iterator[Key]:
    """Of a row that is old enough: a debit is booked days after its charge was made. One whose row
    is taken out already has none."""
    while True:
        one = to.object(charges, status="succeeded")
        of_charge = select(B.currency, B.created_at).where(B.source_id == one.stripe_id)
        rows = to.connection.execute(of_charge).all()
        if rows and all(row.created_at < to.until for row in rows):
            break
    to.connection.execute(delete(charges).where(charges.c.stripe_id == one.stripe_id))
    yield "missing_here", one.stripe_id, rows[0].currency


def daily_sum(to: Planter) -> Iterator[Key]:
    r = revenue_daily.c
    known = select(revenue_daily).where(
        r.reporting_category.in_(["charge", "fee", "refund"]),
        r.day.between(to.since.date(), to.until.date()),
    )
    for row in to.connection.execute(known.order_by(r.day)):
        name = f"sums of {row.reporting_category} {row.currency}"
        if name in to.used:
            continue
        to.used.add(name)
        keys = [
            revenue_daily.c[column.name] == getattr(row, column.name)
            for column in revenue_daily.primary_key.columns
        ]
        to.connection.execute(
            update(revenue_daily).where(*keys).values(net_minor=row.net_minor + 7)
        )
        yield "amount", row.reporting_category, row.currency
        return
    raise LookupError("no sum is left")


def _more(to: Planter, table: Table, stripe_id: str, column: str) -> None:
    to.connection.execute(
        update(table).where(table.c.stripe_id == stripe_id).values({column: table.c[column] + 1})
    )


#: Each kind of difference, and how many of it there are in a hundred.
PLANTS: dict[Callable[[Planter], Iterator[Key]], int] = {
    missing_here: 12,
    missing_there: 2,
    one_minor_unit_more: 16,
    net_alone: 8,
    fee_and_net: 8,
    fee_part_of_another_kind: 8,
    currency: 5,
    category: 8,
    business_day: 6,
    time: 4,
    duplicate: 5,
    swapped_pair: 2,
    payout_without_a_row: 3,
    payout_state: 2,
    payout_amount: 1,
    captured: 4,
    refunded: 1,
    disputed: 1,
    lost_charge: 3,
    daily_sum: 1,
}


def plant(to: Planter, count: int) -> set[Key]:
    """Plant `count` differences or as many as there are objects for, and at least one of each kind;
    the breaks that must be told of them."""
    found: set[Key] = set()
    # What there is little of comes first: the others find rows enough.
    for kind in sorted(PLANTS, key=lambda one: PLANTS[one]):
        wanted = max(1, PLANTS[kind] * count // 100)
        made = 0
        while made < wanted:
            try:
                found |= set(kind(to))
            except LookupError:
                break
            made += 1
        assert made, f"nothing could be planted: {kind.__name__}"
    return found
