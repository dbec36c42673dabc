"""Tables: rows that open by a click anywhere, sorted by the server, two lines a row on a phone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from dashboard.ui.kit import component
from dashboard.ui.kit.cells import Cell
from dashboard.ui.kit.component import OnClick

#: Where a column stands on a phone: `a` first and bold, `e` beside it, `b` at its end; `c` and `d`
#: begin and end the second line. Others are left out there.
Place = Literal["", "a", "b", "c", "d", "e"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its `name`. `title` is in the viewer's language.

    `is_figure`: at the end of its place, digits under digits. `sorts`: a click on the title asks
    for this order. `cut`: so many percent of the width, longer text ends in an ellipsis; a column
    without it is as wide as its longest text.
    """

    name: str
    title: str
    is_figure: bool = False
    sorts: bool = False
    cut: int = 0
    place: Place = ""

    def as_data(self) -> dict[str, Any]:
        """As `kit.js` reads it."""
        found = {
            "name": self.name,
            "title": self.title,
            "end": self.is_figure,
            "sorts": self.sorts,
            "cut": self.cut or None,
            "place": self.place,
        }
        return component.compact(found)


@dataclass(frozen=True, slots=True)
class Row:
    """A row's cells, one a column.

    `name`: what is reported when it is opened; None for one that opens nothing. With an `address`
    its first cell is a link and a click anywhere opens it; without one, only the button in the
    column that the table names does.
    """

    cells: tuple[Cell, ...]
    name: str | None = None
    address: str = ""
    is_total: bool = False

    def as_data(self) -> dict[str, Any]:
        """As `kit.js` reads it."""
        found = {
            "cells": [cell.as_data() for cell in self.cells],
            "name": self.name,
            "href": self.address,
            "total": self.is_total,
        }
        return component.compact(found)


@dataclass(frozen=True, slots=True)
class Sorting:
    """By which column rows stand, and whether the greatest comes first."""

    column: str
    descending: bool = True


def draw(
    key: str,
    columns: Sequence[Column],
    rows: Sequence[Row],
    *,
    alt: str,
    order: Sorting | None = None,
    chosen: str | None = None,
    button: str | None = None,
    leaves: bool = False,
    leads_to: str = "",
    on_open: OnClick | None = None,
    on_sort: OnClick | None = None,
) -> None:
    """Draw a table; `alt` says what it holds to who cannot see it.

    `order` is marked in the head, `chosen` is the name of the row that is open. `button`: the
    column whose cells are buttons in rows without an address. `on_open` is given a row's name,
    `on_sort` a column's. `leads_to`: the page that cells open with their `query`; such a click
    reports the whole address.
    """
    data = {
        "alt": alt,
        "columns": [column.as_data() for column in columns],
        "rows": [row.as_data() for row in rows],
        "order": [order.column, order.descending] if order else None,
        "chosen": chosen,
        "button": button,
        "leads_to": leads_to,
    }
    component.mount("table", key, data, on_open=on_open, on_sort=on_sort, leaves=leaves)
