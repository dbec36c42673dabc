"""Rows as CSV text, without a cell that a spreadsheet would run as a formula."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import BinaryIO

from defusedcsv import csv

from core.reads.exports.columns import FileRows

#: What spreadsheets begin a formula with, beyond what defusedcsv knows.
_STARTS = ("\t", "\r", "\n", "＝", "＋", "－", "＠")
#: A byte order mark: without it, Excel reads UTF-8 as the local code page.
_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
#: Rows that are written in one piece.
PIECE_ROWS = 500


def lines(found: FileRows) -> Iterator[str]:
    """The names of the columns and all rows, in pieces of a few hundred lines.

    Times are UTC in ISO 8601, amounts plain numbers; what is not there is an empty cell.
    """
    return text([one.name for one in found.columns], found.rows)


def text(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """As `lines`, for any values."""
    buffer = io.StringIO(_MARK)
    buffer.seek(0, io.SEEK_END)
    writer = csv.writer(buffer)
    for number, row in enumerate(itertools.chain([head], rows), 1):
        writer.writerow([_cell(value) for value in row])
        if number % PIECE_ROWS == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def write(file: BinaryIO, found: FileRows, report: Callable[[int], None]) -> int:
    """Write it all and say how many rows there were; `report` is told so now and then."""
    done = 0

    def counted() -> Iterator[Sequence[object]]:
        nonlocal done
        for row in found.rows:
            done += 1
            yield row

    for piece in text([one.name for one in found.columns], counted()):
        file.write(piece.encode())
        report(done)
    return done


def _cell(value: object) -> object:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_STARTS) else value
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, datetime) else value
