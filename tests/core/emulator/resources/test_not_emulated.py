"""What the emulator has not: empty lists to read, and one clear refusal to write."""

from __future__ import annotations

import pytest

from core.emulator.http import routes
from core.emulator.resources.not_emulated import EMPTY
from core.emulator.state.errors import ApiError
from tests.support.emulator_books import context


def test_lists_are_empty_and_writes_refused() -> None:
    with context() as books:
        for name in EMPTY:
            found = books.api("GET", name, limit=3)
            assert (found["data"], found["has_more"], found["url"]) == ([], False, f"/v1/{name}")
            with pytest.raises(ApiError, match=f"not emulated: POST /v1/{name}"):
                books.api("POST", name, amount=1)
            with pytest.raises(ApiError) as missing:
                books.api("GET", f"{name}/x_1")
            assert missing.value.status == 404


def test_nothing_that_is_there_stands_among_them() -> None:
    served = {route.path.removeprefix("/v1/") for route in routes.ROUTES if route.method == "GET"}
    assert not served & set(EMPTY)


def test_address_that_nobody_has_is_unrecognized() -> None:
    with context() as books, pytest.raises(ApiError, match="Unrecognized request URL"):
        books.api("GET", "teapots")
