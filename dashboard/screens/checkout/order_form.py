"""The order on the checkout page: items, shipping, tax, who buys, and what it comes to."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core import money
from core.actions.payments.checkout_order import (
    MOST_ITEMS,
    MOST_OF_ONE,
    AskedItem,
    AskedOrder,
    CheckoutOrder,
    read,
)
from core.errors import InvalidInput, TillwatchError
from core.money import Money, plain
from dashboard.i18n import N_, _
from dashboard.ui import columns, viewer, widgets

#: What a new order holds: names, quantities and prices in so many steps of the currency.
_SAMPLE = ((N_("Notebook"), 2, 2400), (N_("Fountain pen"), 1, 1350))
_SHIPPING = 500


def draw(*, disabled: bool) -> tuple[CheckoutOrder | None, str, str]:
    """The form; the order if it can be charged, the name and the e-mail address."""
    widgets.card_title(_("Order"))
    currency = _currency(disabled)
    rows = _rows(currency)
    for place, row in enumerate(rows):
        _item(row, first=place == 0, alone=len(rows) == 1, disabled=disabled)
    st.button(
        _("Add an item"),
        key="checkout_add",
        icon=":material/add:",
        type="tertiary",
        disabled=disabled or len(rows) >= MOST_ITEMS,
        on_click=_add,
    )
    keep: Any = {"disabled": disabled, "persist_state": "session"}
    with st.grid(2, min_column_width=130):
        shipping = st.text_input(_("Shipping"), key="checkout_shipping", **keep)
        tax_rate = st.text_input(_("Tax, % of items"), key="checkout_tax", **keep)
        name = st.text_input(_("Cardholder name"), key="checkout_name", **keep)
        email = st.text_input(_("E-mail"), key="checkout_email", **keep)
    items = [_typed(row) for row in rows]
    order = _read(AskedOrder(currency, items, shipping, tax_rate))
    if order is not None:
        _sums(order)
    return order, name, email


def rule_text(error: InvalidInput) -> str:
    """A broken rule in the viewer's words, with the part of the order that breaks it."""
    rule = _(error.template).format(**error.values) if error.values else _(error.rule)
    return _("{field}: {rule}").format(field=_label(error.field), rule=rule)


def error_text(error: TillwatchError) -> str:
    """Any error that stopped a payment, in the viewer's words."""
    return rule_text(error) if isinstance(error, InvalidInput) else _(error.message)


def _label(field: str) -> str:
    if field.startswith("items["):
        place, _dot, part = field.removeprefix("items[").partition("].")
        parts = {"name": _("Item"), "quantity": _("Quantity"), "price": _("Price of one")}
        return _("{part}, item {number}").format(part=parts.get(part, part), number=int(place) + 1)
    return {
        "items": _("Items"),
        "shipping": _("Shipping"),
        "tax_rate": _("Tax, % of items"),
        "total": _("Total"),
        "amount": _("Total"),
        "currency": _("Currency"),
        "email": _("E-mail"),
        "name": _("Cardholder name"),
    }.get(field, field)


def _read(asked: AskedOrder) -> CheckoutOrder | None:
    try:
        return read(asked)
    except InvalidInput as error:
        st.warning(widgets.safe_text(rule_text(error)), icon=":material/edit:")
        return None


def _currency(disabled: bool) -> str:
    offered = viewer.current_console().settings.currencies
    if st.session_state.get("checkout_currency") not in offered:
        st.session_state["checkout_currency"] = "usd" if "usd" in offered else offered[0]
    before = st.session_state["checkout_currency"]
    st.segmented_control(
        _("Currency"),
        offered,
        key="checkout_currency",
        persist_state="session",
        required=True,
        format_func=str.upper,
        label_visibility="collapsed",
        disabled=disabled,
        on_change=_currency_changed,
        args=(before,),
    )
    return str(st.session_state["checkout_currency"])


def _currency_changed(before: str) -> None:
    """An order that nobody has changed stays a sensible one: 24.00 is not a price in yen."""
    now = str(st.session_state["checkout_currency"])
    rows = st.session_state["checkout_rows"]
    for row, (_name, _quantity, steps) in zip(rows, _SAMPLE, strict=False):
        _renew(f"checkout_price_{row}", _price(steps, before), _price(steps, now))
    _renew("checkout_shipping", _price(_SHIPPING, before), _price(_SHIPPING, now))


def _renew(key: str, before: str, now: str) -> None:
    if st.session_state.get(key) == before:
        st.session_state[key] = now


def _price(steps: int, currency: str) -> str:
    return plain(Money(steps * money.multiple(currency), currency))


def _rows(currency: str) -> list[int]:
    """The numbers of the rows; what stands in their fields is given to those that have nothing,
    which is so after another page was open, too."""
    rows: list[int] = st.session_state.setdefault("checkout_rows", list(range(len(_SAMPLE))))
    keep = st.session_state.setdefault
    for row in rows:
        name, quantity, steps = _SAMPLE[row] if row < len(_SAMPLE) else ("", 1, 0)
        keep(f"checkout_item_{row}", _(name) if name else "")
        keep(f"checkout_quantity_{row}", quantity)
        keep(f"checkout_price_{row}", _price(steps, currency) if steps else "")
    keep("checkout_shipping", _price(_SHIPPING, currency))
    keep("checkout_tax", "8.25")
    keep("checkout_name", "Ada Lovelace")
    keep("checkout_email", "ada@shop.example")
    return rows


def _item(row: int, *, first: bool, alone: bool, disabled: bool) -> None:
    labels: Any = "visible" if first else "collapsed"
    line = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
    line.text_input(
        _("Item"),
        key=f"checkout_item_{row}",
        persist_state="session",
        label_visibility=labels,
        disabled=disabled,
    )
    line.number_input(
        _("Quantity"),
        min_value=1,
        max_value=MOST_OF_ONE,
        step=1,
        key=f"checkout_quantity_{row}",
        persist_state="session",
        label_visibility=labels,
        width=118,
        disabled=disabled,
    )
    line.text_input(
        _("Price of one"),
        key=f"checkout_price_{row}",
        persist_state="session",
        label_visibility=labels,
        width=118,
        disabled=disabled,
    )
    line.button(
        _("Remove"),
        key=f"checkout_remove_{row}",
        icon=":material/delete:",
        type="tertiary",
        disabled=disabled or alone,
        help=_("An order has at least one item.") if alone else None,
        on_click=_remove,
        args=(row,),
    )


def _typed(row: int) -> AskedItem:
    state = st.session_state
    return AskedItem(
        str(state[f"checkout_item_{row}"]),
        int(state[f"checkout_quantity_{row}"] or 0),
        str(state[f"checkout_price_{row}"]),
    )


def _add() -> None:
    rows = st.session_state["checkout_rows"]
    rows.append(max(rows) + 1)


def _remove(row: int) -> None:
    st.session_state["checkout_rows"].remove(row)


def _sums(order: CheckoutOrder) -> None:
    code = order.currency.upper()
    lines = {_("Subtotal"): order.subtotal, _("Shipping"): order.shipping, _("Tax"): order.tax}
    with st.container(gap="xsmall"):
        for label, amount in lines.items():
            line = st.container(horizontal=True, horizontal_alignment="distribute")
            line.caption(label, width="content")
            line.text(columns.money(amount.minor, amount.currency), width="content")
    total = columns.money(order.total.minor, order.currency)
    st.metric(_("Total, {currency}").format(currency=code), total)
