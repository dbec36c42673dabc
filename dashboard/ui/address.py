"""The address of a screen: what a choice puts there stays, also where the next click is quick.

A browser learns of an address that a run wrote only when that run's message arrives. A click sent
before then brings the address from before, and with it the value that a search line had. So what
was written is remembered for a moment, and written again where the browser does not know of it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import overload

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

#: For so many seconds after a value was written, an address without it is an older one.
REMEMBERED = 2.0
_KEPT = "address_written"
#: What stands at a key: its values, of which there may be several in an address; none without it.
_Values = tuple[str, ...]


@dataclass(slots=True)
class _Written:
    """`now`: what was written; `before`: what the browser may still hold; `until`: by the clock
    of `time.monotonic`; `bound`: whether the value is that of the widget with this key."""

    now: _Values
    before: frozenset[_Values]
    until: float
    bound: bool


@dataclass(slots=True)
class _Page:
    """What was written on one page, by its hash."""

    page: str
    written: dict[str, _Written] = field(default_factory=dict)


@overload
def get(key: str) -> str | None: ...
@overload
def get(key: str, default: str) -> str: ...
def get(key: str, default: str | None = None) -> str | None:
    """The value at a key, the last of several."""
    catch_up()
    return st.query_params.get(key, default)


def has(key: str) -> bool:
    """Whether something stands at a key."""
    catch_up()
    return key in st.query_params


def values() -> Mapping[str, str]:
    """All of the address, of each key the last value."""
    catch_up()
    return st.query_params.to_dict()


def pairs() -> list[tuple[str, str]]:
    """All of the address; a key with several values stands there several times."""
    catch_up()
    return [(key, value) for key in st.query_params for value in st.query_params.get_all(key)]


def put(key: str, value: str) -> None:
    """Write a value."""
    _note(key, (value,))
    st.query_params[key] = value


def drop(*keys: str) -> None:
    """Take keys out, those that are there."""
    for key in keys:
        _note(key, ())
        st.query_params.pop(key, None)


def put_bound(key: str, value: str, *, is_new: bool = False) -> None:
    """Give the text field with this key, which is bound to the address, a value. Before it is
    drawn: in a callback, or above it.

    `is_new`: no run drew it yet; it would put what it holds into the address with the next run.
    """
    _note(key, (value,), bound=True)
    st.session_state[key] = value
    if is_new:
        st.query_params[key] = value


def replace(asked: Mapping[str, str]) -> None:
    """Write a whole address of this page in the place of the one that is there."""
    for key in {*st.query_params, *asked}:
        _note(key, (asked[key],) if key in asked else ())
    st.query_params.from_dict(asked)


def forget() -> None:
    """What comes next is an address that somebody opens, and no click on the page as it was."""
    st.session_state.pop(_KEPT, None)


def catch_up() -> None:
    """Write again what the browser did not know yet when it sent this run."""
    kept: _Page | None = st.session_state.get(_KEPT)
    context = get_script_run_ctx()
    if kept is None or context is None:
        return
    if kept.page != context.page_script_hash or context.is_history_navigation:
        # Going back or to another page is asking for an older address.
        forget()
        return
    stale = _stale(kept)
    put_again = {key: one.now for key, one in stale.items() if one.now and not one.bound}
    if put_again:
        st.query_params.update(put_again)
    for key, one in stale.items():
        if one.bound:
            st.session_state[key] = one.now[0]
        elif not one.now:
            st.query_params.pop(key, None)


def _stale(kept: _Page) -> dict[str, _Written]:
    """What was written a moment ago, and is not where it was written; what has another value since
    then is somebody's new choice."""
    moment, stale = time.monotonic(), {}
    for key, one in list(kept.written.items()):
        found = _values(key, one.bound)
        if moment >= one.until or found not in {one.now, *one.before}:
            del kept.written[key]
        elif found != one.now:
            stale[key] = one
    return stale


def _values(key: str, bound: bool) -> _Values:
    if bound:
        return (str(st.session_state.get(key) or ""),)
    return tuple(st.query_params.get_all(key))


def _note(key: str, now: _Values, *, bound: bool = False) -> None:
    catch_up()
    context = get_script_run_ctx()
    found = _values(key, bound)
    if context is None or context.is_history_navigation:
        return
    kept: _Page = st.session_state.setdefault(_KEPT, _Page(context.page_script_hash))
    last = kept.written.get(key)
    if last is None and found == now:
        return
    before = (last.before if last else frozenset()) | {found}
    until = time.monotonic() + REMEMBERED
    kept.written[key] = _Written(now, before - {now}, until, bound)
