"""A page that is worked by keys alone."""

from __future__ import annotations

from typing import Any


def walk_to(page: Any, place: Any, most: int = 80) -> None:
    """Press Tab until the place has the focus."""
    place.wait_for()
    for _ in range(most):
        if place.evaluate("(one) => one.getRootNode().activeElement === one"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("Tab does not lead there")
