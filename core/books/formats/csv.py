"""A generic CSV: a row for each line of an entry, what was paid in another currency written out."""

from __future__ import annotations

import csv
import io
import re

from core.books.formats.book import Book, Options
from core.books.journal import postings
from core.money import Money, plain

HEADER = (
    *("date", "entry", "line", "account", "currency", "debit", "credit", "base_amount", "text"),
    *("source_id", "state"),
)
#: What a spreadsheet takes for the beginning of a formula.
_FORMULA = re.compile(r"[=+\-@|%\t\r]")


def write(book: Book, options: Options) -> bytes:
    """The file in UTF-8. Amounts are major units with all digits; `base_amount` is in the entry's
    currency, debits positive."""
    out = io.StringIO(newline="")
    rows = csv.writer(out)
    rows.writerow(HEADER)
    state = "provisional" if book.provisional else "final"
    for entry in book.entries:
        for number, one in enumerate(postings(entry, book.chart), 1):
            amount, minor = one.amount, one.amount.minor
            rows.writerow(
                (
                    entry.day.isoformat(),
                    entry.entry_id,
                    number,
                    one.account,
                    amount.currency.upper(),
                    plain(amount) if minor > 0 else "",
                    plain(-amount) if minor < 0 else "",
                    plain(Money(one.base_minor, entry.currency)),
                    _harmless(one.text),
                    _harmless(one.source_id or ""),
                    state,
                )
            )
    return out.getvalue().encode()


def _harmless(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) else text
