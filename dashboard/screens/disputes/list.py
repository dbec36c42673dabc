"""The list of disputes with its figures: what is at stake, how often answers win."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import streamlit as st

from core import clock
from core.domain.payers import payer_of
from core.money import show
from core.reads.disputes.list import AnswerTime, DisputeRow, Stake, WinRate
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.screens.disputes import labels as dispute_labels
from dashboard.ui import (
    columns,
    customer_links,
    metric_cards,
    navigation,
    status_badges,
    stripe_labels,
    widgets,
)
from dashboard.ui.data_table import (
    Column,
    DataTable,
    Empty,
    chips,
    currency,
    moment,
    money,
    opener,
    text,
)
from dashboard.ui.kit import links
from dashboard.ui.kit.component import OnClick
from dashboard.ui.kit.table import Sorting
from dashboard.ui.list_views import ListViews

VIEWS = {
    "open": N_("To answer"),
    "review": N_("In review"),
    "won": N_("Won"),
    "lost": N_("Lost"),
    "all": N_("All"),
}
NOTHING_TO_ANSWER = Empty(
    N_("Nothing is to be answered"), N_("New disputes appear here by themselves.")
)
NONE_HERE = Empty(N_("No dispute here"), N_("Choose another state, or take a filter out."))
BUSIEST = 2


def stake_cards(stakes: Sequence[Stake], took: AnswerTime) -> None:
    """Amounts at stake of the busiest currencies, and the time that answers take."""
    found = []
    for stake in stakes[:BUSIEST]:
        code = stake.currency.upper()
        said = _("To answer, {currency} ({count})")
        counted = said.format(currency=code, count=stake.to_answer_count)
        found.append(
            metric_cards.money_card(
                counted, stake.to_answer, address=_listed("open", stake.currency)
            )
        )
        said = _("In review, {currency} ({count})")
        counted = said.format(currency=code, count=stake.in_review_count)
        found.append(
            metric_cards.money_card(
                counted, stake.in_review, address=_listed("review", stake.currency)
            )
        )
    if took.median is not None:
        said = ngettext("Median of {n} answered here", "Median of {n} answered here", took.count)
        note, median = said.format(n=took.count), dispute_labels.lasted(took.median)
        found.append(metric_cards.Card(_("Time to answer"), median, note=note))
    if found:
        metric_cards.linked("stakes", found, leaves=False)
    if len(stakes) > BUSIEST:
        rest = [
            f"{stake.currency.upper()} {show(stake.to_answer)} / {show(stake.in_review)}"
            for stake in stakes[BUSIEST:]
        ]
        said = _("To answer / in review: {amounts}")
        st.caption(widgets.safe_text(said.format(amounts=" · ".join(rest))))


def _listed(view: str, currency: str) -> str:
    return navigation.address("disputes", view=view, currency=currency)


def counted(rows: int, view: str) -> str:
    """How many a page shows, and in which order."""
    if view == "open":
        said = ngettext(
            "{n} shown, the nearest deadline first", "{n} shown, the nearest deadline first", rows
        )
    else:
        said = ngettext("{n} shown, newest first", "{n} shown, newest first", rows)
    return said.format(n=rows)


def table(
    rows: Sequence[DisputeRow],
    view: str,
    now: datetime,
    on_open: Callable[[str], None],
    *,
    caption: str,
    sorted_by: Sorting,
    on_sort: OnClick,
    chosen: Sequence[str] = (),
) -> None:
    """Draw the list; a click on an id opens the dispute, one on the title of its time turns it.

    `chosen`: the columns that the viewer wants; without a choice those that fit the view.
    """
    waiting = any(dispute_labels.waits(row.status) for row in rows)
    order = ["left", "clock"] if waiting else []
    # One status for all is said by the choice above the list.
    mixed = len({row.status for row in rows}) > 1
    order += ["amount", "currency", *(["state"] if mixed else []), "reason", "customer"]
    # What opens a row stays in sight: among several statuses the time left says enough.
    order += ["dispute"] if mixed and waiting else ["due" if waiting else "created", "dispute"]
    empty = NOTHING_TO_ANSWER if view == "open" else NONE_HERE
    found = DataTable("disputes", N_("Disputes"), _columns(now), placeholder="", empty=empty)
    found.draw(
        found.frame(rows),
        on_open,
        target=links.screen("dispute", view=view),
        caption=caption,
        order=list(chosen) or order,
        sorts=(sorted_by.column,),
        sorted_by=sorted_by,
        on_sort=on_sort,
    )


def _columns(now: datetime) -> dict[str, Column[DisputeRow]]:
    def due(row: DisputeRow) -> datetime | None:
        return row.due_by if dispute_labels.waits(row.status) else None

    return {
        "left": text(N_("Left"), lambda row: dispute_labels.left(due(row), now)),
        "clock": chips(
            N_("Clock"),
            lambda row: status_badges.cell(dispute_labels.clock(due(row), now)),
            dispute_labels.CLOCK,
        ),
        "amount": money(N_("Amount"), lambda row: show(row.amount)),
        "currency": currency(lambda row: row.amount.currency),
        "state": chips(
            N_("Status"),
            lambda row: status_badges.cell(row.status),
            status_badges.DISPUTE,
        ),
        "reason": text(N_("Reason"), lambda row: stripe_labels.words(row.reason)),
        "customer": customer_links.column(
            N_("Customer"),
            lambda row: row.customer,
            lambda row: payer_of(row.customer_id, row.email),
            cut=18,
        ),
        "due": moment(N_("Answer by"), lambda row: row.due_by, seconds=False),
        "created": moment(N_("Created"), lambda row: row.created_at, seconds=False),
        "dispute": opener(N_("Dispute"), lambda row: row.stripe_id),
        "brand": text(N_("Card brand"), lambda row: dispute_labels.brand(row.card_brand)),
        "payment": text(N_("Payment"), lambda row: row.payment_id or "", cut=20),
    }


#: The columns that people choose from, by their titles, and what each is in a file.
CHOICE = ListViews(
    "disputes",
    {name: column.title for name, column in _columns(clock.EPOCH).items()},
    {
        "left": (),
        "clock": (),
        "amount": ("amount",),
        "currency": ("currency",),
        "state": ("status",),
        "reason": ("reason",),
        "customer": ("customer",),
        "due": ("due_utc",),
        "created": ("created_utc",),
        "dispute": ("id",),
        "brand": ("card_brand",),
        "payment": ("payment",),
    },
)


def win_table(rates: Sequence[WinRate]) -> None:
    """How often an answer won, by reason, with how many decisions that rests on."""
    widgets.card_title(_("Answers that won"))
    if not rates:
        st.caption(_("No dispute has been decided yet."))
        return
    rows: columns.Table = {
        "reason": [stripe_labels.words(line.reason) or "–" for line in rates],
        "rate": ["–" if line.rate is None else i18n.percent(line.rate) for line in rates],
        "won": [line.won for line in rates],
        "decided": [line.decided for line in rates],
        "unanswered": [line.unanswered for line in rates],
    }
    layout = {
        "reason": columns.text_column(_("Reason"), width=190),
        "rate": columns.money_column(_("Won, %"), width=84),
        "won": st.column_config.NumberColumn(_("Won"), width=70),
        "decided": st.column_config.NumberColumn(_("Decided"), width=84),
        "unanswered": st.column_config.NumberColumn(_("Unanswered"), width=110),
    }
    widgets.plain_table(rows, layout, key="win_rates", alt=_("Win rate by reason"))
    st.caption(_("Of disputes that were answered and decided. Unanswered: lost without an answer."))
