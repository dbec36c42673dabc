"""The whole program and a Chromium for the tests of a module, which says its `HISTORY`, and
`ENVIRONMENT` where it needs more.

Without Chromium they are skipped, or fail when CI=true.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support import whole_program as stacks
from tests.support.whole_program import Profiles, Stack, Visitor

#: Wide enough for all columns: a table's canvas scrolls what does not fit.
SIZE = {"width": 1500, "height": 1100}


@pytest.fixture(scope="module")
def chromium() -> None:
    """Chromium is here."""
    if stacks.chromium() is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is not installed; with CI=true it must be", pytrace=False)
        pytest.skip("Chromium is not installed")


@pytest.fixture(scope="module")
def stack(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, chromium: None
) -> Iterator[Stack]:
    """Emulator, receiver, worker and ui, with the history that the module asks for."""
    folder = tmp_path_factory.mktemp("stack")
    more = getattr(request.module, "ENVIRONMENT", {})
    with stacks.running(folder, *request.module.HISTORY, "--no-trickle", **more) as found:
        yield found


@pytest.fixture(scope="module")
def browser(chromium: None) -> Iterator[Any]:
    """A Chromium of its own."""
    with stacks.browsing() as found:
        yield found


@pytest.fixture(scope="module")
def profiles(browser: Any, stack: Stack) -> Profiles:
    """The profiles of who came in by the form, while this stack runs."""
    return Profiles(browser, stack)


@pytest.fixture
def visit(profiles: Profiles) -> Iterator[Callable[[str], Visitor]]:
    """A demo user who comes in by the form the first time, and then by the session of that.

    Afterwards, no page may have asked another machine for anything.
    """
    yield lambda who: profiles.come_in(who, viewport=SIZE)
    assert profiles.leave() == []
