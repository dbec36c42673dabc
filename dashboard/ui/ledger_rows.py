"""Where a figure of money leads: the address of the ledger rows that it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from urllib.parse import parse_qsl, urlencode

import streamlit as st

from core.reads.ledger.figures import FIGURES
from core.reads.ledger.rows import NONE, Filters, as_written
from dashboard.ui import navigation

#: Where the session keeps what a click asked for, until the page opens it.
_OPENED = "ledger_rows_opened"


def as_query(filters: Filters) -> dict[str, str]:
    """The parameters of an address that asks for these rows."""
    found = {
        "from": filters.since.isoformat() if filters.since else None,
        "until": filters.until.isoformat() if filters.until else None,
        "currency": filters.currency,
        "balance": filters.balance_type,
        "category": filters.category,
        "late": filters.late_of,
        "figure": filters.figure,
        "method": NONE if filters.method == "" else filters.method,
        "country": NONE if filters.card_country == "" else filters.card_country,
        "fee": filters.fee_type,
    }
    return {name: value for name, value in found.items() if value}


def asked_for(query: Mapping[str, str]) -> Filters:
    """What an address asks for; what cannot be read in it is left out."""
    figure = query.get("figure")
    return Filters(
        _day(query.get("from")),
        _day(query.get("until")),
        query.get("currency") or None,
        query.get("balance") or None,
        query.get("category") or None,
        query.get("late") or None,
        figure if figure in FIGURES else None,
        as_written(query.get("method")),
        as_written(query.get("country")),
        (query.get("fee") or None) if figure == "fee" else None,
    )


def _day(written: str | None) -> date | None:
    try:
        return date.fromisoformat(written or "")
    except ValueError:
        return None


def name(filters: Filters) -> str:
    """What a click on the figure reports: the address without its path."""
    return urlencode(as_query(filters))


def address(filters: Filters) -> str:
    """The address that a new tab can open too."""
    return f"/ledger?{name(filters)}"


def remember(clicked: str) -> None:
    """Write down what a click reported: a callback cannot open a page, the next run does."""
    st.session_state[_OPENED] = as_query(asked_for(dict(parse_qsl(clicked))))


def follow_click() -> None:
    """Open the rows that a click asked for."""
    if (query := st.session_state.pop(_OPENED, None)) is not None:
        navigation.go("ledger", **query)
