"""CSV and Parquet hold the same rows and columns, whatever stands in them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import clock
from core.actions.exports import csv_writer, parquet_writer
from core.money import CURRENCIES, Money, exponent
from core.reads.exports.columns import Cell, Column, FileColumn, FileRows, Kind, file_rows

COLUMNS: list[Column[dict[str, Any]]] = [
    Column(kind.value, kind, lambda row, name=kind.value: row[name])
    for kind in Kind
    if kind is not Kind.MINOR
]
_LONGEST = 2**63 - 1
_TEXT = st.text("aZ09 ,;.'\"=+-@|%\t\r\n＝中é€", max_size=12)
_TIMES = st.integers(0, 4_000_000_000_000_000).map(clock.from_micros)
_MONEY = st.builds(Money, st.integers(-_LONGEST, _LONGEST), st.sampled_from(sorted(CURRENCIES)))
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "text": st.none() | _TEXT,
            "count": st.none() | st.integers(-_LONGEST, _LONGEST),
            "flag": st.none() | st.booleans(),
            "day": st.none() | st.dates(date(1970, 1, 1), date(2100, 1, 1)),
            "time": st.none() | _TIMES,
            "major": _MONEY,
        }
    ),
    max_size=8,
)


def made(rows: list[dict[str, Any]]) -> FileRows:
    return file_rows(COLUMNS, rows)


def written(rows: list[dict[str, Any]], writer: Any) -> bytes:
    file = io.BytesIO()
    told: list[int] = []
    assert writer.write(file, made(rows), told.append) == len(rows)
    assert told == sorted(told)
    return file.getvalue()


def csv_rows(data: bytes) -> Iterator[list[str]]:
    text = data.decode("utf-8-sig")
    yield from csv.reader(io.StringIO(text, newline=""))


def as_text(value: Cell) -> str:
    """What stands in the CSV for a value of the Parquet file, before a formula is neutralised."""
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, date) else str(value)


@settings(deadline=None)
@given(ROWS)
def test_both_files_have_the_same_rows_and_columns(rows: list[dict[str, Any]]) -> None:
    head, *lines = csv_rows(written(rows, csv_writer))
    table = pq.read_table(io.BytesIO(written(rows, parquet_writer)))
    assert head == table.column_names
    assert len(lines) == table.num_rows == len(rows)
    for line, row, given_ in zip(lines, table.to_pylist(), rows, strict=True):
        for name, cell in zip(head, line, strict=True):
            if name == "major":
                assert Decimal(cell) == row[name]
                places = exponent(given_["major"].currency)
                assert -Decimal(cell).as_tuple().exponent == places
            elif name == "text":
                whole = as_text(row[name])
                # defusedcsv marks, and writes a bar so that no program takes it for its own.
                assert cell in (whole, f"'{whole}", f"'{whole}".replace("|", "\\|"))
            else:
                assert cell == as_text(row[name])


@settings(deadline=None)
@given(ROWS)
def test_parquet_gives_back_what_was_read(rows: list[dict[str, Any]]) -> None:
    table = pq.read_table(io.BytesIO(written(rows, parquet_writer)))
    for read, row in zip(table.to_pylist(), rows, strict=True):
        amount: Money = row["major"]
        assert read["major_minor"] == amount.minor
        assert read["major"].scaleb(exponent(amount.currency)) == amount.minor
        assert {name: read[name] for name in row if name != "major"} == {
            name: row[name] for name in row if name != "major"
        }


def test_columns_have_exact_types() -> None:
    schema = parquet_writer.schema(made([]).columns)
    assert {field.name: field.type for field in schema} == {
        "text": pa.string(),
        "count": pa.int64(),
        "flag": pa.bool_(),
        "day": pa.date32(),
        "time": pa.timestamp("us", tz="UTC"),
        "major": pa.decimal128(38, 3),
        "major_minor": pa.int64(),
    }


def test_a_formula_stays_itself_where_no_spreadsheet_runs_it() -> None:
    row = {"text": "=cmd()", "count": 1, "flag": None, "day": None, "time": None}
    rows = [row | {"major": Money(1, "usd")}]
    assert pq.read_table(io.BytesIO(written(rows, parquet_writer)))["text"][0].as_py() == "=cmd()"
    assert list(csv_rows(written(rows, csv_writer)))[1][0] == "'=cmd()"


def test_groups_of_a_long_file_are_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_writer, "GROUP_ROWS", 3)
    row = {"text": "x", "count": 1, "flag": None, "day": None, "time": None}
    rows = [row | {"major": Money(number, "jpy")} for number in range(8)]
    file = pq.ParquetFile(io.BytesIO(written(rows, parquet_writer)))
    assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == [3, 3, 2]
    assert file.read()["major_minor"].to_pylist() == list(range(8))


def test_nothing_found_is_a_file_with_its_columns() -> None:
    assert pq.read_table(io.BytesIO(written([], parquet_writer))).num_rows == 0
    assert len(list(csv_rows(written([], csv_writer)))) == 1


def test_an_amount_with_more_decimals_than_any_currency_is_refused() -> None:
    columns = (FileColumn("amount", Kind.MAJOR),)
    found = FileRows(columns, iter([(Decimal("1.0001"),)]))
    with pytest.raises(ValueError, match="decimals"):
        parquet_writer.write(io.BytesIO(), found, lambda _done: None)
