"""Objects that cannot be read, as a table: each with its reason and a way to try it again."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.reads.developer.parked_objects import ParkedObject
from dashboard.i18n import N_, _, pgettext
from dashboard.ui import columns, permission_labels, stripe_links, viewer, widgets

KINDS = {
    "balance_transaction": N_("Ledger row"),
    "charge": N_("Charge"),
    "customer": N_("Customer"),
    "dispute": N_("Dispute"),
    "early_fraud_warning": N_("Early fraud warning"),
    "event": N_("Event"),
    "payment_intent": N_("Payment"),
    "payout": N_("Payout"),
    "payout_ledger": N_("Rows of a payout"),
    "refund": N_("Refund"),
    "review": N_("Review"),
}
_RIGHT = re.compile(r"\brak_[a-z0-9_]+\b")
_KEY = "parked_one"


def kind(code: str) -> str:
    """What sort of object it is; the code of one that has no word here."""
    return _(KINDS[code]) if code in KINDS else code


def reason(said: str) -> str:
    """Why it cannot be read; a right that the key lacks with what stops without it."""
    right = _RIGHT.search(said)
    return permission_labels.lacking(right[0]) if right else said


def frame(rows: Sequence[ParkedObject]) -> pd.DataFrame:
    """A line each."""
    settings, livemode = viewer.current_console().settings, viewer.livemode()
    return pd.DataFrame(
        {
            "kind": [kind(row.kind) for row in rows],
            "object": [row.stripe_id for row in rows],
            "reason": [reason(row.reason) for row in rows],
            "since": [row.since for row in rows],
            "stripe": [
                stripe_links.address(settings, row.stripe_id, livemode=livemode) for row in rows
            ],
            "again": [columns.opener(row.stripe_id) for row in rows],
        }
    )


def table(rows: Sequence[ParkedObject], *, may_retry: bool) -> None:
    """Draw the table; a click in its last column asks for the object anew."""

    def clicked() -> None:
        st.session_state["parked_again"] = columns.opened(_KEY)

    shaped = frame(rows)
    # With the emulator nothing stands in Stripe's own Dashboard.
    hidden = {"stripe"} if shaped["stripe"].isna().all() else set()
    hidden |= set() if may_retry else {"again"}
    st.dataframe(
        shaped,
        hide_index=True,
        height=widgets.height(len(rows)),
        row_height=widgets.ROW,
        column_order=[name for name in shaped.columns if name not in hidden],
        column_config={
            "kind": columns.text_column(_("Kind"), width=110),
            "object": columns.text_column(_("Object"), width=220),
            "reason": columns.text_column(_("Reason"), width=380),
            "since": columns.time_column(_("Changed since"), viewer.zone()),
            "stripe": st.column_config.LinkColumn(
                _("At Stripe"), display_text=pgettext("button", "Open"), width=76
            ),
            "again": columns.open_column(_("Try again"), _KEY, clicked, width=232),
        },
        key="parked",
        alt=_("Objects that cannot be read"),
    )
