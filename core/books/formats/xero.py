"""Xero's import of manual journals: debits positive, credits negative, at most 300 lines a file."""

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

_NAME = "Xero"
_MOST_LINES = 300
HEADER = (
    *("*Narration", "*Date", "Description", "*AccountCode", "*TaxRate", "*Amount"),
    *("TrackingName1", "TrackingOption1", "TrackingName2", "TrackingOption2"),
)


def write(book: Book, options: Options) -> bytes:
    """The file in UTF-8, dates as dd/mm/yyyy. Xero makes one journal of rows with one narration."""
    one_currency(book, _NAME)
    rows = []
    for entry in book.entries:
        narration = f"{entry.entry_id} {entry.text}"
        if book.provisional:
            narration += " (provisional)"
        for line in moved(entry):
            sign = "-" if line.minor < 0 else ""
            rows.append(
                (
                    narration,
                    f"{entry.day:%d/%m/%Y}",
                    f"{line.text} {line.source_id or ''}".strip() or entry.against,
                    account_code(book, "xero", line.account, entry.currency),
                    options.xero_tax_rate,
                    sign + two_decimals(line.minor, entry.currency, _NAME),
                    *("", "", "", ""),
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
