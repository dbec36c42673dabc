"""Requests and refunds as tables: under way, and all there were."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from core.money import show
from core.reads.refunds.history import Entry
from core.reads.refunds.requests import Request
from dashboard.i18n import _
from dashboard.screens.refunds import labels as refund_labels
from dashboard.ui import columns, status_badges, stripe_labels, widgets
from dashboard.ui.widgets import ROW

#: So much of a request's id stands in a cell.
_SHORT = 8


def under_way(found: Sequence[Request]) -> pd.DataFrame:
    """One line a request that has not ended."""
    return pd.DataFrame(
        {
            "amount": [show(one.amount) for one in found],
            "currency": [one.amount.currency.upper() for one in found],
            "state": [status_badges.cell(one.state) for one in found],
            "open": [columns.opener(short(one.request_id)) for one in found],
            "reason": [stripe_labels.words(one.reason) for one in found],
            "asked": [refund_labels.who(one.asked_by, by_token=one.by_token) for one in found],
            "note": [one.note or "" for one in found],
            "created": [one.created_at for one in found],
            "expires": pd.Series([one.expires_at for one in found], dtype="datetime64[us, UTC]"),
            "payment": [one.payment_id for one in found],
        }
    )


def history(found: Sequence[Entry]) -> pd.DataFrame:
    """One line a request or a refund that was made elsewhere."""
    return pd.DataFrame(
        {
            "amount": [show(one.amount) for one in found],
            "currency": [one.amount.currency.upper() for one in found],
            "state": [status_badges.cell(one.state) for one in found],
            "open": [columns.opener(short(one.id)) for one in found],
            "made": [_("Elsewhere") if one.external else _("Here") for one in found],
            "reason": [stripe_labels.words(one.reason) for one in found],
            "asked": [
                refund_labels.who(one.asked_by or "", by_token=one.by_token) for one in found
            ],
            "decided": [one.decided_by or "" for one in found],
            "why": [refund_labels.why(one.why) for one in found],
            "created": [one.at for one in found],
            "payment": [one.payment_id or "" for one in found],
        }
    )


def short(key: str) -> str:
    """A request's id as it stands in a cell; Stripe's ids are kept whole."""
    return key if key.startswith("re_") else key[:_SHORT]


def draw(
    table: pd.DataFrame, zone: ZoneInfo, *, key: str, alt: str, on_open: Callable[[str], None]
) -> None:
    """Draw a table; a click on an id calls `on_open` with what stands in its cell."""

    def clicked() -> None:
        on_open(columns.opened(f"{key}_open"))

    empty = [name for name in ("note", "why", "decided") if name in table and not any(table[name])]
    layout = _layout(zone, f"{key}_open", clicked)
    st.dataframe(
        table,
        hide_index=True,
        height=widgets.height(len(table)),
        row_height=ROW,
        column_order=[name for name in table.columns if name not in empty],
        column_config=columns.fitted(layout, table),
        key=key,
        alt=alt,
    )


def _layout(zone: ZoneInfo, key: str, clicked: Callable[[], None]) -> dict[str, Any]:
    return {
        "amount": columns.money_column(_("Amount"), width=100),
        "currency": columns.currency_column(),
        "state": status_badges.chip_column(_("Status"), refund_labels.REQUEST, width=150),
        "made": columns.text_column(_("Made"), width=84),
        "reason": columns.text_column(_("Reason"), width=148),
        "asked": columns.text_column(_("Asked by"), width=104),
        "decided": columns.text_column(_("Decided by"), width=120),
        "note": columns.text_column(_("Note"), width=150),
        "why": columns.text_column(_("Why"), width=180),
        "created": columns.time_column(_("Asked at"), zone),
        "expires": columns.time_column(_("Expires"), zone, seconds=False),
        "payment": columns.text_column(_("Payment"), width=220),
        "open": columns.open_column(_("Request"), key, clicked, width=112),
    }
