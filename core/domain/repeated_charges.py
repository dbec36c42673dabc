"""Whether two payments look as if somebody was charged twice for one thing.

The rule: the same payer (customer at Stripe, e-mail address or card), the same amount in the same
currency, money taken both times and given back whole neither time, at most a day between the two,
and not two different orders. It says what a person should look at; it decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

#: Further apart, the same amount is a second purchase: a subscription's, or the next day's lunch.
WITHIN = timedelta(hours=24)
#: What tells a payer, the surest first.
PAYER = ("customer_id", "email", "card_fingerprint")


@dataclass(frozen=True, slots=True)
class Taken:
    """A payment as the rule sees it. Amounts are minor units of `currency`; `made_at` is UTC;
    `order_id` is the shop's own number."""

    payment_id: str
    made_at: datetime
    amount_minor: int
    currency: str
    captured_minor: int
    refunded_minor: int
    customer_id: str | None = None
    email: str | None = None
    card_fingerprint: str | None = None
    order_id: str | None = None

    @property
    def is_kept(self) -> bool:
        """Whether money was taken, and some of it not given back."""
        return self.captured_minor > 0 and self.refunded_minor < self.captured_minor


def shared_payer(one: Taken, other: Taken) -> tuple[str, ...]:
    """By what (of `PAYER`) two payments are the same payer's; nothing for two payers.

    What is not known of a payment is the same as nothing.
    """
    return tuple(
        name for name in PAYER if getattr(one, name) and getattr(one, name) == getattr(other, name)
    )


def looks_charged_twice(one: Taken, other: Taken) -> bool:
    """Whether the rule of this module holds for two payments; whichever comes first."""
    return (
        one.payment_id != other.payment_id
        and (one.amount_minor, one.currency) == (other.amount_minor, other.currency)
        and one.is_kept
        and other.is_kept
        and abs(one.made_at - other.made_at) <= WITHIN
        and not _are_two_orders(one, other)
        and bool(shared_payer(one, other))
    )


def repeated(payments: Iterable[Taken]) -> frozenset[str]:
    """The ids of those payments that look charged twice beside another one of these."""
    by_amount: dict[tuple[int, str], list[Taken]] = {}
    for one in payments:
        by_amount.setdefault((one.amount_minor, one.currency), []).append(one)
    return frozenset(
        one.payment_id
        for alike in by_amount.values()
        for one in alike
        if any(looks_charged_twice(one, other) for other in alike)
    )


def _are_two_orders(one: Taken, other: Taken) -> bool:
    return bool(one.order_id and other.order_id and one.order_id != other.order_id)
