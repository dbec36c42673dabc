"""Tables of bulk refunds: the list, what they come to, their rows, and what a dry run found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from core.actions.refunds.bulk_ask import DryRun
from core.errors import InvalidInput, NotFound
from core.money import show
from core.reads.refunds.bulk import Bulk, BulkRow
from dashboard.i18n import N_, _
from dashboard.screens.refunds import labels as refund_labels
from dashboard.ui import columns, refund_warnings, status_badges, stripe_labels, widgets

#: More rows than this scroll inside a table.
SHOWN = 12
_SHORT = 8
VERDICT: status_badges.Kind = {
    "possible": (N_("Possible"), "green"),
    "impossible": (N_("Not possible"), "red"),
}


def totals(bulk: Bulk, *, key: str) -> None:
    """How many rows of which state come to how much, by currency."""
    table = pd.DataFrame(
        {
            "state": [status_badges.cell(part.state) for part in bulk.parts],
            "amount": [show(part.amount) for part in bulk.parts],
            "currency": [part.amount.currency.upper() for part in bulk.parts],
            "rows": [part.rows for part in bulk.parts],
        }
    )
    layout = {
        "state": status_badges.chip_column(_("Status"), refund_labels.REQUEST, width=150),
        "amount": columns.money_column(_("Amount"), width=110),
        "currency": columns.currency_column(),
        "rows": st.column_config.NumberColumn(_("Payments"), width=80),
    }
    widgets.plain_table(table, layout, key=key, alt=_("Payments and sums by status"))


def bulks(found: Sequence[Bulk], zone: ZoneInfo, on_open: Callable[[str], None]) -> None:
    """All bulks; a click on one's id calls `on_open` with the whole of it."""
    ids = {one.bulk_id[:_SHORT]: one.bulk_id for one in found}

    def clicked() -> None:
        on_open(ids[columns.opened("bulks_open")])

    table = pd.DataFrame(
        {
            "state": [status_badges.cell(one.state) for one in found],
            "rows": [one.total for one in found],
            "sums": [
                ", ".join(refund_labels.exact(amount) for amount in one.sums.values())
                for one in found
            ],
            "reason": [stripe_labels.words(one.reason) for one in found],
            "asked": [refund_labels.who(one.asked_by, by_token=one.by_token) for one in found],
            "decided": [one.decided_by or "" for one in found],
            "created": [one.created_at for one in found],
            "open": [columns.opener(one.bulk_id[:_SHORT]) for one in found],
        }
    )
    layout = {
        "state": status_badges.chip_column(_("Status"), refund_labels.BULK, width=140),
        "rows": st.column_config.NumberColumn(_("Payments"), width=80),
        "sums": columns.text_column(_("Sums"), width=200),
        "reason": columns.text_column(_("Reason"), width=160),
        "asked": columns.text_column(_("Asked by"), width=120),
        "decided": columns.text_column(_("Decided by"), width=120),
        "created": columns.time_column(_("Asked at"), zone),
        "open": columns.open_column(_("Bulk refund"), "bulks_open", clicked, width=130),
    }
    widgets.plain_table(table, layout, key="bulks", alt=_("Bulk refunds, newest first"), most=SHOWN)


def rows(found: Sequence[BulkRow], zone: ZoneInfo) -> None:
    """What came of each payment."""
    table = pd.DataFrame(
        {
            "amount": [show(one.amount) for one in found],
            "currency": [one.amount.currency.upper() for one in found],
            "state": [status_badges.cell(one.state) for one in found],
            "why": [refund_labels.why(one.why) for one in found],
            "payment": [one.payment_id for one in found],
            "refund": [one.refund_id or "" for one in found],
            "changed": [one.updated_at for one in found],
        }
    )
    layout = {
        "amount": columns.money_column(_("Amount"), width=100),
        "currency": columns.currency_column(),
        "state": status_badges.chip_column(_("Status"), refund_labels.REQUEST, width=160),
        "why": columns.text_column(_("Why"), width=240),
        "payment": columns.text_column(_("Payment"), width=230),
        "refund": columns.text_column(_("Refund"), width=230),
        "changed": columns.time_column(_("Last change"), zone),
    }
    if not any(table["why"]):
        del table["why"]
    widgets.plain_table(table, layout, key="bulk_rows", alt=_("Payments of the bulk"), most=SHOWN)


def verdicts(dry: DryRun) -> None:
    """What would come of each payment; those that cannot be refunded come first."""
    found = sorted(dry.verdicts, key=lambda one: one.error is None)
    table = pd.DataFrame(
        {
            "verdict": [
                status_badges.cell("possible" if one.error is None else "impossible")
                for one in found
            ],
            "amount": [show(one.amount) if one.amount else "" for one in found],
            "currency": [one.amount.currency.upper() if one.amount else "" for one in found],
            "why": [_why(one.error) for one in found],
            "warning": [refund_warnings.short(one.warnings) for one in found],
            "payment": [one.payment_id for one in found],
        }
    )
    layout = {
        "verdict": status_badges.chip_column(_("Verdict"), VERDICT, width=120),
        "amount": columns.money_column(_("Amount"), width=110),
        "currency": columns.currency_column(),
        "why": columns.text_column(_("Why not"), width=330),
        "warning": columns.text_column(_("Warning"), width=130),
        "payment": columns.text_column(_("Payment"), width=240),
    }
    if not any(table["warning"]):
        del table["warning"]
    widgets.plain_table(
        table, layout, key="verdicts", alt=_("What would come of each payment"), most=SHOWN
    )


def dry_totals(dry: DryRun) -> None:
    """What all possible rows come to, by currency."""
    found = dry.totals
    table = pd.DataFrame(
        {
            "amount": [show(amount) for _count, amount in found.values()],
            "currency": [code.upper() for code in found],
            "rows": [count for count, _amount in found.values()],
        }
    )
    layout = {
        "amount": columns.money_column(_("Total"), width=140),
        "currency": columns.currency_column(),
        "rows": st.column_config.NumberColumn(_("Payments"), width=90),
    }
    widgets.plain_table(table, layout, key="dry_totals", alt=_("Totals by currency"))


def _why(error: object) -> str:
    if isinstance(error, NotFound):
        return _("There is no such payment here")
    return refund_labels.rule(error) if isinstance(error, InvalidInput) else ""
