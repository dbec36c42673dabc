"""What somebody must see before giving money back, and what waits for a second person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from core.db.tables import payments, refund_requests, users
from core.domain.refund_warnings import warnings
from core.domain.refundable import refundable_balance
from core.errors import NotFound
from core.money import Money
from core.reads.permissions import requires
from core.states import RefundState

#: More than this is never shown at once; the oldest come first.
MAX_WAITING = 200


@dataclass(frozen=True, slots=True)
class Figures:
    """A payment before a refund: `captured` less `refunded`, `pending`, `reserved` and `withdrawn`
    is `available`, or nothing where they are more. Disputes hold or took what is `withdrawn`.

    `fee` is what Stripe keeps of the payment whatever goes back; `net` what the payment and its
    refunds so far come to, in the settlement currency; both None until Stripe has booked it.
    """

    payment_id: str
    status: str
    disputed: bool
    captured: Money
    refunded: Money
    pending: Money
    reserved: Money
    withdrawn: Money
    available: Money
    fee: Money | None
    net: Money | None
    #: What the payment alone came to before its fee, in the settlement currency.
    settled: Money | None
    #: What is to be told before anything goes back (`core.domain.refund_warnings`).
    warnings: tuple[str, ...]

    def net_after(self, amount: Money) -> Money | None:
        """What the net becomes when so much more goes back; None until Stripe has booked it.

        Exact in one currency; at the payment's own rate where Stripe converts, which is a guess.
        """
        if self.net is None or self.settled is None:
            return None
        return self.net - _share(self.settled, amount, self.captured)

    @property
    def is_guess(self) -> bool:
        """Whether `net` rests on a rate that may not be the refund's."""
        return self.settled is not None and self.settled.currency != self.captured.currency


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that a second person decides about, until `expires_at` (UTC). `over` is the limit
    it is above: per_refund or per_day; who is `asked_user_id` may not decide."""

    request_id: str
    payment_id: str
    amount: Money
    reason: str
    note: str | None
    over: str | None
    asked_by: str
    asked_user_id: str
    by_token: bool
    created_at: datetime
    expires_at: datetime
    payment_amount: Money
    email: str | None
    disputed: bool


@requires("ask_refund")
def figures(conn: Connection, *, payment_id: str, livemode: bool) -> Figures:
    """The figures of one payment of this mode; `NotFound` when there is none."""
    p = payments.c
    row = conn.execute(
        select(payments).where(p.stripe_id == payment_id, p.livemode == livemode)
    ).first()
    if row is None:
        raise NotFound(f"There is no payment {payment_id[:64]} here")
    stands = refundable_balance(conn, row)

    def money(minor: int) -> Money:
        return Money(minor, row.currency)

    captured = money(stands.captured_minor)
    fee = settled = net = None
    if row.fee_minor is not None and row.net_minor is not None and row.settlement_currency:
        fee = Money(row.fee_minor, row.settlement_currency)
        settled = Money(row.net_minor, row.settlement_currency) + fee
        left = money(stands.refunded_minor + stands.pending_minor)
        net = settled - fee - _share(settled, left, captured)
    return Figures(
        payment_id=row.stripe_id,
        status=row.status,
        disputed=row.disputed,
        captured=captured,
        refunded=money(stands.refunded_minor),
        pending=money(stands.pending_minor),
        reserved=money(stands.reserved_minor),
        withdrawn=money(stands.disputed_minor),
        available=money(stands.available_minor),
        fee=fee,
        net=net,
        settled=settled,
        warnings=warnings(conn, row.stripe_id),
    )


@requires("approve_refund")
def waiting(conn: Connection, *, livemode: bool, now: datetime) -> tuple[Waiting, ...]:
    """What waits for approval now, the nearest end first."""
    q, p = refund_requests.c, payments.c
    query = (
        select(
            refund_requests,
            users.c.name,
            p.amount_minor.label("payment_minor"),
            p.email,
            p.disputed,
        )
        .join_from(refund_requests, payments, p.stripe_id == q.payment_id)
        .outerjoin(users, users.c.id == q.asked_user_id)
        .where(q.state == RefundState.AWAITING_APPROVAL, q.livemode == livemode, q.expires_at > now)
        .order_by(q.expires_at, q.id)
        .limit(MAX_WAITING)
    )
    return tuple(
        Waiting(
            request_id=row.id,
            payment_id=row.payment_id,
            amount=Money(row.amount_minor, row.currency),
            reason=row.reason,
            note=row.note,
            over=row.over,
            asked_by=row.name or row.asked_by,
            asked_user_id=row.asked_user_id,
            by_token=row.asked_by != row.asked_user_id,
            created_at=row.created_at,
            expires_at=row.expires_at,
            payment_amount=Money(row.payment_minor, row.currency),
            email=row.email,
            disputed=row.disputed,
        )
        for row in conn.execute(query)
    )


def _share(settled: Money, amount: Money, captured: Money) -> Money:
    """The part of what was settled that an amount of the payment stands for, rounded half up."""
    if captured.minor <= 0:
        return Money(0, settled.currency)
    parts = settled.minor * amount.minor
    return Money((2 * parts + captured.minor) // (2 * captured.minor), settled.currency)
