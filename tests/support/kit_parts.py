"""What the parts of `dashboard/ui/kit` were given to draw, as a person reads it; and clicks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pandas as pd
from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.testing.v1.element_tree import Dataframe


@dataclass(frozen=True)
class Part:
    """A part on a screen: its key there, its id for Streamlit, and its data."""

    key: str
    widget: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Table:
    """A table on a screen. `value`: its cells as texts, by the names of its columns; chips are
    lists of words. Of one that is no part of the kit, `part` is None."""

    value: pd.DataFrame
    columns: list[str]
    part: Part | None = None

    @property
    def rows(self) -> list[dict[str, Any]]:
        return self.part.data["rows"] if self.part else []

    @property
    def names(self) -> list[str | None]:
        """What rows are called: the ids that open them."""
        return [row.get("name") for row in self.rows]


def parts(test: Any, kind: str) -> list[Part]:
    """The parts of a kind on a screen of `AppTest`."""
    found = [_part(element) for element in test if element.type == "bidi_component"]
    return [one for one in found if one is not None and one.data["kind"] == kind]


def tables(test: Any) -> list[Table]:
    """The tables on a screen, as they stand there, whatever draws them."""
    found = []
    for element in test:
        if isinstance(element, Dataframe):
            order = list(element.proto.column_order) or list(element.value.columns)
            found.append(Table(element.value, order))
        elif element.type == "bidi_component":
            part = _part(element)
            if part is not None and part.data["kind"] == "table":
                found.append(_table(part))
    return found


def click(test: Any, part: Part | Table, event: str, name: object) -> Any:
    """A click that the browser tells of: `open` with a row's name, `sort` with a column's."""
    part = part.part if isinstance(part, Table) else part
    assert part is not None
    states: WidgetStates = test._tree.get_widget_states()
    told = json.dumps([{"event": event, "value": name}])
    states.widgets.add(id=_make_trigger_id(part.widget, "events"), json_trigger_value=told)
    return test._run(states)


def _part(element: Any) -> Part | None:
    if element.proto.component_name != "tillwatch_kit":
        return None
    return Part(element.key, element.proto.id, json.loads(element.proto.json))


def _table(part: Part) -> Table:
    names = [column["name"] for column in part.data["columns"]]
    cells = [[_shown(cell) for cell in row["cells"]] for row in part.data["rows"]]
    return Table(pd.DataFrame(cells, columns=names), names, part)


def _shown(cell: str | dict[str, Any]) -> str | list[str]:
    if isinstance(cell, str):
        return cell
    chips = [word for _tone, word in cell.get("chips", ())]
    return chips or cell.get("text", "")
