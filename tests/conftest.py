"""Fixtures that all tests share, and which modules begin first."""

from __future__ import annotations

import pytest

pytest_plugins = [
    "tests.fixtures_spine",
    "tests.fixtures_mariadb",
    "tests.fixtures_access",
    "tests.fixtures_actions",
    "tests.fixtures_refund_screens",
    "tests.fixtures_refunds",
    "tests.fixtures_screens",
    "tests.fixtures_rest",
]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """After the shuffling: a long module that began last would have one process end alone."""
    items.sort(key=lambda item: not any(map(item.get_closest_marker, ("browser", "long"))))
