"""What a file is written of, and what the writers of files for one currency share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from core import money
from core.books.accounts import BALANCE_TYPE, Chart
from core.books.journal import BANK, Entry, Key, Line
from core.errors import FormatCannotCarry
from core.money import Money


@dataclass(frozen=True, slots=True)
class Options:
    """What a file needs to know of the accountant's program.

    `continues`: the file is read after that of the month before, so it opens nothing.
    """

    continues: bool = False
    datev_consultant: int = 1001
    datev_client: int = 1
    xero_tax_rate: str = "Tax Exempt"


@dataclass(frozen=True, slots=True)
class Book:
    """The journal of business days `since` up to, not including, `until`.

    `opening` is what was held before, `opened` the balances at Stripe then by currency and balance;
    `closings` are the ledger's balances at the end of each entry's day. Minor units; `made_at` UTC.
    """

    since: date
    until: date
    provisional: bool
    made_at: datetime
    chart: Chart
    entries: tuple[Entry, ...]
    opening: tuple[Entry, ...]
    opened: Mapping[tuple[str, str], int]
    closings: Mapping[Key, int]

    @property
    def title(self) -> str:
        """The month, and that it is not closed yet."""
        return f"Stripe {self.since:%Y-%m}" + (" provisional" if self.provisional else "")

    def balances(self) -> dict[str, int]:
        """Of the last entry of each day, currency and balance at Stripe: what is held after it."""
        last = {entry.key: entry.entry_id for entry in self.entries if entry.key in self.closings}
        return {own_id: self.closings[key] for key, own_id in last.items()}


def refuse(program: str, rule: str, **values: object) -> FormatCannotCarry:
    """The refusal of a format, with its reason."""
    return FormatCannotCarry("format", f"{program} cannot carry this: {rule}", **values)


def one_currency(book: Book, program: str) -> str:
    """The only settlement currency of the book, upper case; refuses several."""
    found = sorted({entry.currency.upper() for entry in book.entries})
    if len(found) > 1:
        raise refuse(
            program,
            "its journals are in one currency, and there are {currencies}; export one at a time"
            " with --currency",
            currencies=", ".join(found),
        )
    return found[0] if found else ""


def two_decimals(minor: int, currency: str, program: str) -> str:
    """Major units without sign, with two decimals; refuses a currency that has three."""
    if money.exponent(currency) > 2:
        raise refuse(
            program,
            "{currency} has three decimals and the format two; export the other currencies with"
            " --currency",
            currency=currency.upper(),
        )
    return f"{money.major(Money(abs(minor), currency)):.2f}"


def account_code(book: Book, program: str, account: str, currency: str) -> str:
    """What a program calls an account; refuses one that it has no word for."""
    found = book.chart.code(program, account, currency)
    if found is None:
        raise refuse(
            program,
            "it has no account for {account}; add a journal rule",
            account=account,
        )
    return found


def clearing_account(book: Book, entry: Entry) -> str:
    """The account of the balance at Stripe that an entry is of; in transit, of what came in."""
    if entry.key.balance_type == BANK:
        return book.chart.in_transit(entry.currency)
    return book.chart.place(BALANCE_TYPE, entry.key.balance_type, entry.currency).account


def moved(entry: Entry) -> Iterator[Line]:
    """The lines of an entry that move something."""
    yield from (line for line in entry.lines if line.minor)
