"""Trying rules on the past: what they would have refused of what is known to be fraud or good."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

import streamlit as st

from core import clock, money
from core.actions.fraud import backtests
from core.risk import backtest
from core.risk.backtest import Question
from core.risk.report import LIMITS
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.screens.fraud import backtest_charts
from dashboard.screens.fraud.messages import ERRORS
from dashboard.screens.fraud.rule_drafts import EDITED
from dashboard.ui import charts, columns, flash, viewer, widgets

_FOUND = "backtest_found"
_SETS = {"in_force": N_("Rules in force"), "edited": N_("My draft")}
LABELS = {
    "dispute": N_("Fraud disputes"),
    "warning": N_("Issuers' warnings"),
    "refund": N_("Refunds as fraud"),
}
MOST_DAYS = 1800
NOTHING = "–"
# Said with every backtest; the words are those of `core.risk.report.LIMITS`.
N_("Payments that were refused, by risk or by the bank, have no outcome and are not in it.")
N_("Fraud that nobody reported counts as good.")
N_("Signals are those of the payment's own time, under the lists as they were then.")


def draw(livemode: bool) -> None:
    """The question, and the answer to the last one."""
    with st.form("backtest", border=True):
        asked = _form(livemode)
        run = st.form_submit_button(_("Run backtest"), type="primary", icon=":material/play_arrow:")
    if run and asked is not None:
        _run(asked, edited=st.session_state["backtest_set"] == "edited")
    found = st.session_state.get(_FOUND)
    if found is None or found["livemode"] != livemode:
        widgets.empty(
            _("Nothing was tried yet"),
            _("Choose rules and a window. Nothing is changed and nothing is sent."),
            icon=":material/history:",
        )
    else:
        _result(found)
    with st.container(border=True):
        widgets.card_title(_("What this cannot know"))
        for limit in LIMITS:
            st.text(_(limit))


def _form(livemode: bool) -> Question | None:
    state, zone = st.session_state, viewer.zone()
    today = clock.business_day(clock.now(), zone)
    known = ["in_force", *(["edited"] if EDITED in state else [])]
    state.setdefault("backtest_set", known[-1])
    if state["backtest_set"] not in known:
        state["backtest_set"] = "in_force"
    _fit_to_history(livemode, today)
    row = st.container(horizontal=True, vertical_alignment="bottom")
    row.segmented_control(
        _("Rules"),
        known,
        key="backtest_set",
        required=True,
        format_func=lambda code: _(_SETS[code]),
        help=None if "edited" in known else _("Edit rules under Rules, and try them from there."),
    )
    since = row.date_input(
        _("Paid from"),
        min_value=today - timedelta(days=MOST_DAYS),
        max_value=today,
        key="backtest_since",
    )
    until = row.date_input(_("Until"), max_value=today, key="backtest_until")
    age = row.number_input(
        _("Days until no dispute means none"),
        min_value=0,
        max_value=365,
        key="backtest_age",
    )
    labels = st.pills(
        _("What says that it was fraud"),
        list(LABELS),
        selection_mode="multi",
        default=list(LABELS),
        key="backtest_labels",
        format_func=lambda code: _(LABELS[code]),
    )
    youngest = clock.now() - timedelta(days=int(age))
    end = min(_start(until + timedelta(days=1)), youngest)
    if not labels or end <= _start(since):
        st.warning(_("Choose a label, and a window that begins before the age counts."))
        return None
    return Question(livemode, _start(since), end, tuple(labels))


def _fit_to_history(livemode: bool, today: date) -> None:
    """Begin with the window that fits the history: never an empty one where there is some."""
    state = st.session_state
    if {"backtest_since", "backtest_until", "backtest_age"} <= state.keys():
        return
    fitting = viewer.act(backtests.usual_question, livemode)
    since = clock.business_day(fitting.since, viewer.zone()) if fitting else today
    state["backtest_since"] = max(since, today - timedelta(days=MOST_DAYS))
    state["backtest_until"] = today
    is_young = fitting is None or fitting.until > clock.now() - backtest.USUAL_AGE
    state["backtest_age"] = 0 if is_young else backtest.USUAL_AGE.days


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), viewer.zone())


def _run(asked: Question, *, edited: bool) -> None:
    bar = st.progress(0.0, _("Trying"))

    def progress(done: int, total: int) -> None:
        said = ngettext("{done} of {n} part", "{done} of {n} parts", total)
        bar.progress(done / total, said.format(done=done, n=total))

    body = st.session_state[EDITED] if edited else None
    outcome = flash.perform(ERRORS, backtests.try_out, body, asked, progress)
    bar.empty()
    if outcome.value is None:
        outcome.show_error()
        return
    st.session_state[_FOUND] = outcome.value | {"livemode": asked.livemode, "edited": edited}


def _result(found: Mapping[str, Any]) -> None:
    if not found["payments"]:
        widgets.empty(
            _("No paid payment of this window has a score"),
            _("Choose a longer window, or a lower age."),
            icon=":material/date_range:",
        )
        return
    tried, before = found["tried"], found["in_force"]
    st.caption(_what_was_tried(found))
    left, right = st.columns([2, 3])
    with left.container(border=True):
        widgets.card_title(_("What would have become of them"))
        alt = _("Payments by what they were and whether they would have been refused")
        charts.draw(backtest_charts.matrix(tried), alt=alt, key="matrix")
    with right.container(border=True):
        widgets.card_title(_("Against the rules in force"))
        _compared(tried, before)
        _money(tried, before)
    with st.container(border=True):
        widgets.card_title(_("Other thresholds"))
        alt = _("Precision, recall and false positives by threshold")
        charts.draw(backtest_charts.curve(found["curve"], found["refuse_at"]), alt=alt, key="curve")
    with st.container(border=True):
        widgets.card_title(_("By month"))
        _months(found["by_month"])
    unseen = found["refused_without_outcome"]
    said = ngettext(
        "{n} payment was refused before Stripe saw it: nobody knows what it was.",
        "{n} payments were refused before Stripe saw them: nobody knows what they were.",
        unseen,
    )
    st.caption(said.format(n=i18n.number(unseen)))


def _what_was_tried(found: Mapping[str, Any]) -> str:
    paid = ngettext(
        "{n} paid payment, of which {fraud} fraud",
        "{n} paid payments, {fraud} of them fraud",
        found["payments"],
    ).format(n=i18n.number(found["payments"]), fraud=i18n.number(found["fraud"]))
    points = found["refuse_at"]
    refused = ngettext("refused from {n} point", "refused from {n} points", points)
    return f"{paid} · {refused.format(n=points)}"


def _percent(share: int | None) -> str:
    return NOTHING if share is None else f"{share // 100}.{share % 100:02d}%"


def _compared(tried: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    rows = {
        _("Precision"): "precision",
        _("Recall"): "recall",
        _("False positives"): "false_positive_rate",
    }
    table: columns.Table = {
        "what": list(rows),
        "tried": [_percent(tried[key]) for key in rows.values()],
        "before": [_percent(before[key]) for key in rows.values()],
    }
    layout = {
        "what": columns.text_column(_("What"), width=150),
        "tried": columns.money_column(_("Tried"), width=110),
        "before": columns.money_column(_("In force"), width=110),
    }
    title = _("Against the rules in force")
    widgets.plain_table(table, layout, key="compared", alt=title)


def _money(tried: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    """A line a currency: nothing is summed over them."""
    sums = {
        "saved": tried["money_saved"],
        "saved_before": before["money_saved"],
        "lost": tried["good_money_refused"],
        "lost_before": before["good_money_refused"],
    }
    codes = sorted({code for found in sums.values() for code in found})
    if not codes:
        st.caption(_("Neither would have refused anything."))
        return
    table: columns.Table = {"currency": [code.upper() for code in codes]}
    for name, found in sums.items():
        table[name] = [_amount(found.get(code), code) for code in codes]
    layout = {
        "currency": columns.currency_column(),
        "saved": columns.money_column(_("Fraud saved"), width=110),
        "saved_before": columns.money_column(_("In force"), width=104),
        "lost": columns.money_column(_("Good refused"), width=116),
        "lost_before": columns.money_column(_("In force"), width=104),
    }
    alt = _("Fraud saved and good money refused, by currency")
    widgets.plain_table(table, layout, key="backtest_money", alt=alt)


def _amount(major: str | None, currency: str) -> str:
    """A report's decimal string as people read it."""
    if major is None:
        return NOTHING
    return columns.money(money.parse(major, currency).minor, currency)


def _months(found: Mapping[str, Mapping[str, Any]]) -> None:
    lines = found.values()
    table: columns.Table = {
        "month": [month[:7] for month in found],
        "caught": [i18n.number(one["caught"]) for one in lines],
        "missed": [i18n.number(one["missed_fraud"]) for one in lines],
        "refused": [i18n.number(one["refused_good"]) for one in lines],
        "precision": [_percent(one["precision"]) for one in lines],
        "recall": [_percent(one["recall"]) for one in lines],
        "wrong": [_percent(one["false_positive_rate"]) for one in lines],
    }
    layout = {
        "month": columns.text_column(_("Month"), width=84),
        "caught": columns.money_column(_("Caught"), width=90),
        "missed": columns.money_column(_("Missed"), width=90),
        "refused": columns.money_column(_("Good refused"), width=116),
        "precision": columns.money_column(_("Precision"), width=96),
        "recall": columns.money_column(_("Recall"), width=96),
        "wrong": columns.money_column(_("False positives"), width=116),
    }
    widgets.plain_table(table, layout, key="months", alt=_("Backtest by month"))
