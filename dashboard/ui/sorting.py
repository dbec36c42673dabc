"""The order of a list: it stands in the address, a click on a column's title asks for another."""

from __future__ import annotations

from collections.abc import Collection

from core.errors import InvalidInput
from core.reads.search.sort_order import SortOrder, read_order
from dashboard.ui import address, widgets


def asked(default: SortOrder, known: Collection[str] = ()) -> SortOrder:
    """The order in the address; the default where it says none that is known."""
    try:
        return read_order(address.get("sort"), default, known)
    except InvalidInput:
        return default


def in_file(order: SortOrder, default: SortOrder) -> dict[str, str]:
    """What a file is asked for, so that it has the order that is seen."""
    return {} if order == default else {"sort": str(order)}


def ask(order: SortOrder, default: SortOrder) -> None:
    """Put an order into the address, which begins with its first rows."""
    widgets.first_page()
    if order == default:
        address.drop("sort")
    else:
        address.put("sort", str(order))
