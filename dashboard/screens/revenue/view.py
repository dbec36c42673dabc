"""What Revenue shows of one settlement currency, shaped: cards, chart, tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from fractions import Fraction
from typing import Any

import streamlit as st

from core.money import Money, show, show_short
from core.reads.revenue import revenue as reads
from core.reads.revenue.categories import COSTS, PARTS, UNMAPPED
from dashboard import i18n
from dashboard.i18n import N_, _
from dashboard.screens.revenue import periods, tables
from dashboard.screens.revenue.periods import Period
from dashboard.screens.revenue.tables import NOTHING, Source
from dashboard.ui import charts, columns, ledger_rows, metric_cards, viewer
from dashboard.ui.kit.cards import Card

TITLES = {
    "day": N_("Gross, deductions and net per day, {currency}"),
    "week": N_("Gross, deductions and net per week, {currency}"),
    "month": N_("Gross, deductions and net per month, {currency}"),
}


@st.cache_resource(max_entries=100, ttl=300, show_spinner=False)
def shaped(
    version: int, currency: str, period: Period, livemode: bool, spoken: str
) -> dict[str, Any]:
    """All that one tab shows; computed once for everybody who may see it."""
    asked: dict[str, Any] = {
        "livemode": livemode,
        "currency": currency,
        "since": period.span.since,
        "until": period.span.until,
    }
    series = viewer.read(reads.series, by=period.by, **asked)
    both = viewer.read(reads.summary, versus=period.compared, **asked)
    methods = viewer.read(reads.by_method, **asked)
    countries = viewer.read(reads.by_country, **asked)
    return {
        "cards": cards(both, period),
        "figure": figure(series, currency, period),
        "series": tables.by_period(series, both.current, period),
        "methods": tables.by_key("method", methods, currency, period, _("Method"), _method),
        "countries": tables.by_key(
            "card_country", countries, currency, period, _("Country"), _country
        ),
        "fees": tables.fees(viewer.read(reads.fee_parts, **asked), both.current, period),
        "movements": tables.movements(both.current, period),
        "unmapped": [one.category for one in both.current.movements if one.kind == UNMAPPED],
    }


def cards(both: reads.Compared, period: Period) -> list[Card]:
    """The period's figures, each against those that it is compared with; they add up to the net.
    Each opens its rows."""
    now, before = both.current, both.previous
    source = Source(now.currency, period.span)
    # More of what leaves is a rise, and not to be glad of.
    glad: dict[str, bool | None] = {"gross": True, "platform_earning": True, "net": True}
    glad |= {"refund": False, "dispute": False}

    def card(part: str, label: str) -> Card:
        value, was = getattr(now, f"{part}_minor"), getattr(before, f"{part}_minor")
        share = metric_cards.change(value, was)
        if part != "net":
            share = metric_cards.change(abs(value), abs(was)) if value * was >= 0 else None
        address = ledger_rows.address(source.rows(figure=part))
        changed = None if share is None else metric_cards.moved(share)
        return Card(
            label,
            _short_enough(Money(-value if part in COSTS else value, now.currency)),
            change=metric_cards.change_said(changed),
            note=period.short_versus if changed is not None else "",
            is_good=_is_good(share, glad.get(part)),
            name=address,
            address=address,
        )

    named = tables.parts(asdict(now), asdict(before)) | {"net": _("Net")}
    shown = [card(part, label) for part, label in named.items()]
    return [*shown, _fee_card(now.fee_rate, before.fee_rate, source, period)]


def _short_enough(amount: Money) -> str:
    """The exact amount where a card has room for it; the table under it has it anyway."""
    exact = show(amount)
    return exact if len(exact) <= metric_cards.WIDEST else show_short(amount, units=i18n.language())


def _is_good(share: Fraction | None, up_is: bool | None) -> bool | None:
    return None if not share or up_is is None else (share > 0) == up_is


def _fee_card(now: Fraction | None, before: Fraction | None, source: Source, at: Period) -> Card:
    """The share of gross that fees, network costs and tax took; it moves by percentage points."""
    if now is None:
        return Card(_("Effective fee"), NOTHING)
    address = ledger_rows.address(source.rows(figure="cost"))
    points = None if before is None else now - before
    changed = metric_cards.points(points, digits=2)
    return Card(
        _("Effective fee"),
        i18n.percent(now, digits=2),
        change=metric_cards.change_said(changed),
        note=at.short_versus if changed is not None else "",
        is_good=_is_good(points, False),
        name=address,
        address=address,
    )


def figure(series: Sequence[reads.Row], currency: str, period: Period) -> charts.Figure:
    """Gross upwards, what leaves downwards, net as a line; a cut or running step is hatched."""
    added = reads.as_added(series)
    lines = [
        charts.Series(part, name, [row[f"{part}_minor"] for row in added])
        for part, name in tables.parts(*series).items()
    ]
    lines.append(charts.Series("net", _("Net"), [row["net_minor"] for row in series], line=True))
    bars = [
        charts.Bar(
            part.start.isoformat(),
            periods.short_name_of(part, period.by),
            periods.note_of(part),
        )
        for part in period.parts
    ]
    return charts.money(bars, currency, lines)


def rows_of_bar(picked: str, currency: str, period: Period) -> str | None:
    """The address of the rows behind a bar, as the chart tells of a click: `gross 2026-11-01`."""
    figure, _space, start = picked.partition(" ")
    try:
        day = date.fromisoformat(start)
    except ValueError:
        return None
    found = next((part for part in period.parts if part.start == day), None)
    if found is None or figure not in (*PARTS, "net"):
        return None
    return ledger_rows.address(Source(currency, found.span).rows(figure=figure))


def _method(code: str) -> str:
    return columns.method(code) if code else _("No method")


def _country(code: str) -> str:
    return columns.country(code) if code else _("No card")
