"""Payments as a table: the same columns on each screen that lists them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from core.reads.payments.list import PaymentRow
from dashboard.i18n import _
from dashboard.ui import columns, error_explanations, status_badges, stripe_labels, widgets
from dashboard.ui.widgets import ROW

COLUMNS = (
    "amount",
    "currency",
    "parts",
    "state",
    "method",
    "customer",
    "reason",
    "meaning",
    "risk",
    "created",
    "payment",
)
#: Wide: shown only where failures are the subject, in the place of something else.
ON_DEMAND = frozenset({"meaning"})


def frame(rows: Sequence[PaymentRow]) -> pd.DataFrame:
    """One line a payment, made of texts, so that nothing is left to the browser's arithmetic."""
    return pd.DataFrame(
        {
            "amount": [columns.money(row.amount_minor, row.currency) for row in rows],
            "currency": [row.currency.upper() for row in rows],
            "parts": [_parts(row) for row in rows],
            "state": [status_badges.payment_badges(row.state, row.dispute_outcome) for row in rows],
            "method": [
                columns.method(row.method_type, row.card_brand, row.card_last4) for row in rows
            ],
            "customer": [row.email or row.customer_name or row.customer_id or "" for row in rows],
            "reason": [stripe_labels.words(row.decline_code or row.failure_code) for row in rows],
            "meaning": [error_explanations.meaning(row) for row in rows],
            "risk": pd.array([row.risk_score for row in rows], dtype="Int64"),
            "created": [row.created_at for row in rows],
            "payment": [columns.opener(row.stripe_id) for row in rows],
        },
        columns=list(COLUMNS),
    )


def show(
    table: pd.DataFrame,
    zone: ZoneInfo,
    *,
    key: str,
    alt: str,
    on_open: Callable[[str], None],
    without: Sequence[str] = (),
    also: Sequence[str] = (),
) -> None:
    """Draw the table; a click on an id calls `on_open` with it."""
    left_out = {*without, *ON_DEMAND} - set(also)
    if not any(table["parts"]):
        left_out.add("parts")

    def clicked() -> None:
        on_open(columns.opened(f"{key}_open"))

    st.dataframe(
        table,
        hide_index=True,
        height=widgets.height(len(table)),
        row_height=ROW,
        column_order=[name for name in COLUMNS if name not in left_out],
        column_config=columns.fitted(
            _layout(zone, f"{key}_open", clicked, _chips_width(table)), table
        ),
        key=key,
        alt=alt,
    )


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


def _chips_width(table: pd.DataFrame) -> int:
    """Two chips in a row need more room."""
    return 216 if any(len(cell) > 1 for cell in table["state"]) else 140


def _layout(
    zone: ZoneInfo, key: str, clicked: Callable[[], None], chips_width: int
) -> dict[str, Any]:
    return {
        "amount": columns.money_column(_("Amount"), width=100),
        "currency": columns.currency_column(),
        "parts": columns.text_column(_("Of which"), width=170),
        "state": status_badges.chip_column(_("Status"), status_badges.STANDING, width=chips_width),
        "method": columns.text_column(_("Method"), width=130),
        "customer": columns.text_column(_("Customer"), width=190),
        "reason": columns.text_column(_("Reason"), width=132),
        "meaning": columns.text_column(_("Meaning"), width=320),
        "risk": st.column_config.ProgressColumn(
            _("Risk"), format="%d", min_value=0, max_value=99, width=80, color="gray"
        ),
        "created": columns.time_column(_("Created"), zone),
        "payment": columns.open_column(_("Payment"), key, clicked, width=240),
    }
