"""What payers paid and got back, in each currency by itself, over their newest payments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    case,
    cast,
    func,
    literal,
    select,
    union_all,
)

from core.db.tables import payments
from core.domain.payers import payments_of
from core.money import Money


@dataclass(frozen=True, slots=True)
class Totals:
    """A payer's payments in one currency. `paid` is what was captured; `given_back` what refunds
    that did not fail gave back of it; `disputed` what disputes hold or took of it."""

    payments: int
    paid: Money
    given_back: Money
    disputed: Money

    @property
    def currency(self) -> str:
        """Of all three."""
        return self.paid.currency


@dataclass(frozen=True, slots=True)
class PayerSums:
    """Counts of a payer's payments, and what they come to: a line a currency, the one with most
    payments first. `whole` False: the payer has more payments than were summed, the newest ones."""

    payments: int = 0
    failed: int = 0
    last_at: datetime | None = None
    totals: tuple[Totals, ...] = ()
    whole: bool = True


def sums_of(
    connection: Connection, payers: Sequence[str], *, livemode: bool, most: int
) -> dict[str, PayerSums]:
    """The sums of each payer (`core.domain.payers`), over at most `most` payments of each.

    Each is read from its own index in order of time: nobody's many payments hold the others up.
    """
    if not payers:
        return {}
    p = payments.c
    parts = []
    for number, payer in enumerate(payers):
        newest = (
            select(
                p.currency,
                p.created_at,
                p.state,
                p.amount_captured_minor,
                p.amount_refunded_minor,
                p.amount_disputed_minor,
            )
            .where(payments_of(payer, livemode=livemode))
            .order_by(p.created_at.desc(), p.stripe_id.desc())
            .limit(most)
            .subquery(f"n{number}")
        )
        n = newest.c
        parts.append(
            select(
                literal(number).label("payer"),
                n.currency,
                func.count().label("payments"),
                _whole(func.sum(case((n.state == "failed", 1), else_=0))).label("failed"),
                func.max(n.created_at).label("last_at"),
                _whole(func.sum(n.amount_captured_minor)).label("paid"),
                _whole(func.sum(n.amount_refunded_minor)).label("given_back"),
                _whole(func.sum(n.amount_disputed_minor)).label("disputed"),
            ).group_by(n.currency)
        )
    found: dict[str, list[tuple[int, datetime, Totals]]] = {payer: [] for payer in payers}
    for row in connection.execute(union_all(*parts)):
        amounts = (Money(int(minor), row.currency) for minor in row[5:8])
        line = Totals(row.payments, *amounts)
        found[payers[row.payer]].append((int(row.failed), row.last_at, line))
    return {payer: _summed(lines, most) for payer, lines in found.items()}


def _summed(lines: list[tuple[int, datetime, Totals]], most: int) -> PayerSums:
    if not lines:
        return PayerSums()
    totals = sorted((line for *_, line in lines), key=lambda one: (-one.payments, one.currency))
    count = sum(one.payments for one in totals)
    return PayerSums(
        payments=count,
        failed=sum(failed for failed, *_ in lines),
        last_at=max(last_at for _, last_at, _ in lines),
        totals=tuple(totals),
        whole=count < most,
    )


def _whole(amount: ColumnElement[int]) -> ColumnElement[int]:
    return cast(amount, BigInteger)
