"""What a month's ledger rows come to: sums, and digests that any change of them would change."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from core import clock
from core.db.tables import balance_transactions, payouts
from core.domain.row_digest import row_hash, total
from core.proof.rows_with_parts import rows_with_parts

_B = balance_transactions.c
_BOOKED = (_B.business_day, _B.booked_day, _B.payout_id)


@dataclass(frozen=True, slots=True)
class Sum:
    """The rows of one currency, balance type and reporting category, in minor units."""

    currency: str
    balance_type: str
    category: str
    count: int
    gross_minor: int
    fee_minor: int
    net_minor: int


@dataclass(frozen=True, slots=True)
class DaySeal:
    """The rows of one day and currency: count, net in minor units, and their digest."""

    day: date
    currency: str
    count: int
    net_minor: int
    digest: str


@dataclass(frozen=True, slots=True)
class Seal:
    """All rows that count in a month. `rows_digest` is SHA-256 over all that they say, in the order
    of their ids; `payouts_digest` over which of them the payouts made until its end paid out."""

    count: int
    sums: tuple[Sum, ...]
    days: tuple[DaySeal, ...]
    rows_digest: str
    payouts_digest: str

    def shown(self) -> dict[str, Any]:
        """As the certificate keeps it."""
        return {
            "rows": self.count,
            "rows_digest": self.rows_digest,
            "payouts_digest": self.payouts_digest,
            "sums": [
                {
                    "currency": one.currency,
                    "balance_type": one.balance_type,
                    "reporting_category": one.category,
                    "count": one.count,
                    "gross_minor": one.gross_minor,
                    "fee_minor": one.fee_minor,
                    "net_minor": one.net_minor,
                }
                for one in self.sums
            ],
            "days": [
                {
                    "day": one.day.isoformat(),
                    "currency": one.currency,
                    "count": one.count,
                    "net_minor": one.net_minor,
                    "digest": one.digest,
                }
                for one in self.days
            ],
        }


def counted_in(livemode: bool, first: date, last: date) -> ColumnElement[bool]:
    """The rows that count in these days: those that happened then and were not booked elsewhere,
    and those that were booked there."""
    happened = and_(_B.booked_day.is_(None), _B.business_day.between(first, last))
    return and_(_B.livemode == livemode, or_(happened, _B.booked_day.between(first, last)))


def seal(connection: Connection, livemode: bool, first: date, last: date) -> Seal:
    """Seal the rows that count in these days, as they are now."""
    rows, paid = hashlib.sha256(), hashlib.sha256()
    sums: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    days: dict[tuple[date, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    until = _made_until(connection, livemode, last)
    count = 0
    for row, parts in rows_with_parts(connection, counted_in(livemode, first, last), more=_BOOKED):
        count += 1
        day = row.booked_day or row.business_day
        rows.update(_line(row, day, parts).encode())
        if row.payout_id in until:
            paid.update(f"{row.stripe_id} {row.payout_id}\n".encode())
        found = sums[row.currency, row.balance_type, row.reporting_category]
        for place, minor in enumerate((1, row.amount_minor, row.fee_minor, row.net_minor)):
            found[place] += minor
        one = days[day, row.currency]
        one[0] += 1
        one[1] += row.net_minor
        one[2] += _hash(row, parts)
    return Seal(
        count,
        tuple(Sum(*key, *figures) for key, figures in sorted(sums.items())),
        tuple(
            DaySeal(day, currency, one[0], one[1], total((one[2],)))
            for (day, currency), one in sorted(days.items())
        ),
        rows.hexdigest(),
        paid.hexdigest(),
    )


def _made_until(connection: Connection, livemode: bool, last: date) -> set[str]:
    """The payouts that were made in these days or before: what they paid out changes no more."""
    query = select(payouts.c.stripe_id, payouts.c.created_at).where(payouts.c.livemode == livemode)
    return {row[0] for row in connection.execute(query) if row[1].date() < last}


def _line(row: Any, day: date, parts: tuple[tuple[str, int], ...]) -> str:
    made_of = ",".join(sorted(f"{kind}:{minor}" for kind, minor in parts))
    return (
        f"{row.stripe_id}|{row.type}|{row.reporting_category}|{row.source_id or ''}"
        f"|{row.amount_minor}|{row.fee_minor}|{row.net_minor}|{row.currency}|{row.balance_type}"
        f"|{clock.to_unix(row.created_at)}|{day.isoformat()}|{made_of}\n"
    )


def _hash(row: Any, parts: tuple[tuple[str, int], ...]) -> int:
    return row_hash(
        row.stripe_id,
        row.type,
        row.reporting_category,
        row.source_id,
        row.amount_minor,
        row.fee_minor,
        row.net_minor,
        row.currency,
        row.balance_type,
        row.created_at,
        parts,
    )
