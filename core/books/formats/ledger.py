"""One file for hledger and ledger: two blanks, never a tab, before an amount with all digits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from core.books.formats.book import Book, Options, clearing_account
from core.books.journal import Entry, Posting, postings
from core.money import Money, plain

#: A colon or a bracket in a comment is a tag: `date:` would move the posting to another month.
_NO_COMMENT = re.compile(r"[^A-Za-z0-9 _().-]")


def write(book: Book, options: Options) -> bytes:
    """The file in UTF-8. Without `continues` it begins with what accounts held before."""
    return "".join(f"{line}\n" for line in _lines(book, options)).encode()


def _lines(book: Book, options: Options) -> Iterator[str]:
    entries = book.entries if options.continues else (*book.opening, *book.entries)
    found = [(entry, list(postings(entry, book.chart))) for entry in entries]
    balances = book.balances()
    accounts = {one.account for _, lines in found for one in lines}
    accounts |= {clearing_account(book, e) for e, _ in found if e.entry_id in balances}
    currencies = {one.amount.currency for _, lines in found for one in lines}
    yield f"; {book.title}, settlement days {book.since} to {book.until - timedelta(days=1)}"
    # Bare: with a format one program refuses what the other wants, and both get laxer.
    yield from (f"commodity {currency.upper()}" for currency in sorted(currencies))
    yield from (f"account {account}" for account in sorted(accounts))
    for entry, lines in found:
        yield ""
        yield from _entry(entry, lines, book, balances.get(entry.entry_id))


def _entry(entry: Entry, lines: list[Posting], book: Book, balance: int | None) -> Iterator[str]:
    flag = "!" if book.provisional else "*"
    yield f"{entry.day} {flag} ({entry.entry_id}) {_plain(entry.text)}"
    clearing = clearing_account(book, entry)
    for one in lines:
        yield _posting(one.account, one.amount, f"{one.text} {one.source_id or ''}")
    if balance is not None:
        held = Money(balance, entry.currency)
        yield _posting(clearing, Money(0, entry.currency), "", held)


def _posting(account: str, amount: Money, words: str, held: Money | None = None) -> str:
    line = f"    {account}  {_amount(amount)}"
    if held is not None:
        line += f" = {_amount(held)}"
    comment = _plain(words).strip()
    return f"{line}  ; {comment}" if comment else line


def _amount(amount: Money) -> str:
    return f"{plain(amount)} {amount.currency.upper()}"


def _plain(text: str) -> str:
    return _NO_COMMENT.sub("-", text)
