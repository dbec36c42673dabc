"""One payout: what it is made of, its own ledger row, and the one that brought its money back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, or_, select

from core.db.tables import balance_transactions, payments, payouts
from core.errors import NotFound
from core.reads.payouts.list import PayoutRow, shaped
from core.reads.permissions import requires
from core.reads.search import paging

LIMIT = 25
_P, _B = payouts.c, balance_transactions.c


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one reporting category that a payout paid out, summed in minor units."""

    category: str
    count: int
    gross_minor: int
    fee_minor: int
    net_minor: int


@dataclass(frozen=True, slots=True)
class OwnRow:
    """A ledger row that is about the payout itself; `net_minor` is below zero where it left."""

    stripe_id: str
    category: str
    net_minor: int
    created_at: datetime
    available_on: datetime


@dataclass(frozen=True, slots=True)
class PayoutDetail:
    """A payout and what it is made of. `left` is the row by which its money left Stripe's balance,
    `returned` the one that brought it back."""

    payout: PayoutRow
    statement_descriptor: str | None
    destination: str | None
    original_payout: str | None
    reversed_by: str | None
    parts: tuple[Part, ...]
    left: OwnRow | None
    returned: OwnRow | None
    as_of: datetime

    @property
    def sum_minor(self) -> int:
        """What its rows come to, in minor units of its currency."""
        return sum(part.net_minor for part in self.parts)

    @property
    def difference_minor(self) -> int | None:
        """Its rows less its amount; None of one that Stripe does not list rows for."""
        if not self.payout.automatic:
            return None
        return self.sum_minor - self.payout.amount.minor


@dataclass(frozen=True, slots=True)
class PaidOutRow:
    """A ledger row that a payout paid out; amounts in minor units of the payout's currency."""

    stripe_id: str
    created_at: datetime
    category: str
    source_id: str | None
    payment_id: str | None
    email: str | None
    amount_minor: int
    fee_minor: int
    net_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class RowPage:
    """A page of a payout's rows, newest first, and where newer and older ones begin."""

    rows: tuple[PaidOutRow, ...]
    newer: str | None
    older: str | None


@requires("see_revenue")
def by_id(conn: Connection, *, payout_id: str, livemode: bool) -> PayoutDetail:
    """The payout with this Stripe id in this mode, or `NotFound`."""
    row = conn.execute(
        select(payouts).where(_P.stripe_id == payout_id, _P.livemode == livemode)
    ).first()
    if row is None:
        raise NotFound(f"There is no payout {payout_id[:64]} here")
    own = _own_rows(conn, payout_id, row.balance_transaction_id)
    back = row.failure_balance_transaction_id
    returned = next((one for one in own if one.stripe_id == back), None) or next(
        (one for one in own if one.category == "payout_reversal"), None
    )
    return PayoutDetail(
        shaped(conn, [row])[0],
        row.statement_descriptor,
        row.destination,
        row.original_payout,
        row.reversed_by,
        _parts(conn, payout_id, row.currency),
        next((one for one in own if one != returned), None),
        returned,
        row.as_of,
    )


@requires("see_revenue")
def rows(
    conn: Connection,
    *,
    livemode: bool,
    payout_id: str,
    cursor: str | None = None,
    older: bool = True,
    limit: int = LIMIT,
) -> RowPage:
    """A page of the ledger rows that a payout paid out."""
    tests = [_B.livemode == livemode, _paid_out(payout_id)]
    find = paging.of_table(conn, _B.created_at, _B.stripe_id, tests)
    found = paging.page(find, str, cursor=cursor, older=older, limit=limit)
    asked = (
        select(balance_transactions, payments.c.email)
        .outerjoin(payments, payments.c.stripe_id == _B.payment_id)
        .where(_B.stripe_id.in_(found.keys))
    )
    shown = {
        row.stripe_id: PaidOutRow(
            row.stripe_id,
            row.created_at,
            row.reporting_category,
            row.source_id,
            row.payment_id,
            row.email,
            row.amount_minor,
            row.fee_minor,
            row.net_minor,
            row.currency,
        )
        for row in conn.execute(asked)
    }
    return RowPage(tuple(shown[key] for key in found.keys), found.newer, found.older)


def _paid_out(payout_id: str) -> ColumnElement[bool]:
    """Its rows, without the one that stands for itself."""
    other = or_(_B.source_id.is_(None), _B.source_id != payout_id)
    return (_B.payout_id == payout_id) & other


def _parts(conn: Connection, payout_id: str, currency: str) -> tuple[Part, ...]:
    """Its rows in its currency: one in another is a difference of the proof, and in no sum."""
    query = (
        select(
            _B.reporting_category,
            func.count(),
            func.sum(_B.amount_minor),
            func.sum(_B.fee_minor),
            func.sum(_B.net_minor),
        )
        .where(_paid_out(payout_id), _B.currency == currency)
        .group_by(_B.reporting_category)
        .order_by(_B.reporting_category)
    )
    return tuple(Part(row[0], *map(int, row[1:])) for row in conn.execute(query))


def _own_rows(conn: Connection, payout_id: str, named: str | None) -> list[OwnRow]:
    query = (
        select(_B.stripe_id, _B.reporting_category, _B.net_minor, _B.created_at, _B.available_on)
        .where(or_(_B.source_id == payout_id, _B.stripe_id == named))
        .order_by(_B.created_at, _B.stripe_id)
    )
    return [OwnRow(*row) for row in conn.execute(query)]
