"""The order of a list: it stands in the address, a click on a column's title asks for another."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from core.errors import InvalidInput
from dashboard.ui import widgets

T = TypeVar("T")


def asked(read: Callable[[str | None], T], default: T) -> T:
    """The order in the address; the default where it says none that `read` knows."""
    try:
        return read(st.query_params.get("sort"))
    except InvalidInput:
        return default


def ask(order: object, default: object) -> None:
    """Put an order into the address, which begins with its first rows."""
    widgets.first_page()
    if order == default:
        st.query_params.pop("sort", None)
    else:
        st.query_params["sort"] = str(order)
