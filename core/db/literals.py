"""Rows as one piece of SQL for MySQL: the driver's own way takes longer per value than the server.

The text stays a parameter of the statement, so that no error message shows the values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

from core.states import LIFE_CYCLES

#: A statement stays well below the smallest `max_allowed_packet` in use (1 MiB).
_LONGEST = 512 * 1024


class Rendered:
    """SQL that is ready as it stands; the driver puts it in unchanged."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


def conversions() -> dict[Any, Any]:
    """PyMySQL's conversions, and ours: for `connect(conv=…)`."""
    from pymysql import converters

    return {**converters.conversions, Rendered: lambda value, _mapping=None: value.text}


def rendered(rows: Sequence[Sequence[Any]]) -> Iterator[Rendered]:
    """`(1,'a'),(2,'b')`, in as many pieces as their length asks for."""
    piece: list[str] = []
    size = 0
    for row in rows:
        text = ",".join([_RENDER[type(value)](value) for value in row])
        size += len(text)
        if piece and size > _LONGEST:
            yield Rendered(f"({'),('.join(piece)})")
            piece, size = [], len(text)
        piece.append(text)
    if piece:
        yield Rendered(f"({'),('.join(piece)})")


def _string(value: str) -> str:
    """Right whatever the server's `sql_mode` makes of a backslash: there is none in it."""
    if "\\" in value:
        return f"_utf8mb4 X'{value.encode().hex()}'"
    return "'" + value.replace("'", "''") + "'"


def _moment(value: datetime) -> str:
    if value.tzinfo is not UTC:
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        value = value.astimezone(UTC)
    return f"'{value.isoformat(' ')[:-6]}'"


#: By the exact type, as a driver does; a value of any other type is refused with a KeyError.
_RENDER: dict[type, Callable[[Any], str]] = {
    type(None): lambda _value: "NULL",
    bool: lambda value: "1" if value else "0",
    int: int.__repr__,
    str: _string,
    **dict.fromkeys(LIFE_CYCLES, _string),
    bytes: lambda value: f"X'{value.hex()}'",
    date: lambda value: f"'{value.isoformat()}'",
    datetime: _moment,
}
