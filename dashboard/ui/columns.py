"""Columns of tables: money, times, codes; and the shapes of their cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st
from babel.core import Locale

from core.money import Money, show
from core.reads.exports.columns import Kind
from dashboard.i18n import N_, _, language

#: What a table shows: its columns by name, all of one length.
Table = dict[str, Sequence[Any]]

#: Names of card networks and ways to pay; some have a Chinese one.
BRANDS = {
    "amex": "Amex",
    "cartes_bancaires": "Cartes Bancaires",
    "diners": "Diners",
    "discover": "Discover",
    "eftpos_au": "Eftpos",
    "jcb": "JCB",
    "mastercard": "Mastercard",
    "unionpay": N_("UnionPay"),
    "visa": "Visa",
}
METHODS = {
    "alipay": N_("Alipay"),
    "amazon_pay": "Amazon Pay",
    "ideal": "iDEAL",
    "klarna": "Klarna",
    "link": "Link",
    "paypal": "PayPal",
    "sepa_debit": "SEPA",
    "us_bank_account": "ACH",
    "wechat_pay": N_("WeChat Pay"),
}

#: What cells are in Arrow; others are lists of texts. A flag is a whole number to Python.
_KINDS = ((str, Kind.TEXT), (bool, Kind.FLAG), (int, Kind.COUNT), (datetime, Kind.TIME))

#: Places whose full names a column would cut.
_SHORT = {"HK": N_("Hong Kong"), "MO": N_("Macao")}
#: Pixels of a digit in a cell, and of what is around the text.
_DIGIT, _PADDING = 7, 18


def money(minor: int | None, currency: str | None) -> str:
    """An amount as people read it, without its code; nothing for an amount that is not known.

    The short symbol in every language: the code stands beside it anyway.
    """
    if minor is None or not currency:
        return ""
    return show(Money(minor, currency))


def method(kind: str | None, brand: str | None = None, last4: str | None = None) -> str:
    """How it was paid: `Visa •••• 4242`, `Alipay`."""
    if last4:
        name = brand_name(brand) or (brand or _("Card")).title()
        return f"{name} •••• {last4}"
    if kind == "card":
        return brand_name(brand) or _("Card")
    known = METHODS.get(kind or "")
    return _(known) if known else (kind or "").replace("_", " ").title()


def brand_name(code: str | None) -> str | None:
    """A card network's name; None for one that we do not know."""
    known = BRANDS.get(code or "")
    return _(known) if known else None


def country(code: str | None) -> str:
    """A country's name; the code where it is none that we know."""
    if code in _SHORT:
        return _(_SHORT[code])
    names = Locale.parse(language().replace("-", "_")).territories
    return str(names.get(code or "", code or ""))


def text_column(label: str, *, width: int | None = None) -> Any:
    """Plain text; foreign text is safe in it."""
    return st.column_config.TextColumn(label, width=width)


def money_column(label: str, *, width: int | None = 118, hint: str | None = None) -> Any:
    """Amounts made by `money`: text, right-aligned, so that no digit passes through a float."""
    return st.column_config.TextColumn(label, width=width, alignment="right", help=hint)


def currency_column() -> Any:
    """Currency codes, of four letters at most: the yen and the yuan share their sign."""
    return st.column_config.TextColumn(_("Cur."), width=54)


def of_rows(rows: Sequence[Mapping[str, Any]]) -> Table:
    """The table of rows that all have the same columns."""
    return {name: [row[name] for row in rows] for name in (rows[0] if rows else ())}


def as_arrow(table: Table) -> Any:
    """The table as Streamlit takes it: what is no Arrow's it makes a frame of pandas from."""
    # Loaded with the first table that is drawn: most screens have none.
    import pyarrow as pa

    from core.actions.exports import arrow

    arrays = []
    for cells in table.values():
        first = next((cell for cell in cells if cell is not None), "")
        kind = next((kind for type_, kind in _KINDS if isinstance(first, type_)), None)
        arrays.append(arrow.lists(cells) if kind is None else arrow.array(cells, kind))
    return pa.Table.from_arrays(arrays, names=list(table))


def fitted(layout: Mapping[str, Any], table: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """The layout of a table's columns, amounts wide enough for the longest of them.

    Text that stands at the right loses its first digits where it is cut: a smaller amount is read.
    """
    found = {name: layout[name] for name in table if name in layout}
    for name, column in found.items():
        # Columns of buttons are no dictionaries.
        own = column if isinstance(column, dict) else {}
        if own.get("alignment") == "right" and own.get("width"):
            longest = max(map(len, map(str, table[name])), default=0)
            found[name] = own | {"width": max(own["width"], longest * _DIGIT + _PADDING)}
    return found


def time_column(label: str, zone: ZoneInfo, *, seconds: bool = True) -> Any:
    """Times in the zone of the screen."""
    clock = "HH:mm:ss" if seconds else "HH:mm"
    # Month names would stay English in any other pattern.
    form = f"MMM D, {clock}" if language() == "en" else f"M月D日 {clock}"
    return st.column_config.DatetimeColumn(label, format=form, timezone=str(zone), width=122)


def share_column(label: str) -> Any:
    """A share between 0 and 100 as a bar."""
    return st.column_config.ProgressColumn(
        label, format="%.1f%%", min_value=0, max_value=100, width=104
    )
