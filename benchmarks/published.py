"""What was measured stands in docs/performance.md, between two marks, with its day and machine."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- measured: make bench writes this -->", "<!-- end of what was measured -->"
#: What was true of a figure before work on it began, by the name of its row; in its own unit.
BEFORE = Path(__file__).with_name("before.json")
_HEAD = "| figure | measured | baseline | ratio | asked | | before | on | day |"

Row = dict[str, Any]


def merged(old: Iterable[Row], new: Iterable[Row]) -> list[Row]:
    """The rows of both; a figure that was measured again on the same database is the new one."""
    found = {_key(row): row for row in old}
    found |= {_key(row): row for row in new}
    return list(found.values())


def machine() -> str:
    """In words: cores, memory, system, Python."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB of memory, {platform.system()},"
        f" Python {platform.python_version()}"
    )


def write(page: Path, rows: Iterable[Row], where: str) -> None:
    """Put the rows between the marks; `ValueError` where a page has none."""
    text = page.read_text(encoding="utf-8")
    before, began, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not began or not ended:
        raise ValueError(f"{page.name} has no two marks to write between")
    lines = ["", f"Measured on {where}.", "", *_table(rows), "", ""]
    page.write_text(before + BEGIN + "\n".join(lines) + END + after, encoding="utf-8")


def _table(rows: Iterable[Row]) -> list[str]:
    once = json.loads(BEFORE.read_text(encoding="utf-8"))
    return [
        _HEAD,
        "| --- | ---: | ---: | ---: | --- | --- | --- | --- | --- |",
        *(_line(row, str(once.get(row["name"], ""))) for row in rows),
    ]


def _line(row: Row, before: str) -> str:
    cells = [
        row["name"].replace("|", "\\|"),
        f"{row['value']:,g}",
        "" if row["baseline"] is None else f"{row['baseline']:,g}",
        "" if row["ratio"] is None else f"{row['ratio']:g}x",
        row["target"],
        "met" if row["met"] else "**missed**",
        before,
        row.get("on", ""),
        row.get("day", ""),
    ]
    return "| " + " | ".join(cells) + " |"


def _key(row: Row) -> tuple[str, str]:
    return row["name"], row.get("on", "")
