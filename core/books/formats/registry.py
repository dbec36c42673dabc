"""The formats by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from core.books.formats import beancount, csv, datev, ledger, qbo, xero
from core.books.formats.book import Book, Options

Write = Callable[[Book, Options], bytes]
FORMATS: Mapping[str, Write] = {
    "beancount": beancount.write,
    "ledger": ledger.write,
    "csv": csv.write,
    "datev": datev.write,
    "xero": xero.write,
    "qbo": qbo.write,
}
