"""What stands in a file: its columns by name and kind, and rows of values in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from core.money import Money, major

#: What the address of a file asks for, by name.
Asked = Mapping[str, str]
Cell = str | int | bool | Decimal | date | datetime | None
R = TypeVar("R")


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    #: A number that is no amount.
    COUNT = "count"
    FLAG = "flag"
    DAY = "day"
    #: An aware time, in UTC.
    TIME = "time"
    #: An amount in exact major units, with as many decimals as its currency has.
    MAJOR = "major"
    #: An amount in whole minor units.
    MINOR = "minor"


@dataclass(frozen=True, slots=True)
class FileColumn:
    """A column of a file."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Column(Generic[R]):
    """What a column says of a row. One of kind `MAJOR` has a `Money` as its value, or None, and
    stands in the file twice: the minor units of all amounts, as `NAME_minor`, come behind all
    columns."""

    name: str
    kind: Kind
    value: Callable[[R], Cell | Money]


@dataclass(frozen=True, slots=True)
class FileRows:
    """A file's columns, and its rows as they are read; reading may raise what a read raises."""

    columns: tuple[FileColumn, ...]
    rows: Iterator[tuple[Cell, ...]]


class Reader(Protocol):
    """Runs a read for the person who takes the file; their right is asked for each time."""

    def __call__(self, read: Callable[..., Any], /, **named: Any) -> Any: ...


def file_rows(columns: Sequence[Column[R]], rows: Iterable[R]) -> FileRows:
    """The rows as a file has them."""
    amounts = [one for one in columns if one.kind is Kind.MAJOR]
    named = [FileColumn(one.name, one.kind) for one in columns]
    named += [FileColumn(f"{one.name}_minor", Kind.MINOR) for one in amounts]
    return FileRows(tuple(named), (tuple(_cells(columns, row)) for row in rows))


def _cells(columns: Sequence[Column[R]], row: R) -> Iterator[Cell]:
    minors: list[int | None] = []
    for one in columns:
        value = one.value(row)
        if one.kind is Kind.MAJOR:
            minors.append(value.minor if isinstance(value, Money) else None)
        yield major(value) if isinstance(value, Money) else value
    yield from minors
