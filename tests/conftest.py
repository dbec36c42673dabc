"""Fixtures that all tests share, which modules begin first, and what was skipped."""

from __future__ import annotations

import gc
import os
from collections import Counter
from collections.abc import Iterator
from functools import cache

import pytest
from httpx._transports import default as httpx_transport

from core.settings import Settings
from tests.support import quick_engines

pytest_plugins = [
    "tests.support.fixtures_mirror",
    "tests.support.fixtures_mariadb",
    "tests.support.galera",
    "tests.support.fixtures_access",
    "tests.support.fixtures_actions",
    "tests.support.fixtures_browser",
    "tests.support.fixtures_proof",
    "tests.support.fixtures_refund_screens",
    "tests.support.fixtures_refunds",
    "tests.support.fixtures_screens",
    "tests.support.fixtures_rest",
    "tests.support.bank_books",
]


_SETTINGS = [name.upper() for name in Settings.model_fields]

# Each client of httpx reads the certificates of all authorities, 25 ms of a processor, though tests
# ask over http: once is enough.
httpx_transport.create_ssl_context = cache(httpx_transport.create_ssl_context)
quick_engines.use()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[object]:
    """Nine thousand tests are there to the end: looking for garbage among them, while they are made
    and ever after, finds none."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_itemcollected(item: pytest.Item) -> None:
    """What takes long is run on one database here, and on MariaDB too by `make torture`: both
    halves take more than the twenty minutes that a change may wait."""
    if item.get_closest_marker("long") and item.get_closest_marker("mariadb"):
        item.add_marker(pytest.mark.torture)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """After the shuffling: a long module that began last would have one process end alone."""
    items.sort(key=lambda item: not any(map(item.get_closest_marker, ("browser", "long"))))


@pytest.fixture(autouse=True)
def _settings_stay() -> Iterator[None]:
    """What a test leaves in the environment would be the settings of those that come after it."""
    before = {name: os.environ.get(name) for name in _SETTINGS}
    yield
    left = sorted(name for name in _SETTINGS if os.environ.get(name) != before[name])
    for name in left:
        os.environ.pop(name, None)
        if (value := before[name]) is not None:
            os.environ[name] = value
    assert left == []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What this machine cannot run, by its reason: hundreds of tests have the same."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(str(report.longrepr[2]).removeprefix("Skipped: ") for report in skipped)
    for reason, tests in reasons.most_common():
        terminalreporter.write_line(f"{tests} skipped: {reason}")
