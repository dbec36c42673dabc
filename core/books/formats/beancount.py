"""Beancount 3, checked to the minor unit: no tolerance, balances asserted on the next day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from core.books.formats.book import Book, Options, clearing_account
from core.books.journal import Entry, postings
from core.money import Money, plain


def write(book: Book, options: Options) -> bytes:
    """The file in UTF-8. Without `continues` it opens its accounts with what they held before."""
    return "".join(f"{line}\n" for line in _lines(book, options)).encode()


def _lines(book: Book, options: Options) -> Iterator[str]:
    entries = book.entries if options.continues else (*book.opening, *book.entries)
    yield f"; {book.title}, settlement days {book.since} to {book.until - timedelta(days=1)}"
    # Half of the last digit would pass otherwise.
    yield 'option "tolerance_multiplier" "0"'
    yield 'plugin "beancount.plugins.noduplicates"'
    if options.continues:
        # An account may be new in this month, and opening one twice is an error.
        yield 'plugin "beancount.plugins.auto_accounts"'
    else:
        day = book.since - timedelta(days=1)
        used = {one.account for entry in entries for one in postings(entry, book.chart)}
        yield ""
        yield from (f"{day} open {account}" for account in sorted(used))
    balances = book.balances()
    for entry in entries:
        yield ""
        yield from _entry(entry, book)
        if entry.entry_id in balances:
            held = plain(Money(balances[entry.entry_id], entry.currency))
            # A balance is looked at when its day begins.
            day = entry.day + timedelta(days=1)
            clearing = clearing_account(book, entry)
            yield f"{day} balance {clearing}  {held} ~ 0 {entry.currency.upper()}"


def _entry(entry: Entry, book: Book) -> Iterator[str]:
    flag = "!" if book.provisional else "*"
    yield f'{entry.day} {flag} "Stripe" "{entry.text}"'
    yield f'  entry: "{entry.entry_id}"'
    for one in postings(entry, book.chart):
        yield f"  {one.account}  {plain(one.amount)} {one.amount.currency.upper()}"
        if one.text:
            yield f'    text: "{_quoted(one.text)}"'
        if one.source_id:
            yield f'    source: "{_quoted(one.source_id)}"'


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
