"""Rows as a Parquet file, in groups that are small enough to be held in memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from core.actions.exports.arrow import TYPES, array
from core.reads.exports.columns import FileColumn, FileRows

#: Rows of a group.
GROUP_ROWS = 5_000
#: Rows that are Python's objects at once.
BATCH_ROWS = 250


def schema(columns: tuple[FileColumn, ...]) -> Any:
    """The types of a file's columns: int64 for minor units, decimal128(38, 3) for major ones,
    timestamp[us, UTC] for times; all may be missing."""
    return pa.schema([(one.name, TYPES[one.kind]) for one in columns])


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
        arrays = [array(values, one.kind) for values, one in columns]
        batches.append(pa.record_batch(arrays, schema=types))
        left -= len(rows)
    return batches
