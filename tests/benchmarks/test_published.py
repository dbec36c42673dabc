"""What was measured is written into the page: rows beside those of other days and databases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks import published
from benchmarks.__main__ import PAGE
from benchmarks.report import row


def measured(name: str, value: float, on: str, day: str = "2026-11-30", **more: Any) -> Any:
    return row(name, value, **more) | {"on": on, "day": day}


def test_a_figure_measured_again_takes_the_place_of_the_one_on_the_same_database() -> None:
    old = [measured("a", 1, "sqlite 3"), measured("a", 2, "mysql 10"), measured("b", 3, "sqlite 3")]
    found = published.merged(old, [measured("a", 9, "sqlite 3", "2026-12-01")])
    assert [(one["name"], one["value"], one["on"]) for one in found] == [
        ("a", 9, "sqlite 3"),
        ("a", 2, "mysql 10"),
        ("b", 3, "sqlite 3"),
    ]


def test_the_page_gets_its_rows_between_the_marks_and_keeps_the_rest(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"above\n{published.BEGIN}\nold\n{published.END}\nbelow\n")
    rows = [
        measured("sync, bytes written a byte of database", 4.1, "sqlite 3", at_most=5),
        measured("a | b", 20, "sqlite 3", baseline=10, at_least=2),
    ]
    for _ in range(2):
        published.write(page, rows, "2 cores")
    lines = page.read_text().splitlines()
    assert (lines[0], lines[-1]) == ("above", "below")
    assert "Measured on 2 cores." in lines
    first, second = lines[-5:-3]
    assert first == (
        "| sync, bytes written a byte of database | 4.1 |  |  | <= 5 | met | 21 | sqlite 3"
        " | 2026-11-30 |"
    )
    assert second.startswith("| a \\| b | 20 | 10 | 0.5x | >= 2x | **missed** |")


def test_a_page_without_marks_is_not_touched(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("above\n")
    with pytest.raises(ValueError, match="has no two marks"):
        published.write(page, [], "2 cores")
    assert page.read_text() == "above\n"


def test_the_page_of_the_project_has_its_marks() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text.index(published.BEGIN) < text.index(published.END)
