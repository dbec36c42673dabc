"""What a screen tells once, for as long as somebody needs to see it.

A run of a screen is not a look at it: Streamlit draws a screen again by itself, when a row changes
or a component settles, and takes away what the run before drew. What is told once would then be
gone before anybody read it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

import streamlit as st

#: Runs within so many seconds of the first tell it again.
STAYS = 6.0

T = TypeVar("T")


@dataclass(slots=True)
class _Told(Generic[T]):
    value: T
    until: float | None = None


@dataclass(frozen=True, slots=True)
class SaidOnce(Generic[T]):
    """A value that an action leaves for the screen; `key` is where the session holds it."""

    key: str

    def put(self, value: T) -> None:
        """Have the next run tell it, in the place of what was told before."""
        st.session_state[self.key] = _Told(value)

    def drop(self) -> None:
        """Tell it no more: it is true no longer."""
        st.session_state.pop(self.key, None)

    def take(self) -> T | None:
        """The value, in the first run that asks and in those of the `STAYS` seconds after it."""
        told = cast("_Told[T] | None", st.session_state.get(self.key))
        if told is None:
            return None
        now = time.monotonic()
        if told.until is None:
            told.until = now + STAYS
        elif now >= told.until:
            del st.session_state[self.key]
            return None
        return told.value
