"""Lists as tables that are described by data: columns, what opens a row, what stands in an empty
one's place.

Titles are English, translated as the table is drawn. Foreign text is safe in its cells.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from dashboard.i18n import _
from dashboard.ui import columns, status_badges, viewer, widgets
from dashboard.ui.status_badges import Kind

R = TypeVar("R")

#: Words and colours of codes; where they depend on it, by the codes that stand in the column.
Kinds = Kind | Callable[[Sequence[str]], Kind]


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a column is drawn by: its cells, the viewer's zone, and what a click on it does."""

    cells: pd.Series[Any]
    zone: ZoneInfo
    open_key: str
    on_open: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Column(Generic[R]):
    """A column: what stands in its cell for a row, and Streamlit's configuration, as `configure`
    makes it of the translated title.

    `dtype`: of its cells, where pandas could not tell it from a column without values.
    `optional`: the column is left out where all its cells are empty. `unless`: it is left out where
    one of these columns holds something.
    """

    title: str
    cell: Callable[[R], object]
    configure: Callable[[str, Drawing], Any]
    dtype: str | None = None
    optional: bool = False
    unless: tuple[str, ...] = ()

    def cells(self, rows: Iterable[R]) -> object:
        """Its cells, a row each."""
        values = [self.cell(row) for row in rows]
        return values if self.dtype is None else pd.Series(values, dtype=self.dtype)


def text(
    title: str,
    cell: Callable[[R], object],
    *,
    width: int | None = None,
    optional: bool = False,
    unless: tuple[str, ...] = (),
) -> Column[R]:
    """Plain text."""

    def configure(label: str, _drawing: Drawing) -> Any:
        return columns.text_column(label, width=width)

    return Column(title, cell, configure, optional=optional, unless=unless)


def money(title: str, cell: Callable[[R], str], *, width: int) -> Column[R]:
    """An amount or another figure as text, at the right, as wide as the longest of them."""
    return Column(title, cell, lambda label, _d: columns.money_column(label, width=width))


def currency(code: Callable[[R], str]) -> Column[R]:
    """The code of the amount beside it, in capitals."""
    # The column has its title in `currency_column`.
    return Column("", lambda row: code(row).upper(), lambda _label, _d: columns.currency_column())


def number(
    title: str, cell: Callable[[R], int], *, width: int, optional: bool = False
) -> Column[R]:
    """A count; with `optional`, zero is empty."""

    def configure(label: str, _drawing: Drawing) -> Any:
        return st.column_config.NumberColumn(label, width=width)

    return Column(title, cell, configure, optional=optional)


def moment(title: str, cell: Callable[[R], object], *, seconds: bool = True) -> Column[R]:
    """A time in UTC, or None; shown in the viewer's zone."""

    def configure(label: str, drawing: Drawing) -> Any:
        return columns.time_column(label, drawing.zone, seconds=seconds)

    return Column(title, cell, configure, dtype="datetime64[us, UTC]")


def chips(
    title: str,
    codes: Callable[[R], Sequence[str]],
    kinds: Kinds,
    *,
    width: int | Callable[[pd.Series[Any]], int],
) -> Column[R]:
    """States, each a code of `kinds`; a code without a word is shown as it is.

    `width` in pixels, or by the cells.
    """

    def configure(label: str, drawing: Drawing) -> Any:
        seen = sorted({code for cell in drawing.cells for code in cell})
        kind = kinds(seen) if callable(kinds) else kinds
        wide = width(drawing.cells) if callable(width) else width
        return status_badges.chip_column(label, kind, width=wide, seen=seen)

    return Column(title, codes, configure)


def opener(title: str, name: Callable[[R], str | None], *, width: int) -> Column[R]:
    """What a row is called, each once in a table; a click on it opens the row. None: it opens
    nothing."""

    def cell(row: R) -> str | None:
        found = name(row)
        return None if found is None else columns.opener(found)

    def configure(label: str, drawing: Drawing) -> Any:
        key, on_open = drawing.open_key, drawing.on_open
        return columns.open_column(label, key, lambda: on_open(columns.opened(key)), width=width)

    return Column(title, cell, configure)


@dataclass(frozen=True, slots=True)
class Empty:
    """What stands in the place of an empty table: what is missing, and what to do."""

    what: str
    then: str
    icon: str = ":material/inbox:"

    def draw(self) -> Any:
        """Returns the place for a button."""
        return widgets.empty(_(self.what), _(self.then), icon=self.icon)


@dataclass(frozen=True, slots=True)
class DataTable(Generic[R]):
    """A list's table. `columns`, in their order, by the names that `hidden` and `order` use.

    `key` is the table's in the session; `alt` says what it holds to who cannot see it. More rows
    than `most` scroll. `placeholder` stands in a cell without a value, `empty` in the place of a
    table without rows.
    """

    key: str
    alt: str
    columns: Mapping[str, Column[R]]
    most: int = 15
    placeholder: str | None = None
    empty: Empty | None = None

    def frame(self, rows: Iterable[R]) -> pd.DataFrame:
        """The cells, in the viewer's language: what may be kept and drawn again."""
        rows = list(rows)
        return pd.DataFrame({name: column.cells(rows) for name, column in self.columns.items()})

    def draw(
        self,
        frame: pd.DataFrame,
        on_open: Callable[[str], None] = lambda _name: None,
        *,
        caption: str | None = None,
        hidden: Collection[str] = (),
        order: Sequence[str] | None = None,
    ) -> None:
        """Draw what `frame` made, under its `caption`; a click on a row's name calls `on_open` with
        it. Without rows draw what is said instead."""
        if frame.empty and self.empty is not None:
            self.empty.draw()
            return
        if caption is not None:
            st.caption(caption)
        left_out = self._left_out(frame) | {*hidden}
        shown = [name for name in order or self.columns if name not in left_out]
        configured = partial(self._configured, frame, viewer.zone(), on_open)
        widgets.plain_table(
            frame,
            {name: configured(name) for name in shown},
            key=self.key,
            alt=_(self.alt),
            most=self.most,
            order=shown,
            placeholder=self.placeholder,
        )

    def _left_out(self, frame: pd.DataFrame) -> set[str]:
        empty = {
            name
            for name, column in self.columns.items()
            if column.optional and not any(map(bool, frame[name].dropna()))
        }
        filled = self.columns.keys() - empty
        return empty | {n for n, one in self.columns.items() if filled & {*one.unless}}

    def _configured(
        self, frame: pd.DataFrame, zone: ZoneInfo, on_open: Callable[[str], None], name: str
    ) -> Any:
        column = self.columns[name]
        drawing = Drawing(frame[name], zone, f"{self.key}_open", on_open)
        return column.configure(_(column.title) if column.title else "", drawing)
