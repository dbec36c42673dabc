"""Lists as tables that are described by data: columns, what opens a row, what stands in an empty
one's place.

Titles are English, translated as the table is drawn. Foreign text is safe in its cells.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

import streamlit as st

from dashboard import i18n
from dashboard.i18n import N_, _
from dashboard.ui import viewer, widgets
from dashboard.ui.kit import table
from dashboard.ui.kit.cells import Cell, chip
from dashboard.ui.kit.component import OnClick
from dashboard.ui.kit.links import Target
from dashboard.ui.kit.table import Place, Sorting
from dashboard.ui.status_badges import Kind

R = TypeVar("R")

#: Words and colours of codes; where they depend on it, by the codes that stand in the column.
Kinds = Kind | Callable[[Sequence[str]], Kind]
#: What a column holds: which of them are seen first on a phone.
Holds = Literal["text", "figure", "currency", "chips", "moment", "name"]
_NOTHING = Cell()


@dataclass(frozen=True, slots=True)
class Column(Generic[R]):
    """A column: its cells for rows, in the viewer's language.

    `cut`: so many percent of the width, longer text ends in an ellipsis. `name`: what a row is
    called, in the column that opens it. `optional`: the column is left out where all its cells are
    empty. `unless`: it is left out where one of these columns holds something.
    """

    title: str
    cells: Callable[[Sequence[R]], Sequence[Cell]]
    holds: Holds = "text"
    cut: int = 0
    name: Callable[[R], str | None] | None = None
    optional: bool = False
    unless: tuple[str, ...] = ()


def each(
    title: str,
    cell: Callable[[R], Cell],
    *,
    holds: Holds = "text",
    cut: int = 0,
    optional: bool = False,
    unless: tuple[str, ...] = (),
) -> Column[R]:
    """A column of any cells, one by one."""

    def cells(rows: Sequence[R]) -> Sequence[Cell]:
        return [cell(row) for row in rows]

    return Column(title, cells, holds, cut, optional=optional, unless=unless)


def text(
    title: str,
    cell: Callable[[R], str | None],
    *,
    cut: int = 0,
    optional: bool = False,
    unless: tuple[str, ...] = (),
) -> Column[R]:
    """Plain text."""
    return each(title, lambda row: Cell(cell(row) or ""), cut=cut, optional=optional, unless=unless)


def code(
    title: str, cell: Callable[[R], str | None], *, cut: int = 0, optional: bool = False
) -> Column[R]:
    """Ids and other codes that are read letter by letter."""
    return each(title, lambda row: Cell(cell(row) or "", is_code=True), cut=cut, optional=optional)


def money(title: str, cell: Callable[[R], str]) -> Column[R]:
    """An amount or another figure as text, at the right."""
    return each(title, lambda row: Cell(cell(row)), holds="figure")


def currency(code: Callable[[R], str]) -> Column[R]:
    """The code of the amount beside it, in capitals: the yen and the yuan share their sign."""
    return each(N_("Cur."), lambda row: Cell(code(row).upper()), holds="currency")


def number(title: str, cell: Callable[[R], int], *, optional: bool = False) -> Column[R]:
    """A count; with `optional`, zero is empty."""

    def made(row: R) -> Cell:
        value = cell(row)
        return Cell(i18n.number(value) if value or not optional else "")

    return each(title, made, holds="figure", optional=optional)


def share(title: str, percent: Callable[[R], int | None]) -> Column[R]:
    """A share of a hundred with its bar, or a score; None: there is none."""

    def made(row: R) -> Cell:
        value = percent(row)
        return _NOTHING if value is None else Cell(i18n.number(value), share=value)

    return each(title, made, holds="figure")


def moment(title: str, cell: Callable[[R], datetime | None], *, seconds: bool = True) -> Column[R]:
    """A time in UTC, or None; shown in the viewer's zone."""

    def cells(rows: Sequence[R]) -> Sequence[Cell]:
        zone, written = viewer.zone(), i18n.moment if seconds else i18n.minute
        times = (cell(row) for row in rows)
        return [Cell(written(time, zone)) if time else _NOTHING for time in times]

    return Column(title, cells, "moment")


def chips(title: str, codes: Callable[[R], Sequence[str]], kinds: Kinds) -> Column[R]:
    """States, each a code of `kinds`."""

    def cells(rows: Sequence[R]) -> Sequence[Cell]:
        found = [codes(row) for row in rows]
        seen = sorted({code for cell in found for code in cell})
        kind = kinds(seen) if callable(kinds) else kinds
        return [Cell(chips=tuple(chip(kind, code) for code in cell)) for cell in found]

    return Column(title, cells, "chips")


def opener(
    title: str,
    name: Callable[[R], str | None],
    *,
    shown: Callable[[R], str] | None = None,
) -> Column[R]:
    """What a row is called, each once in a table, and what is shown of it where that is not the
    name itself; the row is opened by it. None: it opens nothing."""

    def cells(rows: Sequence[R]) -> Sequence[Cell]:
        return [_opener_cell(name(row), shown(row) if shown else None) for row in rows]

    return Column(title, cells, "name", name=name)


def _opener_cell(name: str | None, shown: str | None) -> Cell:
    return _NOTHING if name is None else Cell(name if shown is None else shown, is_code=not shown)


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
class Frame:
    """The cells of a list by their columns, and its rows' names: what may be kept and drawn
    again."""

    names: tuple[str | None, ...]
    cells: Mapping[str, tuple[Cell, ...]]

    def has(self, column: str) -> bool:
        """Whether a cell of the column holds something."""
        return any(not cell.is_empty for cell in self.cells[column])

    def has_all(self, column: str) -> bool:
        """Whether each cell of the column does."""
        return all(not cell.is_empty for cell in self.cells[column])


@dataclass(frozen=True, slots=True)
class DataTable(Generic[R]):
    """A list's table. `columns`, in their order, by the names that `hidden` and `order` use.

    `key` is the table's in the session; `alt` says what it holds to who cannot see it.
    `placeholder` stands in a cell without a value, `empty` in the place of a table without rows.
    """

    key: str
    alt: str
    columns: Mapping[str, Column[R]]
    placeholder: str = ""
    empty: Empty | None = None

    def frame(self, rows: Iterable[R]) -> Frame:
        """The cells, in the viewer's language and zone."""
        rows = list(rows)
        naming = next((one.name for one in self.columns.values() if one.name), None)
        return Frame(
            tuple(naming(row) if naming else None for row in rows),
            {name: tuple(column.cells(rows)) for name, column in self.columns.items()},
        )

    def draw(
        self,
        frame: Frame,
        on_open: OnClick | None = None,
        *,
        target: Target | None = None,
        caption: str | None = None,
        hidden: Collection[str] = (),
        order: Sequence[str] | None = None,
        sorts: Collection[str] = (),
        sorted_by: Sorting | None = None,
        on_sort: OnClick | None = None,
        chosen: str | None = None,
    ) -> None:
        """Draw what `frame` made, under its `caption`; without rows draw what is said instead.

        A click calls `on_open` with the row's name: one anywhere on the row where `target` tells
        what its address is, else one on the name. `order`: the columns that are shown, by name.
        `sorts`: those whose titles ask `on_sort` for their order. `chosen`: the open row's name.
        """
        if not frame.names and self.empty is not None:
            self.empty.draw()
            return
        if caption is not None:
            st.caption(caption)
        left_out = self._left_out(frame) | {*hidden}
        shown = [name for name in order or self.columns if name not in left_out]
        opens = next((name for name, column in self.columns.items() if column.name), None)
        table.draw(
            self.key,
            self._drawn_columns(shown, sorts),
            self._drawn_rows(frame, shown, target),
            alt=_(self.alt),
            order=sorted_by,
            chosen=chosen,
            button=opens,
            leaves=target is not None and target.leaves,
            on_open=on_open,
            on_sort=on_sort,
        )

    def _left_out(self, frame: Frame) -> set[str]:
        optional = {name for name, column in self.columns.items() if column.optional}
        empty = {name for name in optional if not frame.has(name)}
        filled = self.columns.keys() - empty
        return empty | {n for n, one in self.columns.items() if filled & {*one.unless}}

    def _drawn_columns(self, shown: Sequence[str], sorts: Collection[str]) -> list[table.Column]:
        places = _places({name: self.columns[name] for name in shown})
        return [
            table.Column(
                name,
                _(self.columns[name].title),
                is_figure=self.columns[name].holds == "figure",
                sorts=name in sorts,
                cut=self.columns[name].cut,
                place=places.get(name, ""),
            )
            for name in shown
        ]

    def _drawn_rows(
        self, frame: Frame, shown: Sequence[str], target: Target | None
    ) -> list[table.Row]:
        missing = Cell(self.placeholder)
        return [
            table.Row(
                tuple(
                    missing if frame.cells[column][at].is_empty else frame.cells[column][at]
                    for column in shown
                ),
                name,
                target.address(name) if target and name is not None else "",
            )
            for at, name in enumerate(frame.names)
        ]


def _places(shown: Mapping[str, Column[Any]]) -> dict[str, Place]:
    """Where columns stand on a phone: the first one and its currency, the state and the time at
    the end, and of the others the widest that is left."""
    found: dict[str, Place] = {}
    for name, column in shown.items():
        taken = set(found.values())
        wanted: Place = ""
        if not found:
            wanted = "a"
        elif column.holds == "currency":
            wanted = "e"
        elif column.holds in ("chips", "figure"):
            wanted = "b"
        elif column.holds == "moment":
            wanted = "d"
        if wanted and wanted not in taken:
            found[name] = wanted
    texts = [name for name, one in shown.items() if one.holds == "text" and name not in found]
    if texts:
        found[max(texts, key=lambda name: shown[name].cut)] = "c"
    return found
