"""Fraud at a glance: what was flagged and refused, what it cost, by currency; newest flags."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction

import pandas as pd
import streamlit as st

from core import clock
from core.domain.payers import payer_of
from core.reads.fraud import overview as reads
from core.reads.fraud.overview import Figures, Flagged
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.screens.fraud import labels as fraud_labels
from dashboard.ui import columns, customer_links, status_badges, viewer, widgets
from dashboard.ui.data_table import Column, DataTable, chips, currency, moment, money, opener, text
from dashboard.ui.kit import links

DAYS = 30
NOTHING = "–"


def draw(livemode: bool) -> None:
    """Figures of 30 days, and the newest flagged payments."""
    since = clock.now() - timedelta(days=DAYS)
    lines = viewer.read(reads.by_currency, livemode=livemode, since=since)
    if not lines:
        widgets.empty(
            _("Nothing was scored yet"),
            _("Payments are scored as they arrive; the first ones follow within a minute."),
            icon=":material/shield:",
        )
        return
    with st.container(border=True):
        said = ngettext("The last {n} day by currency", "The last {n} days by currency", DAYS)
        widgets.card_title(said.format(n=DAYS))
        widgets.plain_table(
            frame(lines), _layout(), key="fraud_figures", alt=_("Fraud figures by currency")
        )
        st.caption(
            _(
                "Fraud is what a fraud dispute, an issuer's warning or a refund as fraud says it "
                "is; reports come for weeks after a payment. Lost: fraud disputes that were lost, "
                "and refunds as fraud."
            )
        )
    found = viewer.read(reads.flagged, livemode=livemode)
    with st.container(border=True):
        widgets.card_title(_("Newest flagged payments"))
        if found:
            _flagged(found)
        else:
            st.caption(_("No payment had a medium or high score."))


def frame(lines: Sequence[Figures]) -> pd.DataFrame:
    """A row a currency; shares of those scored, and of those paid."""
    return pd.DataFrame(
        {
            "currency": [line.currency.upper() for line in lines],
            "scored": [i18n.number(line.scored) for line in lines],
            "medium": [_share(line.medium, line.scored) for line in lines],
            "high": [_share(line.high, line.scored) for line in lines],
            "refused": [i18n.number(line.refused) for line in lines],
            "fraud": [_share(line.fraud, line.paid) for line in lines],
            "lost": [columns.money(line.lost_minor, line.currency) for line in lines],
        }
    )


def _share(part: int, whole: int) -> str:
    return i18n.percent(Fraction(part, whole), digits=2) if whole else NOTHING


def _layout() -> dict[str, object]:
    return {
        "currency": columns.currency_column(),
        "scored": columns.money_column(_("Scored"), width=80),
        "medium": columns.money_column(_("Medium"), width=84, hint=_("Share of those scored")),
        "high": columns.money_column(_("High"), width=84, hint=_("Share of those scored")),
        "refused": columns.money_column(_("Refused"), width=84),
        "fraud": columns.money_column(_("Fraud rate"), width=96, hint=_("Share of those paid")),
        "lost": columns.money_column(_("Money lost"), width=118),
    }


FLAGGED: dict[str, Column[Flagged]] = {
    "amount": money(N_("Amount"), lambda one: columns.money(one.amount_minor, one.currency)),
    "currency": currency(lambda one: one.currency),
    "level": chips(N_("Level"), lambda one: status_badges.cell(one.level), fraud_labels.LEVEL),
    "score": money(N_("Score"), lambda one: str(one.score)),
    "why": text(N_("Rules"), lambda one: fraud_labels.in_short(one.factors), cut=19),
    "state": chips(N_("Status"), lambda one: status_badges.cell(one.state), status_badges.PAYMENT),
    "email": customer_links.column(
        N_("E-mail"), lambda one: one.email, lambda one: payer_of(None, one.email), cut=16
    ),
    "created": moment(N_("Created"), lambda one: one.created_at, seconds=False),
    "id": opener(N_("Payment"), lambda one: one.payment_id),
}
TABLE = DataTable("flagged", N_("Newest flagged payments"), FLAGGED)


def _flagged(found: Sequence[Flagged]) -> None:
    TABLE.draw(
        TABLE.frame(found),
        lambda payment_id: st.session_state.update(fraud_go=payment_id),
        target=links.screen("payment"),
    )
    if payment := st.session_state.pop("fraud_go", None):
        customer_links.open_clicked(payment, "payment")
