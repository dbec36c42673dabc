"""Tables of bulk refunds: the list, what they come to, their rows, and what a dry run found."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from core.actions.refunds.bulk_ask import DryRun
from core.errors import InvalidInput, NotFound
from core.money import show
from core.reads.refunds.bulk import Bulk, BulkRow
from dashboard.i18n import N_, _
from dashboard.screens.refunds import labels as refund_labels
from dashboard.ui import columns, refund_warnings, status_badges, stripe_labels, widgets
from dashboard.ui.data_table import (
    Column,
    DataTable,
    chips,
    currency,
    moment,
    money,
    number,
    opener,
    text,
)
from dashboard.ui.kit import links

#: More rows than this scroll inside a table.
SHOWN = 12
_SHORT = 8
VERDICT: status_badges.Kind = {
    "possible": (N_("Possible"), "green"),
    "impossible": (N_("Not possible"), "red"),
}


def totals(bulk: Bulk, *, key: str) -> None:
    """How many rows of which state come to how much, by currency."""
    table: columns.Table = {
        "state": [status_badges.cell(part.state) for part in bulk.parts],
        "amount": [show(part.amount) for part in bulk.parts],
        "currency": [part.amount.currency.upper() for part in bulk.parts],
        "rows": [part.rows for part in bulk.parts],
    }
    layout = {
        "state": status_badges.chip_column(_("Status"), refund_labels.REQUEST, width=150),
        "amount": columns.money_column(_("Amount"), width=110),
        "currency": columns.currency_column(),
        "rows": st.column_config.NumberColumn(_("Payments"), width=80),
    }
    widgets.plain_table(table, layout, key=key, alt=_("Payments and sums by status"))


_BULKS: dict[str, Column[Bulk]] = {
    "state": chips(N_("Status"), lambda one: status_badges.cell(one.state), refund_labels.BULK),
    "rows": number(N_("Payments"), lambda one: one.total),
    "sums": text(
        N_("Sums"),
        lambda one: _(", ").join(refund_labels.exact(amount) for amount in one.sums.values()),
        cut=19,
    ),
    "reason": text(N_("Reason"), lambda one: stripe_labels.words(one.reason)),
    "asked": text(
        N_("Asked by"),
        lambda one: refund_labels.who(one.asked_by, by_token=one.by_token),
    ),
    "decided": text(N_("Decided by"), lambda one: one.decided_by or ""),
    "created": moment(N_("Asked at"), lambda one: one.created_at),
    "open": opener(
        N_("Bulk refund"), lambda one: one.bulk_id, shown=lambda one: one.bulk_id[:_SHORT]
    ),
}
_ROWS: dict[str, Column[BulkRow]] = {
    "amount": money(N_("Amount"), lambda one: show(one.amount)),
    "currency": currency(lambda one: one.amount.currency),
    "state": chips(N_("Status"), lambda one: status_badges.cell(one.state), refund_labels.REQUEST),
    "why": text(N_("Why"), lambda one: refund_labels.why(one.why), cut=23, optional=True),
    "payment": text(N_("Payment"), lambda one: one.payment_id, cut=22),
    "refund": text(N_("Refund"), lambda one: one.refund_id or "", cut=22),
    "changed": moment(N_("Last change"), lambda one: one.updated_at),
}
BULKS = DataTable("bulks", N_("Bulk refunds, newest first"), _BULKS)
ROWS = DataTable("bulk_rows", N_("Payments of the bulk"), _ROWS)


def bulks(found: Sequence[Bulk], on_open: Callable[[str], None]) -> None:
    """All bulks; a click on one calls `on_open` with its id."""
    BULKS.draw(BULKS.frame(found), on_open, target=links.screen("bulk_refund"))


def rows(found: Sequence[BulkRow]) -> None:
    """What came of each payment."""
    ROWS.draw(ROWS.frame(found))


def verdicts(dry: DryRun) -> None:
    """What would come of each payment; those that cannot be refunded come first."""
    found = sorted(dry.verdicts, key=lambda one: one.error is None)
    table: columns.Table = {
        "verdict": [
            status_badges.cell("possible" if one.error is None else "impossible") for one in found
        ],
        "amount": [show(one.amount) if one.amount else "" for one in found],
        "currency": [one.amount.currency.upper() if one.amount else "" for one in found],
        "why": [_why(one.error) for one in found],
        "warning": [refund_warnings.short(one.warnings) for one in found],
        "payment": [one.payment_id for one in found],
    }
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
    table: columns.Table = {
        "amount": [show(amount) for _count, amount in found.values()],
        "currency": [code.upper() for code in found],
        "rows": [count for count, _amount in found.values()],
    }
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
