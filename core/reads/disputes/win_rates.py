"""Counter or accept, by what answers were worth before, and how many decisions that rests on."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy import Connection, select

from core.db.tables import balance_transactions, disputes
from core.money import Money
from core.reads.disputes.list import WinRate, win_rates
from core.reads.permissions import requires

#: Fewer decisions of a reason than this are an anecdote.
ENOUGH = 10
_LOOKED_AT = 100


@dataclass(frozen=True, slots=True)
class Odds:
    """What countering is worth beside accepting, which is worth nothing more and nothing less.

    `at_stake` and `fee` are in the settlement currency; `fee` is taken for countering and given
    back when won, None where it is not known; `fee_is_known`: it was seen in our own ledger, and
    is not the one for receiving a dispute, which is as high in Stripe's price lists.
    """

    at_stake: Money
    fee: Money | None
    fee_is_known: bool
    own: WinRate

    @property
    def enough(self) -> bool:
        """Whether the win rate rests on enough decisions to reckon with."""
        return self.own.decided >= ENOUGH

    @property
    def break_even(self) -> Fraction | None:
        """The win rate from which countering pays: p × stake = (1 - p) × fee."""
        whole = self.at_stake.minor + (self.fee.minor if self.fee else 0)
        return Fraction(self.fee.minor, whole) if self.fee and whole > 0 else None

    @property
    def expected(self) -> Money | None:
        """p × stake - (1 - p) × fee, rounded down to minor units; None without fee or sample."""
        rate = self.own.rate
        if rate is None or self.fee is None:
            return None
        value = rate * self.at_stake.minor - (1 - rate) * self.fee.minor
        return Money(value.numerator // value.denominator, self.at_stake.currency)


@requires("see_disputes")
def odds(conn: Connection, *, dispute_id: str, livemode: bool) -> Odds | None:
    """What countering a dispute is worth by our own record; None where there is no such dispute."""
    d = disputes.c
    row = conn.execute(
        select(disputes).where(d.stripe_id == dispute_id, d.livemode == livemode)
    ).first()
    if row is None:
        return None
    rates = {line.reason: line for line in win_rates(conn, livemode=livemode)}
    reason = row.reason or ""
    own = rates.get(reason, WinRate(reason, 0, 0, 0))
    b = balance_transactions.c
    taken = conn.execute(
        select(b.amount_minor, b.fee_minor, b.currency)
        .where(b.source_id == dispute_id, b.reporting_category == "dispute")
        .order_by(b.created_at)
    ).first()
    if taken is None:
        return Odds(Money(row.amount_minor, row.currency), None, False, own)
    stake = Money(-taken.amount_minor, taken.currency)
    returned = _returned(conn, taken.currency, livemode)
    fee = -returned if returned is not None else taken.fee_minor
    return Odds(stake, Money(fee, taken.currency), returned is not None, own)


def _returned(conn: Connection, currency: str, livemode: bool) -> int | None:
    """The fee that came back (negative) with one of the last disputes won in this currency."""
    d, b = disputes.c, balance_transactions.c
    won = (
        select(d.stripe_id)
        .where(d.status == "won", d.livemode == livemode)
        .order_by(d.created_at.desc())
        .limit(_LOOKED_AT)
    )
    return conn.scalar(
        select(b.fee_minor)
        .where(
            b.source_id.in_(list(conn.scalars(won))),
            b.reporting_category == "dispute_reversal",
            b.currency == currency,
            b.fee_minor < 0,
        )
        .order_by(b.created_at.desc())
        .limit(1)
    )
