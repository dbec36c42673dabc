"""Buttons over the one search line of Payments: each reads it, and each rewrites it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.errors import InvalidInput
from core.reads.payments.list import FIELDS, Query, parse
from dashboard.i18n import N_, _
from dashboard.ui import columns, status_badges, widgets

SEGMENTS = {
    "": N_("All"),
    "succeeded": N_("Succeeded"),
    "failed": N_("Failed"),
    "open": N_("Open"),
    "refunded": N_("Refunded"),
    "disputed": N_("Disputed"),
}
PERIODS = {
    "": N_("Any time"),
    "today": N_("Today"),
    "24h": N_("Last 24 hours"),
    "7d": N_("Last 7 days"),
    "30d": N_("Last 30 days"),
    "90d": N_("Last 90 days"),
}
CURRENCIES = ("usd", "eur", "gbp", "cny", "jpy", "kwd")
METHODS = ("card", "link", "alipay", "wechat_pay", "paypal", "sepa_debit")
RISKS = ("normal", "elevated", "highest")
DISPUTES = {"open": N_("Open"), "won": N_("Won"), "lost": N_("Lost"), "none": N_("No dispute")}


def read(line: str) -> Query:
    """The line as terms; an empty query for a line that cannot be read (the page says why)."""
    try:
        return parse(line)
    except InvalidInput:
        return Query((), FIELDS)


def bar(query: Query, line: str) -> None:
    """Segments and the filter popover, showing what the line asks and rewriting it on a click.

    `query` is the line as it was read; without terms for one that cannot be.
    """
    row = st.container(horizontal=True, vertical_alignment="center")
    status = ",".join(query.values("status"))
    _show("segment", status if status in SEGMENTS else None)
    row.segmented_control(
        _("State"),
        list(SEGMENTS),
        key="segment",
        format_func=lambda word: _(SEGMENTS[word]),
        on_change=_rewrite,
        args=("status", "segment"),
        label_visibility="collapsed",
    )
    fields = ("currency", "method", "risk", "dispute", "created", "amount")
    asked = [field for field in fields if query.values(field)]
    label = _("Filters ({count})").format(count=len(asked)) if asked else _("Filters")
    with row.popover(label, icon=":material/tune:", key="filters"):
        _pills(query, "currency", _("Currency"), CURRENCIES, str.upper)
        _pills(query, "method", _("Method"), METHODS, columns.method)
        _pills(
            query,
            "risk",
            _("Risk"),
            RISKS,
            lambda code: status_badges.word(status_badges.RISK, code),
        )
        _pills(query, "dispute", _("Dispute"), tuple(DISPUTES), _dispute)
        _period(query)
        _show("f_amount", next(iter(query.values("amount")), ""))
        st.text_input(
            _("Amount, in each payment's currency"),
            key="f_amount",
            placeholder=">100, 10..20",
            on_change=_rewrite,
            args=("amount", "f_amount"),
        )
        st.button(
            _("Clear all"),
            key="f_clear",
            icon=":material/close:",
            on_click=clear,
            disabled=not line,
        )


def _dispute(outcome: str) -> str:
    return (
        _(DISPUTES[outcome])
        if outcome in DISPUTES
        else status_badges.word(status_badges.OUTCOME, outcome)
    )


def _pills(
    query: Query, field: str, label: str, options: tuple[str, ...], shown: Callable[[str], str]
) -> None:
    asked = [value.lower() for value in query.values(field)]
    _show(f"f_{field}", asked)
    st.pills(
        label,
        [*options, *(value for value in asked if value not in options)],
        selection_mode="multi",
        key=f"f_{field}",
        format_func=shown,
        on_change=_rewrite,
        args=(field, f"f_{field}"),
    )


def _period(query: Query) -> None:
    asked = next(iter(query.values("created")), "")
    _show("f_created", asked)
    st.selectbox(
        _("Created"),
        [*PERIODS, *([asked] if asked not in PERIODS else [])],
        key="f_created",
        format_func=lambda code: _(PERIODS[code]) if code in PERIODS else code,
        on_change=_rewrite,
        args=("created", "f_created"),
    )


def _show(key: str, value: object) -> None:
    """The line is the truth: a control shows what the line says, also after a reload."""
    st.session_state[key] = value


def _rewrite(field: str, key: str) -> None:
    chosen = st.session_state[key]
    values = chosen if isinstance(chosen, list) else [chosen] if chosen else []
    query = read(st.session_state.get("q", ""))
    try:
        st.session_state["q"] = str(query.with_values(field, *values))
    except InvalidInput as error:
        st.toast(
            _("Not a filter: {rule}").format(rule=widgets.safe_text(widgets.rule(error))),
            icon=":material/error:",
        )
    widgets.first_page()


def clear() -> None:
    """Search for nothing in particular."""
    st.session_state["q"] = ""
    widgets.first_page()
