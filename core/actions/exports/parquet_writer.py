"""Rows as a Parquet file, in groups that are small enough to be held in memory."""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from core.reads.exports.columns import Cell, FileColumn, FileRows, Kind

#: Rows of a group.
GROUP_ROWS = 5_000
#: Rows that are Python's objects at once.
BATCH_ROWS = 250
#: Of currencies with fewer decimals too: a column has one scale, and no currency has more than 3.
_SCALE = 3
_MAJOR = pa.decimal128(38, _SCALE)
_EPOCH, _MICRO = datetime.fromtimestamp(0, UTC), timedelta(microseconds=1)
_FIRST_DAY = _EPOCH.toordinal()
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
        columns = zip(zip(*rows, strict=True), found.columns, strict=True)
        arrays = [_array(values, one.kind) for values, one in columns]
        batches.append(pa.record_batch(arrays, schema=types))
        left -= len(rows)
    return batches


def _array(values: Sequence[Cell], kind: Kind) -> Any:
    """As an Arrow array, by its buffers; an error where a value is not one of the kind's, exactly.

    `pyarrow.array` takes Python's objects too, but loads pandas to see whether these are its own:
    50 MB that a worker has no other use for. A cast loads pyarrow's functions, 10 MB.
    """
    valid = _bits(value is not None for value in values)
    buffers = map(pa.py_buffer, (valid, *_BUFFERS[kind](values)))
    return pa.Array.from_buffers(_TYPES[kind], len(values), list(buffers))


def _texts(values: Sequence[Any]) -> tuple[Any, ...]:
    texts = [b"" if value is None else str(value).encode() for value in values]
    offsets = array("i", itertools.accumulate(map(len, texts), initial=0))
    return offsets, b"".join(texts)


def _whole(values: Sequence[Any]) -> tuple[Any, ...]:
    return (array("q", [0 if value is None else value for value in values]),)


def _flags(values: Sequence[Any]) -> tuple[Any, ...]:
    return (_bits(bool(value) for value in values),)


def _days(values: Sequence[Any]) -> tuple[Any, ...]:
    return (
        array("i", [0 if value is None else value.toordinal() - _FIRST_DAY for value in values]),
    )


def _times(values: Sequence[Any]) -> tuple[Any, ...]:
    return _whole([None if value is None else (value - _EPOCH) // _MICRO for value in values])


def _amounts(values: Sequence[Any]) -> tuple[Any, ...]:
    return (b"".join(_thousandths(value).to_bytes(16, "little", signed=True) for value in values),)


def _thousandths(value: Decimal | None) -> int:
    """Of a major unit; `ValueError` for one with more decimals than any currency has."""
    scaled = (value or Decimal()).scaleb(_SCALE)
    if scaled != (whole := int(scaled)):
        raise ValueError(f"an amount has more than {_SCALE} decimals")
    return whole


def _bits(flags: Iterable[bool]) -> bytes:
    told = [*flags]
    text = "".join("1" if one else "0" for one in reversed(told))
    return int(text or "0", 2).to_bytes((len(told) + 7) // 8, "little")


_BUFFERS: dict[Kind, Callable[[Sequence[Any]], tuple[Any, ...]]] = {
    Kind.TEXT: _texts,
    Kind.COUNT: _whole,
    Kind.FLAG: _flags,
    Kind.DAY: _days,
    Kind.TIME: _times,
    Kind.MAJOR: _amounts,
    Kind.MINOR: _whole,
}
