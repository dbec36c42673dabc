"""Rows as a Parquet file, in groups that are small enough to be held in memory."""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from core.reads.exports.columns import Cell, FileColumn, FileRows, Kind

#: Rows of a group.
GROUP_ROWS = 10_000
#: Rows that are Python's objects at once.
BATCH_ROWS = 500
#: Of currencies with fewer decimals too: a column has one scale, and no currency has more than 3.
_MAJOR = pa.decimal128(38, 3)
_TYPES: dict[Kind, Any] = {
    Kind.TEXT: pa.string(),
    Kind.COUNT: pa.int64(),
    Kind.FLAG: pa.bool_(),
    Kind.DAY: pa.date32(),
    Kind.TIME: pa.timestamp("us", tz="UTC"),
    Kind.MAJOR: _MAJOR,
    Kind.MINOR: pa.int64(),
}


def schema(columns: tuple[FileColumn, ...]) -> Any:
    """The types of a file's columns: int64 for minor units, decimal128(38, 3) for major ones,
    timestamp[us, UTC] for times; all may be missing."""
    return pa.schema([(one.name, _TYPES[one.kind]) for one in columns])


def write(file: BinaryIO, found: FileRows, report: Callable[[int], None]) -> int:
    """Write it all and say how many rows there were; `report` is told after each group."""
    types, done = schema(found.columns), 0
    with pq.ParquetWriter(file, types, compression="zstd") as writer:
        while batches := _group(found, types):
            group = pa.Table.from_batches(batches, types)
            writer.write_table(group, row_group_size=GROUP_ROWS)
            done += group.num_rows
            report(done)
    return done


def _group(found: FileRows, types: Any) -> list[Any]:
    """The next rows of the file, as Arrow has them; none behind the last."""
    left, batches = GROUP_ROWS, []
    while rows := list(itertools.islice(found.rows, min(left, BATCH_ROWS))):
        columns = zip(*rows, strict=True)
        arrays = [_strings(each).cast(one.type) for each, one in zip(columns, types, strict=True)]
        batches.append(pa.record_batch(arrays, schema=types))
        left -= len(rows)
    return batches


def _strings(values: Sequence[Cell]) -> Any:
    """As an Arrow array of text, for a cast that refuses what is not exact.

    `pyarrow.array` takes Python's objects too, but loads pandas to see whether these are its own:
    50 MB that a worker has no other use for.
    """
    texts = [b"" if value is None else _text(value).encode() for value in values]
    offsets = array("i", itertools.accumulate(map(len, texts), initial=0))
    there = "".join("0" if value is None else "1" for value in reversed(values))
    valid = int(there, 2).to_bytes((len(values) + 7) // 8, "little")
    buffers = map(pa.py_buffer, (offsets, b"".join(texts), valid))
    return pa.StringArray.from_buffers(len(values), *buffers)


def _text(value: Cell) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
