"""Payments as a table: the same columns on each screen that lists them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from core.reads.payments.list import PaymentRow
from dashboard.i18n import N_, _
from dashboard.ui import columns, error_explanations, status_badges, stripe_labels
from dashboard.ui.data_table import (
    Column,
    DataTable,
    Drawing,
    chips,
    currency,
    moment,
    money,
    opener,
    text,
)


def frame(rows: Sequence[PaymentRow]) -> pd.DataFrame:
    """One line a payment, made of texts, so that nothing is left to the browser's arithmetic."""
    return _TABLE.frame(rows)


def show(
    table: pd.DataFrame,
    *,
    key: str,
    alt: str,
    on_open: Callable[[str], None],
    without: Sequence[str] = (),
    also: Sequence[str] = (),
) -> None:
    """Draw the table; a click on an id calls `on_open` with it. `alt` is English."""
    hidden = {*without, *ON_DEMAND} - set(also)
    replace(_TABLE, key=key, alt=alt).draw(table, on_open, hidden=hidden)


def _parts(row: PaymentRow) -> str:
    """What was captured, where that is not the amount, and what went back or is disputed of it."""
    captured = row.amount_captured_minor
    parts = (
        (_("{amount} captured"), captured if captured != row.amount_minor else 0),
        (_("{amount} refunded"), row.amount_refunded_minor),
        (_("{amount} disputed"), row.amount_disputed_minor),
    )
    shown = ((text, columns.money(minor, row.currency)) for text, minor in parts if minor)
    return " · ".join(text.format(amount=amount) for text, amount in shown)


def _chips_width(cells: pd.Series[Any]) -> int:
    """Two chips in a row need more room."""
    return 216 if any(len(cell) > 1 for cell in cells) else 140


def _risk(label: str, _drawing: Drawing) -> Any:
    return st.column_config.ProgressColumn(
        label, format="%d", min_value=0, max_value=99, width=80, color="gray"
    )


_COLUMNS: dict[str, Column[PaymentRow]] = {
    "amount": money(
        N_("Amount"), lambda row: columns.money(row.amount_minor, row.currency), width=100
    ),
    "currency": currency(lambda row: row.currency),
    "parts": text(N_("Of which"), _parts, width=170, optional=True),
    "state": chips(
        N_("Status"),
        lambda row: status_badges.payment_badges(row.state, row.dispute_outcome),
        status_badges.STANDING,
        width=_chips_width,
    ),
    "method": text(
        N_("Method"),
        lambda row: columns.method(row.method_type, row.card_brand, row.card_last4),
        width=130,
    ),
    "customer": text(
        N_("Customer"),
        lambda row: row.email or row.customer_name or row.customer_id or "",
        width=190,
    ),
    "reason": text(
        N_("Reason"),
        lambda row: stripe_labels.words(row.decline_code or row.failure_code),
        width=132,
    ),
    "meaning": text(N_("Meaning"), error_explanations.meaning, width=320),
    "risk": Column(N_("Risk"), lambda row: row.risk_score, _risk, dtype="Int64"),
    "created": moment(N_("Created"), lambda row: row.created_at),
    "payment": opener(N_("Payment"), lambda row: row.stripe_id, width=240),
}
#: Wide: shown only where failures are the subject, in the place of something else.
ON_DEMAND = frozenset({"meaning"})
_TABLE = DataTable("payments", N_("Payments, newest first"), _COLUMNS)
