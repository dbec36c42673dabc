"""What a bulk refund gives back of each payment, and why it cannot be given back of some."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, select

from core import money
from core.actions.payments.validation import checked_payment
from core.actions.refunds import validation as rules
from core.db.tables import payments
from core.domain.refundable import RefundableBalance, refundable_balance
from core.errors import InvalidAmount, InvalidInput, NotFound, NotRefundable, TillwatchError
from core.money import Money

FULL, FIXED, PERCENT = "full", "fixed", "percent"
KINDS = (FULL, FIXED, PERCENT)
#: A bulk is written down in one transaction, and read by a person before it is asked for.
MOST = 1000
_PERCENT = re.compile(r"\d{1,3}(\.\d{1,2})?")
_LINE = re.compile(r"[\s,;]+")

FindPayment = Callable[[Connection, str, bool], Row[Any]]


@dataclass(frozen=True, slots=True)
class Target:
    """A payment, and its own amount in major units where the list names one."""

    payment_id: str
    amount: str | None = None


@dataclass(frozen=True, slots=True)
class How:
    """How much of a payment without an amount of its own: `full`; `fixed`, an amount in major
    units of `currency`; `percent` of what was captured, with up to two decimals."""

    kind: str = FULL
    value: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What would be given back of a payment, or the error that says why nothing can be.

    `warnings` are to be told before it is sent (`core.domain.refund_warnings`).
    """

    payment_id: str
    amount: Money | None
    error: TillwatchError | None = None
    warnings: tuple[str, ...] = ()


def read_list(text: str) -> tuple[Target, ...]:
    """A pasted list: a line for each payment, `pi_… [amount]`; empty lines are passed over.

    `InvalidInput` names the first line that is neither, and a list without lines or past `MOST`.
    """
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        parts = [part for part in _LINE.split(line.strip(), maxsplit=1) if part]
        if not parts:
            continue
        try:
            checked_payment("payment_intent_id", parts[0])
        except InvalidInput:
            rule = "line {number} does not begin with a payment's id (pi_…, ch_…, py_…)"
            raise InvalidInput("list", rule, number=number) from None
        found.append(Target(parts[0], parts[1] if len(parts) > 1 else None))
    return checked_targets(found)


def checked_targets(found: Iterable[Target]) -> tuple[Target, ...]:
    """The targets, if there are some and not more than `MOST`."""
    targets = tuple(found)
    if not targets:
        raise InvalidInput("list", "names no payment")
    if len(targets) > MOST:
        raise InvalidInput("list", "names more than {most} payments", most=MOST)
    return targets


def check_how(how: How) -> None:
    """`InvalidInput` naming the part that cannot be read."""
    if how.kind not in KINDS:
        raise InvalidInput("kind", "must be one of {allowed}", allowed=", ".join(KINDS))
    if how.kind == PERCENT:
        basis_points(how.value)
    if how.kind == FIXED:
        rules.read_amount(how.value, money.known_currency(how.currency))


def basis_points(percent: str) -> int:
    """`12.5` as 1250 hundredths of a percent; more than 0 and at most 100 percent."""
    text = percent.strip().removesuffix("%").rstrip()
    points = int(Decimal(text) * 100) if _PERCENT.fullmatch(text) and text.isascii() else 0
    if not 0 < points <= 10_000:
        raise InvalidInput("percent", "must be above 0 and at most 100, such as 12.5")
    return points


def share(minor: int, points: int, currency: str) -> int:
    """So many hundredths of a percent of an amount, rounded down to what the currency allows."""
    part = minor * points // 10_000
    return part - part % money.multiple(currency)


def verdicts(
    connection: Connection,
    targets: Iterable[Target],
    how: How,
    *,
    livemode: bool,
    find: FindPayment | None = None,
) -> list[Verdict]:
    """What would come of each target, in the order of the list; a payment counts once."""
    found, seen = [], Counter[str]()
    for target in targets:
        seen[target.payment_id] += 1
        twice = seen[target.payment_id] > 1
        found.append(_verdict(connection, target, how, livemode, find or look, twice))
    return found


def totals(found: Iterable[Verdict]) -> Mapping[str, tuple[int, Money]]:
    """How many rows give back how much, by currency."""
    counts: Counter[str] = Counter()
    sums: dict[str, Money] = {}
    for one in found:
        if one.amount is not None:
            currency = one.amount.currency
            counts[currency] += 1
            sums[currency] = sums.get(currency, Money(0, currency)) + one.amount
    return {currency: (counts[currency], sums[currency]) for currency in sorted(sums)}


def look(connection: Connection, payment_id: str, livemode: bool) -> Row[Any]:
    """The payment as it stands, for a dry run: nobody is kept waiting."""
    p = payments.c
    row = connection.execute(
        select(payments).where(p.stripe_id == payment_id, p.livemode == livemode)
    ).first()
    if row is None:
        raise NotFound(f"There is no payment {payment_id} here")
    return row


def _verdict(
    connection: Connection,
    target: Target,
    how: How,
    livemode: bool,
    find: FindPayment,
    twice: bool,
) -> Verdict:
    try:
        if twice:
            raise NotRefundable("payment_intent_id", "stands in the list twice")
        payment_id = checked_payment("payment_intent_id", target.payment_id)
        payment = find(connection, payment_id, livemode)
        warnings = rules.check_refundable(connection, payment)
        stands = refundable_balance(connection, payment)
        amount = rules.checked_amount(amount_text(target, how, stands), stands)
    except (InvalidInput, NotFound) as error:
        return Verdict(target.payment_id, None, error)
    return Verdict(target.payment_id, amount, warnings=warnings)


def amount_text(target: Target, how: How, stands: RefundableBalance) -> str | None:
    """The amount that is asked of a payment, in major units; None for all that is available."""
    if target.amount is not None:
        return target.amount
    if how.kind == FULL:
        return None
    if how.kind == FIXED:
        if stands.currency != how.currency:
            rule = "was paid in {paid}, and the amount is in {asked}"
            paid, asked = stands.currency.upper(), how.currency.upper()
            raise InvalidAmount("amount", rule, paid=paid, asked=asked)
        return how.value
    minor = share(stands.captured_minor, basis_points(how.value), stands.currency)
    if minor == 0:
        raise InvalidAmount("amount", "comes to nothing when rounded down")
    return money.plain(Money(minor, stands.currency))
