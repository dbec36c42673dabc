"""The list of disputes with its figures: what is at stake, how often answers win."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from core.money import show
from core.reads.disputes.list import AnswerTime, DisputeRow, Stake, WinRate
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.screens.disputes import labels as dispute_labels
from dashboard.ui import columns, metric_cards, status_badges, stripe_labels, widgets
from dashboard.ui.widgets import ROW

VIEWS = {
    "open": N_("To answer"),
    "review": N_("In review"),
    "won": N_("Won"),
    "lost": N_("Lost"),
    "all": N_("All"),
}
BUSIEST = 2


def stake_cards(stakes: Sequence[Stake], took: AnswerTime) -> None:
    """Amounts at stake of the busiest currencies, and the time that answers take."""
    if not stakes and not took.count:
        return
    found = []
    for stake in stakes[:BUSIEST]:
        code = stake.currency.upper()
        said = _("To answer, {currency} ({count})")
        counted = said.format(currency=code, count=stake.to_answer_count)
        found.append(metric_cards.money_card(counted, stake.to_answer))
        said = _("In review, {currency} ({count})")
        counted = said.format(currency=code, count=stake.in_review_count)
        found.append(metric_cards.money_card(counted, stake.in_review))
    median = dispute_labels.lasted(took.median) if took.median is not None else "–"
    said = ngettext("Median of {n} answered here", "Median of {n} answered here", took.count)
    found.append(metric_cards.Card(_("Time to answer"), median, said.format(n=took.count)))
    metric_cards.cards(found, columns=min(len(found), 5))
    if len(stakes) > BUSIEST:
        rest = [
            f"{stake.currency.upper()} {show(stake.to_answer)} / {show(stake.in_review)}"
            for stake in stakes[BUSIEST:]
        ]
        said = _("To answer / in review: {amounts}")
        st.caption(widgets.safe_text(said.format(amounts=" · ".join(rest))))


def counted(rows: int, view: str) -> str:
    """How many a page shows, and in which order."""
    if view == "open":
        said = ngettext(
            "{n} shown, the nearest deadline first", "{n} shown, the nearest deadline first", rows
        )
    else:
        said = ngettext("{n} shown, newest first", "{n} shown, newest first", rows)
    return said.format(n=rows)


def frame(rows: Sequence[DisputeRow], now: datetime) -> pd.DataFrame:
    """One line a dispute."""
    waits = [row.due_by if dispute_labels.waits(row.status) else None for row in rows]
    return pd.DataFrame(
        {
            "left": [dispute_labels.left(due, now) for due in waits],
            "clock": [status_badges.cell(dispute_labels.clock(due, now)) for due in waits],
            "amount": [show(row.amount) for row in rows],
            "currency": [row.amount.currency.upper() for row in rows],
            "state": [status_badges.cell(row.status) for row in rows],
            "reason": [stripe_labels.words(row.reason) for row in rows],
            "customer": [row.customer or "" for row in rows],
            "due": pd.Series([row.due_by for row in rows], dtype="datetime64[us, UTC]"),
            "created": [row.created_at for row in rows],
            "dispute": [columns.opener(row.stripe_id) for row in rows],
        }
    )


def table(
    rows: Sequence[DisputeRow], zone: ZoneInfo, now: datetime, on_open: Callable[[str], None]
) -> None:
    """Draw the list; a click on an id opens the dispute."""

    def clicked() -> None:
        on_open(columns.opened("disputes_open"))

    waiting = any(dispute_labels.waits(row.status) for row in rows)
    order = ["left", "clock"] if waiting else []
    # One status for all is said by the choice above the list.
    mixed = len({row.status for row in rows}) > 1
    order += ["amount", "currency", *(["state"] if mixed else []), "reason", "customer"]
    # What opens a row stays in sight: among several statuses the time left says enough.
    order += ["dispute"] if mixed and waiting else ["due" if waiting else "created", "dispute"]
    layout = {
        "left": columns.text_column(_("Left"), width=96),
        "clock": status_badges.chip_column(_("Clock"), dispute_labels.CLOCK, width=84),
        "amount": columns.money_column(_("Amount"), width=100),
        "currency": columns.currency_column(),
        "state": status_badges.chip_column(
            _("Status"), status_badges.DISPUTE, width=146, seen=[row.status for row in rows]
        ),
        "reason": columns.text_column(_("Reason"), width=150),
        "customer": columns.text_column(_("Customer"), width=190),
        "due": columns.time_column(_("Answer by"), zone, seconds=False),
        "created": columns.time_column(_("Created"), zone, seconds=False),
        "dispute": columns.open_column(_("Dispute"), "disputes_open", clicked, width=232),
    }
    table = frame(rows, now)
    st.dataframe(
        table,
        hide_index=True,
        height=widgets.height(len(rows)),
        row_height=ROW,
        placeholder="",
        column_order=order,
        column_config=columns.fitted(layout, table),
        key="disputes",
        alt=_("Disputes"),
    )


def win_table(rates: Sequence[WinRate]) -> None:
    """How often an answer won, by reason, with how many decisions that rests on."""
    widgets.card_title(_("Answers that won"))
    if not rates:
        st.caption(_("No dispute has been decided yet."))
        return
    rows = pd.DataFrame(
        {
            "reason": [stripe_labels.words(line.reason) or "–" for line in rates],
            "rate": ["–" if line.rate is None else i18n.percent(line.rate) for line in rates],
            "won": [line.won for line in rates],
            "decided": [line.decided for line in rates],
            "unanswered": [line.unanswered for line in rates],
        }
    )
    layout = {
        "reason": columns.text_column(_("Reason"), width=190),
        "rate": columns.money_column(_("Won, %"), width=84),
        "won": st.column_config.NumberColumn(_("Won"), width=70),
        "decided": st.column_config.NumberColumn(_("Decided"), width=84),
        "unanswered": st.column_config.NumberColumn(_("Unanswered"), width=110),
    }
    widgets.plain_table(rows, layout, key="win_rates", alt=_("Win rate by reason"))
    st.caption(_("Of disputes that were answered and decided. Unanswered: lost without an answer."))
