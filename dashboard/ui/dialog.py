"""Dialogs that a click opens in the next run, with what they are about kept in the session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st


@dataclass(frozen=True, slots=True)
class Dialog:
    """One dialog; `key` is where the session keeps what it is about while it is to be open."""

    key: str

    def ask(self, **about: Any) -> None:
        """Open it in the next run."""
        st.session_state[self.key] = about

    def about(self) -> dict[str, Any] | None:
        """What it is about, to be read and added to; None when it is not to be open."""
        found: dict[str, Any] | None = st.session_state.get(self.key)
        return found

    def draw(self, title: str, body: Callable[[dict[str, Any]], None]) -> None:
        """Draw it, if it is to be open. Call it from the page's body, not from a fragment."""
        about = self.about()
        if about is None:
            return

        @st.dialog(title, width="medium", on_dismiss=self.close)
        def drawn() -> None:
            body(about)

        drawn()

    def close(self) -> None:
        """Have it gone in the next run."""
        st.session_state.pop(self.key, None)
