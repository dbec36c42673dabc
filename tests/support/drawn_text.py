"""What a screen of `AppTest` says to a person: its texts and its tables' cells, without ids."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from google.protobuf.message import Message

from tests.support.kit_parts import parts, tables

#: What is said of an element: its texts, and what may be chosen in it.
_SAID = ("label", "body", "value", "help", "delta", "options", "title")
#: Elements that show codes as such, and what a person typed.
_AS_THEY_ARE = {"code", "json", "text_input", "text_area", "arrow_data_frame", "bidi_component"}
#: Of parts of the kit: names and addresses are not shown.
_NOT_SHOWN = {"name", "href", "link", "tone", "icon", "place", "kind", "column", "button", "order"}
_NOT_SHOWN |= {"chosen", "fill"}
_CODE_SPAN = re.compile(r"`[^`]*`|:material/\w+:|\]\([^)]*\)")


def said(test: Any) -> Iterator[tuple[str, str]]:
    """Where and what: (type or key of an element, text)."""
    for element in test:
        if element.type in _AS_THEY_ARE or not isinstance(getattr(element, "proto", None), Message):
            continue
        for name in _SAID:
            found = getattr(element.proto, name, None)
            if isinstance(found, str):
                yield element.type, _CODE_SPAN.sub("", found)
            elif isinstance(found, Sequence):
                yield from ((element.type, text) for text in found if isinstance(text, str))
    for table in tables(test):
        if table.part is None:
            for name in table.columns:
                for value in table.value.get(name, ()):
                    for text in value if isinstance(value, list | tuple) else [value]:
                        yield f"data frame, {name}", str(text) if isinstance(text, str) else ""
    for kind in ("table", "cards", "bridge", "timeline", "facts"):
        for part in parts(test, kind):
            yield from ((part.key, text) for text in _texts(part.data))


def states(test: Any) -> set[str]:
    """The words on chips of tables."""
    return {
        word
        for table in tables(test)
        for row in table.rows
        for cell in row["cells"]
        for _tone, word in (cell.get("chips", ()) if isinstance(cell, dict) else ())
    }


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, list):
        for one in data:
            yield from _texts(one)
    elif isinstance(data, dict):
        for name, value in data.items():
            if name == "chips":
                yield from (word for _tone, word in value)
            elif name not in _NOT_SHOWN and not (name == "text" and data.get("code")):
                yield from _texts(value)
