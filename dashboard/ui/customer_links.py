"""Customers' names as links to their page: in lists, and on pages of what they paid."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import streamlit as st

from core.domain.payers import payer_of
from dashboard.ui import navigation, widgets
from dashboard.ui.data_table import Column, each
from dashboard.ui.kit import links
from dashboard.ui.kit.cells import Cell

R = TypeVar("R")

#: What a click on a customer in a row of something else is named by.
_CLICKED = "customer:"
_TARGET = links.screen("customer")


def column(
    title: str,
    shown: Callable[[R], str | None],
    payer: Callable[[R], str | None],
    *,
    cut: int,
    optional: bool = False,
) -> Column[R]:
    """A list's column of customers: `payer` names them (`core.domain.payers`), None where nothing
    tells who paid."""

    def cell(row: R) -> Cell:
        text, name = shown(row) or "", payer(row)
        if not (text and name):
            return Cell(text)
        return Cell(text, opens=f"{_CLICKED}{name}", address=_TARGET.address(name))

    return each(title, cell, cut=cut, optional=optional)


def open_clicked(clicked: str, page: str, **query: str) -> None:
    """Go where a click on a row leads: to the page of what the row is about, or to its customer's.

    From the body of a page or a fragment; a callback writes down what was clicked.
    """
    if clicked.startswith(_CLICKED):
        navigation.go("customer", id=clicked.removeprefix(_CLICKED))
    navigation.go(page, id=clicked, **query)


def link(shown: str | None, customer_id: str | None, email: str | None, *, place: Any = st) -> None:
    """A customer as a link on a page; as plain text where nothing tells who it is."""
    payer, text = payer_of(customer_id, email), shown or email or customer_id
    if not text:
        return
    if payer is None:
        place.text(text)
        return
    place.page_link(
        navigation.named("customer"),
        label=widgets.safe_text(text),
        icon=":material/person:",
        query_params={"id": payer},
    )
