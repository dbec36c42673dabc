"""Whether the ledger is Stripe's: by day beside Stripe's list, and in all beside its balance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, and_, func, or_, select

from core.clock import from_unix
from core.db.tables import balance_checks, ledger_checks
from core.domain import cursors
from core.reads.permissions import requires


@dataclass(frozen=True, slots=True)
class DayDifference:
    """A day (UTC) whose rows in one currency are not those of Stripe's list. Minor units.

    More at Stripe (`theirs`): rows that could not be read, or not be written. More here (`ours`):
    rows that Stripe lists no more.
    """

    day: date
    currency: str
    theirs_count: int
    theirs_net_minor: int
    ours_count: int
    ours_net_minor: int
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class BalanceDifference:
    """A balance that the ledger does not add up to. Minor units of `currency`.

    `balance_type` is Stripe's: payments, issuing and so on. `expected_minor` is what the ledger
    makes it: what was there before the oldest row that is mirrored (`since`), and all rows since.
    """

    currency: str
    balance_type: str
    balance_minor: int
    expected_minor: int
    since: datetime | None
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class LedgerChecks:
    """What differs. `days_checked_at`: when all days were last compared to the end, each day's own
    time stands with it; `balances_checked_at`: when the balances were. None before the first."""

    days: tuple[DayDifference, ...]
    balances: tuple[BalanceDifference, ...]
    days_checked_at: datetime | None
    balances_checked_at: datetime | None

    @property
    def is_proved(self) -> bool:
        """Whether all was compared, and nothing differs."""
        compared = self.days_checked_at is not None and self.balances_checked_at is not None
        return compared and not self.days and not self.balances


@requires("see_revenue")
def differences(conn: Connection, *, livemode: bool) -> LedgerChecks:
    """The days and balances of a mode that differ from Stripe's: the newest day first."""
    d, b = ledger_checks.c, balance_checks.c
    unlike = or_(d.theirs_count != d.ours_count, d.theirs_net_minor != d.ours_net_minor)
    days = conn.execute(
        select(
            d.day,
            d.currency,
            d.theirs_count,
            d.theirs_net_minor,
            d.ours_count,
            d.ours_net_minor,
            d.checked_at,
        )
        .where(d.livemode == livemode, unlike)
        .order_by(d.day.desc(), d.currency)
    )
    expected = b.opening_minor + b.ledger_minor
    balances = conn.execute(
        select(b.currency, b.balance_type, b.balance_minor, expected, b.since, b.checked_at)
        .where(and_(b.livemode == livemode, expected != b.balance_minor))
        .order_by(b.currency, b.balance_type)
    )
    ended = (cursors.position(conn, cursors.ledger_check(livemode)) or {}).get("ended")
    oldest_balance = select(func.min(b.checked_at)).where(b.livemode == livemode)
    return LedgerChecks(
        tuple(DayDifference(*row) for row in days),
        tuple(BalanceDifference(*row) for row in balances),
        None if ended is None else from_unix(ended),
        conn.scalar(oldest_balance),
    )
