"""Columns of values as Arrow has them, made without pandas."""

from __future__ import annotations

import itertools
from array import array as buffer
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from core.reads.exports.columns import Cell, Kind

#: Of currencies with fewer decimals too: a column has one scale, and no currency has more than 3.
_SCALE = 3
_MAJOR = pa.decimal128(38, _SCALE)
_EPOCH, _MICRO = datetime.fromtimestamp(0, UTC), timedelta(microseconds=1)
_FIRST_DAY = _EPOCH.toordinal()
#: What a kind of cell is in Arrow; whole numbers have 64 bits.
TYPES: dict[Kind, Any] = {
    Kind.TEXT: pa.string(),
    Kind.COUNT: pa.int64(),
    Kind.FLAG: pa.bool_(),
    Kind.DAY: pa.date32(),
    Kind.TIME: pa.timestamp("us", tz="UTC"),
    Kind.MAJOR: _MAJOR,
    Kind.MINOR: pa.int64(),
}


def array(values: Sequence[Cell], kind: Kind) -> Any:
    """As an Arrow array, by its buffers; an error where a value is not one of the kind's, exactly.

    `pyarrow.array` takes Python's objects too, but loads pandas to see whether these are its own:
    50 MB that a process has no other use for. A cast loads pyarrow's functions, 10 MB.
    """
    valid = _bits(value is not None for value in values)
    buffers = map(pa.py_buffer, (valid, *_BUFFERS[kind](values)))
    return pa.Array.from_buffers(TYPES[kind], len(values), list(buffers))


def lists(values: Sequence[Sequence[str] | None]) -> Any:
    """Lists of texts as an Arrow array."""
    lengths = (0 if value is None else len(value) for value in values)
    offsets = buffer("i", itertools.accumulate(lengths, initial=0))
    texts = array([text for value in values for text in value or ()], Kind.TEXT)
    there = _bits(value is not None for value in values)
    buffers = [pa.py_buffer(there), pa.py_buffer(offsets)]
    return pa.Array.from_buffers(pa.list_(pa.string()), len(values), buffers, children=[texts])


def _texts(values: Sequence[Any]) -> tuple[Any, ...]:
    texts = [b"" if value is None else str(value).encode() for value in values]
    offsets = buffer("i", itertools.accumulate(map(len, texts), initial=0))
    return offsets, b"".join(texts)


def _whole(values: Sequence[Any]) -> tuple[Any, ...]:
    return (buffer("q", [0 if value is None else value for value in values]),)


def _flags(values: Sequence[Any]) -> tuple[Any, ...]:
    return (_bits(bool(value) for value in values),)


def _days(values: Sequence[Any]) -> tuple[Any, ...]:
    return (
        buffer("i", [0 if value is None else value.toordinal() - _FIRST_DAY for value in values]),
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
