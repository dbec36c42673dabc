"""Statements in BAI2, as banks of the United States send them, read by the library bai2.

Amounts are integers whose decimals are those of ISO 4217: a few currencies have others at Stripe.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from bai2 import bai2
from bai2.constants import AsOfDateModifier, GroupStatus, TypeCodeTransaction
from bai2.exceptions import IntegrityException, NotSupportedYetException, ParsingException

from core.bank import statements
from core.bank.statements import BankLine, BankStatement, bounded, joined
from core.errors import StatementRefused
from core.money import exponent

#: ISO 4217's decimals where Stripe has others.
_ISO_DECIMALS = {"isk": 0, "ugx": 0, "mga": 2}
_OPENING, _CLOSING = "010", "015"
#: What the sender calls so far from a statement that nothing may be taken from it.
_NO_STATEMENT = frozenset([GroupStatus.deletion, GroupStatus.test_only])
_INTERIM = frozenset([AsOfDateModifier.interim_previous_day, AsOfDateModifier.interim_same_day])


def read(data: bytes) -> list[BankStatement]:
    """Every account of every group, checked; `StatementRefused` names what breaks which rule.

    The library holds counts and control totals against the records.
    """
    try:
        found = bai2.parse_from_string(data.decode("utf-8-sig", errors="replace"))
    except IntegrityException as error:
        raise StatementRefused("control total", "does not hold: {why}", why=str(error)) from None
    except (ParsingException, NotSupportedYetException) as error:
        raise StatementRefused(
            "file", "is no BAI2 that can be read: {why}", why=str(error)
        ) from None
    except (ValueError, IndexError, KeyError, AttributeError, TypeError, StopIteration):
        raise StatementRefused("file", "is no BAI2 that can be read") from None
    return [
        _statement(group.header, account) for group in found.children for account in group.children
    ]


def _statement(group: Any, account: Any) -> BankStatement:
    if group.group_status in _NO_STATEMENT:
        raise StatementRefused("group status", "must be an update or a correction")
    if group.as_of_date_modifier in _INTERIM:
        raise StatementRefused("as-of date", "must be of a final day, not an interim one")
    if group.as_of_date is None:
        raise StatementRefused("as-of date", "is missing")
    currency = statements.known(account.header.currency or group.currency)
    lines = [
        line
        for one in account.children
        if (line := _line(one, currency, group.as_of_date)) is not None
    ]
    return statements.checked(
        BankStatement(
            account=statements.account_number(account.header.customer_account_number),
            currency=currency,
            format=statements.BAI2,
            number="",
            opening_minor=_balance(account, _OPENING, currency),
            closing_minor=_balance(account, _CLOSING, currency),
            opened_on=group.as_of_date,
            closed_on=group.as_of_date,
            lines=tuple(lines),
        )
    )


def _balance(account: Any, code: str, currency: str) -> int | None:
    for one in account.header.summary_items:
        if one.type_code is not None and one.type_code.code == code and one.amount is not None:
            return _minor(one.amount, currency, "balance")
    return None


def _line(detail: Any, currency: str, booked_on: date) -> BankLine | None:
    """A booking, signed by its type code; None for a record that moves no money."""
    amount = detail.amount or 0
    direction = detail.type_code.transaction if detail.type_code is not None else None
    if direction not in (TypeCodeTransaction.credit, TypeCodeTransaction.debit):
        if amount:
            raise StatementRefused("type code", "must be one of a credit or a debit")
        return None
    if amount < 0:
        raise StatementRefused("amount", "must not be negative: the type code says the direction")
    signed = amount if direction is TypeCodeTransaction.credit else -amount
    availability = detail.availability or {}
    return BankLine(
        booked_on=booked_on,
        value_on=availability.get("date"),
        amount_minor=_minor(signed, currency, "amount"),
        currency=currency,
        # BAI2 has no field for a name: it stands in the text, where matching looks as well.
        name="",
        text=joined(detail.text.rstrip("/") if detail.text else ""),
        references=statements.references(detail.bank_reference, detail.customer_reference),
    )


def _minor(amount: int, currency: str, field: str) -> int:
    """Stripe's minor units of an amount in ISO's; `StatementRefused` where that is no whole one."""
    shift = exponent(currency) - _ISO_DECIMALS.get(currency, exponent(currency))
    if shift >= 0:
        return bounded(amount * 10**shift, field)
    minor, rest = divmod(abs(amount), 10**-shift)
    if rest:
        raise StatementRefused(
            field,
            "has more than {digits} decimals for {currency}",
            digits=exponent(currency),
            currency=currency.upper(),
        )
    return bounded(minor if amount >= 0 else -minor, field)
