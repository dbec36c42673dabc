"""A bank's statement as every format is read into: balances, lines, and the rule that they add up.

Amounts are integers in minor units by Stripe's exponents (`core.money`), credits positive, debits
negative; days are dates as the bank wrote them, in no time zone.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from core.errors import StatementRefused, StatementUnbalanced, UnknownCurrency
from core.money import Money, exponent, known_currency, plain

CAMT053, MT940, OFX, BAI2, CSV = "camt.053", "mt940", "ofx", "bai2", "csv"
FORMATS = (CAMT053, MT940, OFX, BAI2, CSV)
#: The largest file, and the most statements and lines in one.
LONGEST_FILE = 20_000_000
MOST_STATEMENTS = 1_000
MOST_LINES = 100_000
LONGEST_ACCOUNT = 64
LONGEST_NUMBER = 64
LONGEST_NAME = 255
#: Of a batch of thousands the rest of the text is left out.
LONGEST_TEXT = 100_000
LONGEST_REFERENCE, MOST_REFERENCES = 255, 1_000
#: ISO 20022 allows 18 digits; a sum of so many lines still fits a BIGINT.
_LARGEST = 10**15
_AMOUNT = re.compile(r"[+-]?\d{1,18}(\.\d{0,8})?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\s]+")


@dataclass(frozen=True, slots=True)
class BankLine:
    """One booking on a bank account.

    `value_on` None: the bank does not say. `references` are what the bank and the payer call it.
    `fingerprint` is the same for the same booking in another statement of its account.
    """

    booked_on: date
    value_on: date | None
    amount_minor: int
    currency: str
    name: str
    text: str
    references: tuple[str, ...] = ()
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class BankStatement:
    """A statement of one account in one currency.

    `account` is an IBAN or the bank's own number, without blanks. Where a format has no opening
    balance (OFX, CSV without a balance column) both balances may be None: nothing was proved then.
    """

    account: str
    currency: str
    format: str
    number: str
    opening_minor: int | None
    closing_minor: int | None
    opened_on: date
    closed_on: date
    lines: tuple[BankLine, ...]

    @property
    def is_proved(self) -> bool:
        """Whether opening balance and lines were held against the closing balance."""
        return self.opening_minor is not None and self.closing_minor is not None


def checked(statement: BankStatement) -> BankStatement:
    """The statement with its lines' fingerprints, if it holds together.

    `StatementUnbalanced` when opening and lines do not make the closing balance;
    `StatementRefused` for a line in another currency, or days that are out of order.
    """
    known(statement.currency)
    if not statement.account or len(statement.account) > LONGEST_ACCOUNT:
        raise StatementRefused("account", "must have 1 to {most} characters", most=LONGEST_ACCOUNT)
    if len(statement.lines) > MOST_LINES:
        raise StatementRefused("lines", "must be at most {most}", most=MOST_LINES)
    for line in statement.lines:
        if line.currency != statement.currency:
            raise mixed(line.currency, statement.currency)
    if statement.opened_on > statement.closed_on:
        raise StatementRefused("closing date", "must not lie before the opening date")
    _check_sum(statement)
    number = tidy(statement.number)[:LONGEST_NUMBER]
    return replace(statement, number=number, lines=fingerprinted(statement.lines))


def _check_sum(statement: BankStatement) -> None:
    if statement.opening_minor is None or statement.closing_minor is None:
        return
    made = statement.opening_minor + sum(line.amount_minor for line in statement.lines)
    if made != statement.closing_minor:
        shown = {
            name: plain(Money(minor, statement.currency))
            for name, minor in (
                ("opening", statement.opening_minor),
                ("made", made),
                ("closing", statement.closing_minor),
            )
        }
        raise StatementUnbalanced(
            "closing balance",
            "is {closing} {currency}, but {opening} and its lines make {made} (statement {number})",
            currency=statement.currency.upper(),
            number=statement.number,
            **shown,
        )


def fingerprinted(
    lines: Sequence[BankLine], earlier: Counter[str] | None = None
) -> tuple[BankLine, ...]:
    """The lines with fingerprints: equal bookings of one statement are numbered.

    `earlier` counts equal bookings (by `content`) that came before those of this statement.
    """
    seen: Counter[str] = Counter(earlier or {})
    found = []
    for line in lines:
        same = content(line)
        found.append(replace(line, fingerprint=_digest([same, seen[same]])))
        seen[same] += 1
    return tuple(found)


def content(line: BankLine) -> str:
    """What two bookings share that cannot be told apart."""
    return _digest(
        [
            line.booked_on.isoformat(),
            line.value_on.isoformat() if line.value_on else "",
            line.amount_minor,
            line.currency,
            line.name,
            line.text,
            *line.references,
        ]
    )


def digest(statement: BankStatement) -> str:
    """SHA-256 over all that a statement says, in hexadecimal."""
    return _digest(
        [
            statement.format,
            statement.number,
            statement.currency,
            statement.opening_minor,
            statement.closing_minor,
            statement.opened_on.isoformat(),
            statement.closed_on.isoformat(),
            *(line.fingerprint for line in statement.lines),
        ]
    )


def _digest(parts: Sequence[object]) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


def known(currency: str) -> str:
    """The currency if Stripe knows it, lower case; `StatementRefused` if not."""
    try:
        return known_currency(currency.lower())
    except UnknownCurrency:
        shown = currency[:8].upper()
        raise StatementRefused("currency", "{shown} is not known", shown=shown) from None


def mixed(other: str, currency: str) -> StatementRefused:
    """The error of a statement in which two currencies meet."""
    return StatementRefused(
        "currency",
        "is {other} within a statement in {currency}",
        other=other.upper()[:8],
        currency=currency.upper(),
    )


def minor_units(amount: str | Decimal, currency: str, field: str) -> int:
    """A decimal in major units as minor units, exact; the currency is a known one.

    `StatementRefused` names the field of one that is no number, or has decimals that its currency
    has not: 1.50 in yen is refused, 1.00 is not.
    """
    body = f"{amount:f}" if isinstance(amount, Decimal) else amount.strip()
    if not body.isascii() or not _AMOUNT.fullmatch(body):
        raise StatementRefused(field, "must be a number such as 12.34")
    digits = exponent(currency)
    minor = Decimal(body).scaleb(digits)
    if minor != minor.to_integral_value():
        raise StatementRefused(
            field,
            "has more than {digits} decimals for {currency}",
            digits=digits,
            currency=currency.upper(),
        )
    return bounded(int(minor), field)


def bounded(minor: int, field: str) -> int:
    """The amount itself, if a database can keep sums of such; else `StatementRefused`."""
    if abs(minor) >= _LARGEST:
        raise StatementRefused(field, "has too many digits")
    return minor


def day(text: str, pattern: str, field: str) -> date:
    """A day as `strptime` reads it; `StatementRefused` names the field of one that is none."""
    try:
        return datetime.strptime(text.strip(), pattern).date()  # noqa: DTZ007 (a day, no time)
    except ValueError:
        raise StatementRefused(
            field, "must be a day such as {sample}", sample=sample(pattern)
        ) from None


def sample(pattern: str) -> str:
    """A day written in a pattern of `strptime`."""
    return date(2026, 1, 31).strftime(pattern)


def tidy(text: str | None) -> str:
    """Text on one line, without control characters."""
    return _CONTROL.sub(" ", text or "").strip()


def joined(*texts: str | None) -> str:
    """Texts one after the other, each once."""
    return " ".join(dict.fromkeys(found for text in texts if (found := tidy(text))))[:LONGEST_TEXT]


def references(*texts: str | None) -> tuple[str, ...]:
    """References, each once, without the words that say that there is none."""
    found = dict.fromkeys(tidy(text)[:LONGEST_REFERENCE] for text in texts)
    kept = [one for one in found if one and one.upper() not in ("NOTPROVIDED", "NONREF")]
    return tuple(kept[:MOST_REFERENCES])


def account_number(text: str | None) -> str:
    """An account's number as it is kept: no blanks, capital letters."""
    return re.sub(r"\s+", "", text or "").upper()
