"""No parameter vanishes: it has its effect, is in the answer, or is refused by name."""

from __future__ import annotations

import pytest

from core.emulator.http.given import Given, refuse_unread
from core.emulator.state.errors import ApiError


def given() -> Given:
    return Given({"a": 1, "b": Given({"c": 2, "d": [Given({"e": 3})]})})


def unread(params: Given, *kept: object) -> str:
    try:
        refuse_unread(params, *kept)
    except ApiError as refusal:
        return refusal.message
    return ""


def test_what_nobody_read_is_named() -> None:
    params = given()
    assert unread(params) == "not emulated: a, b"
    assert params["a"] + params.get("b")["c"] == 3
    assert unread(params) == "not emulated: b[d]"
    assert params["b"]["d"]
    assert unread(params) == "not emulated: b[d][0][e]"
    assert params["b"]["d"][0].pop("e") == 3
    assert unread(params) == ""


def test_asking_for_names_reads_nothing() -> None:
    params = given()
    assert "a" in params
    assert set(params) == {"a", "b"}
    assert unread(params) == "not emulated: a, b"


@pytest.mark.parametrize("take", [lambda p: {**p}, lambda p: {} | p, lambda p: dict(p.items())])
def test_copy_reads_its_own_level(take: object) -> None:
    params = given()
    assert callable(take)
    assert take(params) == params
    assert unread(params) == "not emulated: b[c], b[d]"


def test_what_stands_whole_in_an_object_is_no_loss() -> None:
    params = given()
    obj = {"sum": params["a"], "deep": {"kept": [params["b"]]}}
    assert unread(params, obj) == ""
