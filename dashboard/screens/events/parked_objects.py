"""Objects that cannot be read, as a table: each with its reason and a way to try it again."""

from __future__ import annotations

import re
from collections.abc import Sequence

import streamlit as st

from core.reads.developer.parked_objects import ParkedObject
from dashboard.i18n import N_, _, pgettext
from dashboard.ui import permission_labels, stripe_links, viewer
from dashboard.ui.data_table import Column, DataTable, each, moment, opener, text
from dashboard.ui.kit.cells import Cell

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


def kind(code: str) -> str:
    """What sort of object it is; the code of one that has no word here."""
    return _(KINDS[code]) if code in KINDS else code


def reason(said: str) -> str:
    """Why it cannot be read; a right that the key lacks with what stops without it."""
    right = _RIGHT.search(said)
    return permission_labels.lacking(right[0]) if right else said


def _at_stripe(row: ParkedObject) -> Cell:
    settings = viewer.current_console().settings
    address = stripe_links.address(settings, row.stripe_id, livemode=viewer.livemode())
    return Cell(pgettext("button", "Open"), link=address) if address else Cell()


COLUMNS: dict[str, Column[ParkedObject]] = {
    "kind": text(N_("Kind"), lambda row: kind(row.kind)),
    "object": text(N_("Object"), lambda row: row.stripe_id, cut=21),
    "reason": text(N_("Reason"), lambda row: reason(row.reason), cut=36),
    "since": moment(N_("Changed since"), lambda row: row.since),
    # With the emulator nothing stands in Stripe's own Dashboard.
    "stripe": each(N_("At Stripe"), _at_stripe, optional=True),
    "again": opener(N_("Try again"), lambda row: row.stripe_id),
}
TABLE = DataTable("parked", N_("Objects that cannot be read"), COLUMNS)


def table(rows: Sequence[ParkedObject], *, may_retry: bool) -> None:
    """Draw the table; a click in its last column asks for the object anew."""

    def opened(stripe_id: str) -> None:
        st.session_state["parked_again"] = stripe_id

    TABLE.draw(TABLE.frame(rows), opened, hidden=() if may_retry else ("again",))
