"""The page on search names what can be searched."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.reads.admin import audit
from core.reads.developer import api_log, events
from core.reads.payments import list as payments
from core.reads.search.fields import Fields

PAGE = Path(__file__).parents[4] / "docs" / "search.md"


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("payments", payments.FIELDS),
        ("events", events.FIELDS),
        ("API log", api_log.FIELDS),
        ("audit log", audit.FIELDS),
    ],
)
def test_the_page_on_search_names_each_field_of_each_list(name: str, fields: Fields) -> None:
    row = next(
        line for line in PAGE.read_text("utf-8").splitlines() if line.startswith(f"| {name} | `")
    )
    assert re.findall(r"`(\w+)`", row) == list(fields.readers)
