"""Where a figure of money leads: the address of the ledger rows that it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from urllib.parse import urlencode

from core.reads.ledger.revenue_figures import FIGURES
from core.reads.ledger.rows import NONE, Filters, as_written

#: The screen that lists them.
PAGE = "/ledger"
#: Revenue's tabs hold the parameter `currency`: no link from there may set it.
_CURRENCY = "in"


def as_query(filters: Filters) -> dict[str, str]:
    """The parameters by which a file of these rows is asked for."""
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
        query.get(_CURRENCY) or query.get("currency") or None,
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


def query(filters: Filters) -> str:
    """What stands behind `PAGE` in the rows' address."""
    asked = {_CURRENCY if name == "currency" else name: v for name, v in as_query(filters).items()}
    return urlencode(asked)


def address(filters: Filters) -> str:
    """The address of the rows, for a click and for a new tab."""
    return f"{PAGE}?{query(filters)}"
