"""Payments as a table: the same columns on each screen that lists them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from core.reads.payments import PaymentRow
from dashboard import chips, columns, explanations, stripe_words, widgets
from dashboard.i18n import _
from dashboard.widgets import ROW

COLUMNS = (
    "amount",
    "currency",
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
            "state": [chips.cell(row.state) for row in rows],
            "method": [
                columns.method(row.method_type, row.card_brand, row.card_last4) for row in rows
            ],
            "customer": [row.email or row.customer_name or row.customer_id or "" for row in rows],
            "reason": [stripe_words.words(row.decline_code or row.failure_code) for row in rows],
            "meaning": [explanations.meaning(row) for row in rows],
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

    def clicked() -> None:
        on_open(columns.opened(f"{key}_open"))

    st.dataframe(
        table,
        hide_index=True,
        height=widgets.height(len(table)),
        row_height=ROW,
        column_order=[name for name in COLUMNS if name not in left_out],
        column_config=columns.fitted(_layout(zone, f"{key}_open", clicked), table),
        key=key,
        alt=alt,
    )


def _layout(zone: ZoneInfo, key: str, clicked: Callable[[], None]) -> dict[str, Any]:
    return {
        "amount": columns.money_column(_("Amount"), width=100),
        "currency": columns.currency_column(),
        "state": chips.chip_column(_("Status"), chips.PAYMENT, width=140),
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
