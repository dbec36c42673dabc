"""The tables of one payment: attempts, refunds, disputes, warnings, ledger rows."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from core.reads.payments.detail import PaymentDetail
from dashboard.i18n import _
from dashboard.ui import (
    columns,
    error_explanations,
    navigation,
    status_badges,
    stripe_labels,
    viewer,
    widgets,
)
from dashboard.ui.columns import money


def draw(detail: PaymentDetail, zone: ZoneInfo) -> None:
    """Attempts, refunds, disputes, warnings and ledger rows, where there are any."""
    for name, parts, shape in (
        (_("Attempts"), detail.attempts, _attempts),
        (_("Refunds"), detail.refunds, _refunds),
        (_("Disputes"), detail.disputes, _disputes),
        (_("Early fraud warnings"), detail.fraud_warnings, _warnings),
        (_("Ledger"), detail.ledger, _ledger),
    ):
        if parts:
            table, layout = shape(parts, zone)
            with st.container(border=True):
                widgets.card_title(name)
                widgets.plain_table(table, layout, key=shape.__name__, alt=name)
                if shape is _disputes and viewer.signed_in().may("see_disputes"):
                    _links(parts)


def _links(parts: Any) -> None:
    for part in parts:
        st.page_link(
            navigation.named("dispute"),
            label=_("Open {id}").format(id=widgets.safe_text(part.stripe_id)),
            icon=":material/gavel:",
            query_params={"id": part.stripe_id},
        )


def _base(parts: Any) -> dict[str, Any]:
    return {
        "amount": [money(part.amount_minor, part.currency) for part in parts],
        "currency": [part.currency.upper() for part in parts],
    }


def _attempts(parts: Any, zone: ZoneInfo) -> tuple[columns.Table, dict[str, Any]]:
    table = _base(parts) | {
        "state": [status_badges.cell(part.status) for part in parts],
        "method": [
            columns.method(part.method_type, part.card_brand, part.card_last4) for part in parts
        ],
        "reason": [stripe_labels.words(error_explanations.reason_of(part)) for part in parts],
        "meaning": [error_explanations.meaning_of(part) for part in parts],
        "risk": [status_badges.cell(part.risk_level) for part in parts],
        "created": [part.created_at for part in parts],
        "id": [part.stripe_id for part in parts],
    }
    if not any(table["reason"]):
        del table["reason"], table["meaning"]
    return table, _layout(zone) | {
        "state": status_badges.chip_column(_("Status"), status_badges.RESULT, width=110),
        "method": columns.text_column(_("Method"), width=138),
        "reason": columns.text_column(_("Reason"), width=132),
        "meaning": columns.text_column(_("Meaning"), width=220),
        "risk": status_badges.chip_column(_("Risk"), status_badges.RISK, width=100),
    }


def _refunds(parts: Any, zone: ZoneInfo) -> tuple[columns.Table, dict[str, Any]]:
    table = _base(parts) | {
        "state": [status_badges.cell(part.status) for part in parts],
        "reason": [stripe_labels.words(part.failure_reason or part.reason) for part in parts],
        "made": [_("Here") if part.operation_id else _("Elsewhere") for part in parts],
        "created": [part.created_at for part in parts],
        "id": [part.stripe_id for part in parts],
    }
    return table, _layout(zone) | {
        "state": status_badges.chip_column(_("Status"), status_badges.RESULT, width=110),
        "made": columns.text_column(_("Made"), width=90),
    }


def _disputes(parts: Any, zone: ZoneInfo) -> tuple[columns.Table, dict[str, Any]]:
    table = _base(parts) | {
        "state": [status_badges.cell(part.status) for part in parts],
        "reason": [stripe_labels.words(part.reason) for part in parts],
        "due": [part.due_by for part in parts],
        "created": [part.created_at for part in parts],
        "id": [part.stripe_id for part in parts],
    }
    return table, _layout(zone) | {
        "state": status_badges.chip_column(
            _("Status"), status_badges.DISPUTE, width=150, seen=[part.status for part in parts]
        ),
        "due": columns.time_column(_("Answer by"), zone, seconds=False),
    }


def _warnings(parts: Any, zone: ZoneInfo) -> tuple[columns.Table, dict[str, Any]]:
    table: columns.Table = {
        "reason": [stripe_labels.words(part.fraud_type) for part in parts],
        "open": [_("Yes") if part.actionable else _("No") for part in parts],
        "created": [part.created_at for part in parts],
        "id": [part.stripe_id for part in parts],
    }
    return table, _layout(zone) | {"open": columns.text_column(_("Actionable"), width=90)}


def _ledger(parts: Any, zone: ZoneInfo) -> tuple[columns.Table, dict[str, Any]]:
    table = _base(parts) | {
        "fee": [money(part.fee_minor, part.currency) for part in parts],
        "net": [money(part.net_minor, part.currency) for part in parts],
        "reason": [stripe_labels.words(part.reporting_category) for part in parts],
        "created": [part.created_at for part in parts],
        "id": [part.stripe_id for part in parts],
    }
    return table, _layout(zone) | {
        "reason": columns.text_column(_("Type"), width=120),
        "fee": columns.money_column(_("Fee"), width=100),
        "net": columns.money_column(_("Net"), width=100),
    }


def _layout(zone: ZoneInfo) -> dict[str, Any]:
    """The columns that several tables share; those a table has not are left out by Streamlit."""
    return {
        "amount": columns.money_column(_("Amount"), width=110),
        "currency": columns.currency_column(),
        "reason": columns.text_column(_("Reason"), width=150),
        "created": columns.time_column(_("Created"), zone),
        "id": columns.text_column(_("Stripe id")),
    }
