"""QuickBooks Online's import of journal entries: rows with one number are one entry."""

from __future__ import annotations

import csv
import io

from core.books.formats.book import (
    Book,
    Options,
    account_code,
    moved,
    one_currency,
    refuse,
    two_decimals,
)

_NAME = "QuickBooks Online"
#: By third parties: Intuit's own page says no number.
_MOST_LINES = 1_000
_LONGEST_NUMBER = 21
HEADER = ("Journal No", "Journal Date", "Account Name", "Description", "Debits", "Credits")


def write(book: Book, options: Options) -> bytes:
    """The file in UTF-8, dates as mm/dd/yyyy; accounts are named `Parent:Sub`."""
    one_currency(book, _NAME)
    rows = []
    for entry in book.entries:
        if len(entry.entry_id) > _LONGEST_NUMBER:
            raise refuse(
                _NAME,
                "the number {number} has more than {most} characters",
                number=entry.entry_id,
                most=_LONGEST_NUMBER,
            )
        for line in moved(entry):
            amount = two_decimals(line.minor, entry.currency, _NAME)
            words = f"{line.text} {line.source_id or ''}".strip() or entry.against
            rows.append(
                (
                    entry.entry_id,
                    f"{entry.day:%m/%d/%Y}",
                    account_code(book, "qbo", line.account, entry.currency),
                    f"{words} (provisional)" if book.provisional else words,
                    amount if line.minor > 0 else "",
                    amount if line.minor < 0 else "",
                )
            )
    if len(rows) > _MOST_LINES:
        raise refuse(
            _NAME,
            "a file has at most {most} lines, and these are {lines}; export fewer days with --days",
            most=_MOST_LINES,
            lines=len(rows),
        )
    out = io.StringIO(newline="")
    csv.writer(out).writerows([HEADER, *rows])
    return out.getvalue().encode()
