"""Charts as plain dictionaries: `go.Figure` costs five times as much to build.

Amounts are drawn from decimal strings and hovered as text, so that no money becomes a float. Only
colours that carry a meaning are set: grid, ink and font come from the theme, light or dark.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import plotly.io
import streamlit as st

from core.money import Money, plain, show
from dashboard.i18n import _, language

Figure = dict[str, object]

COLOURS = {
    "succeeded": "#5566D6",
    "failed": "#D1495B",
    "other": "#7C8798",
    "gross": "#7886E2",
    "refund": "#8361CB",
    "dispute": "#B86E1F",
    "platform_earning": "#2B86CC",
    "fee": "#8490A2",
    "network_cost": "#8A9A1F",
    "tax": "#B0568F",
    "net": "#178A7D",
}
#: How opaque the bar of a period is that is not over.
RUNNING = 0.45
CONFIG = {"displayModeBar": False, "responsive": True}
#: Loaded with the module, so that no visitor pays for Plotly's import.
RENDERER = plotly.io.__name__
#: Of a figure whose bars are clicked: with all of a place under the pointer, none would be.
_CLICKED: Figure = {"clickmode": "event+select", "dragmode": False, "hovermode": "closest"}
#: What was not clicked does not fade: the page changes.
_FADED: Figure = {
    "selected": {"marker": {"opacity": 1}},
    "unselected": {"marker": {"opacity": 1}},
}


#: Labels under an axis: more would overlap on a phone.
_LABELS = 6
#: A plot is as wide as so many bars at least, so that one bar is a bar.
_FEWEST = 6
#: Points of a line can be clicked where there are no more than this.
_POINTS = 60


@dataclass(frozen=True, slots=True)
class Bar:
    """A place on the axis. `key` is its own, `label` stands under it.

    `note` says that its time is cut or not over; its bars are hatched then.
    """

    key: str
    label: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """One row of bars or one line: a meaning of `COLOURS`, its name, amounts in minor units."""

    meaning: str
    name: str
    minors: Sequence[int]
    line: bool = False


def draw(
    figure: Figure, *, alt: str, key: str, on_pick: Callable[[str], None] | None = None
) -> None:
    """Put a figure on the page; `alt` says in a sentence what it shows.

    `on_pick` is given the `customdata` of a bar that was clicked, as the browser tells it.
    """
    if on_pick is None:
        st.plotly_chart(figure, config=CONFIG, alt=alt, key=key)
        return
    # A second click on a bar would take the first one back: each click has a chart of its own.
    turn = st.session_state.setdefault(f"{key}_turn", 0)
    name = f"{key}_{turn}"

    def clicked() -> None:
        st.session_state[f"{key}_turn"] = turn + 1
        points = st.session_state[name].selection.points
        picked = points[0].get("customdata") if points else None
        if isinstance(picked, str):
            on_pick(picked)

    st.plotly_chart(
        figure, config=CONFIG, alt=alt, key=name, on_select=clicked, selection_mode="points"
    )


def counts(
    hours: Sequence[datetime], zone: ZoneInfo, series: Sequence[tuple[str, str, Sequence[int]]]
) -> Figure:
    """Stacked counts per hour: `series` are (meaning, name, one count an hour).

    The last bar is paler, for its hour is not over.
    """
    # Plotly knows no time zones: it is given the local wall clock.
    ticks = [hour.astimezone(zone).strftime("%Y-%m-%d %H:%M") for hour in hours]
    bars = [
        {
            "type": "bar",
            "name": name,
            "x": ticks,
            "y": list(values),
            "marker": {
                "color": COLOURS[meaning],
                "opacity": [*[1] * (len(hours) - 1), RUNNING][: len(hours)],
                "line": {"width": 0},
            },
            "customdata": [f"{meaning} {hour.isoformat()}" for hour in hours],
            "hovertemplate": f"{name}: %{{y:,}}<br>%{{x}}<extra></extra>",
            **_FADED,
        }
        for meaning, name, values in series
    ]
    hover = "%b %-d, %H:%M" if language() == "en" else "%-m月%-d日 %H:%M"
    layout = _layout(_("payments"), height=300) | _CLICKED
    layout["xaxis"] = {
        "tickformat": "%H:%M\n%b %-d" if language() == "en" else "%H:%M\n%-m月%-d日",
        "hoverformat": hover,
        # Few enough for a phone: Plotly would turn them upright.
        "nticks": 5,
    }
    return {"data": bars, "layout": layout}


def numbers(
    bars: Sequence[Bar],
    unit: str,
    series: Sequence[tuple[str, str, str, Sequence[int]]],
    *,
    stacked: bool,
    height: int = 250,
) -> Figure:
    """Counts of each bar: `series` are (code, meaning, name, one count a bar), one on the other
    or side by side. A click tells `code key`."""
    data = [
        {
            "type": "bar",
            "name": name,
            "x": [bar.key for bar in bars],
            "y": list(values),
            "marker": {"color": COLOURS[meaning], "line": {"width": 0}},
            "customdata": [f"{code} {bar.key}" for bar in bars],
            "text": [bar.label for bar in bars],
            "textposition": "none",
            "hovertemplate": f"{name}: %{{y:,}}<br>%{{text}}<extra></extra>",
            **_FADED,
        }
        for code, meaning, name, values in series
    ]
    layout = _layout(unit, height=height) | _CLICKED
    layout["barmode"] = "stack" if stacked else "group"
    layout["yaxis"] |= {"rangemode": "tozero", "tickformat": ",d", "fixedrange": True}
    layout["xaxis"] = _categories(bars)
    return {"data": data, "layout": layout}


def money(bars: Sequence[Bar], currency: str, series: Sequence[Series]) -> Figure:
    """Amounts of each bar, stacked by sign, with lines over them.

    A click tells `meaning key`. Bars of cut periods are traces of their own: with one trace the
    legend would be hatched too.
    """
    layout = _layout(currency.upper(), height=360) | _CLICKED
    layout["yaxis"] |= {"type": "linear", "tickformat": "~s", "zeroline": True, "fixedrange": True}
    layout["xaxis"] = _categories(bars)
    data = [trace for one in series for trace in _traces(bars, currency, one)]
    return {"data": data, "layout": layout}


def _categories(bars: Sequence[Bar]) -> Figure:
    """An axis of named places, few enough of them labelled for a phone; one bar is a bar."""
    keys = [bar.key for bar in bars]
    every = max(1, -(-len(keys) // _LABELS))
    beside = max(0, _FEWEST - len(keys)) / 2
    return {
        "type": "category",
        "categoryorder": "array",
        "categoryarray": keys,
        "tickmode": "array",
        "tickvals": keys[::every],
        "ticktext": ["<br>".join(filter(None, (b.label, b.note))) for b in bars[::every]],
        "tickangle": 0,
        "range": [-0.5 - beside, len(keys) - 0.5 + beside],
        "fixedrange": True,
    }


def _traces(bars: Sequence[Bar], currency: str, one: Series) -> list[Figure]:
    """A line, or the whole bars and, where there are any, the hatched ones."""
    colour = COLOURS[one.meaning]
    if one.line:
        mode = "lines+markers" if len(bars) <= _POINTS else "lines"
        line = {"color": colour, "width": 2.5}
        marker: Figure = {"color": colour, "size": 7}
        drawn = {"type": "scatter", "mode": mode, "line": line, "marker": marker} | _FADED
        return [_trace(bars, currency, one, range(len(bars))) | drawn]
    cut = [place for place, bar in enumerate(bars) if bar.note]
    whole = [place for place, bar in enumerate(bars) if not bar.note]
    marker = {"color": colour, "line": {"width": 0}}
    drawn = {"type": "bar", "marker": marker, "textposition": "none"} | _FADED
    found = [_trace(bars, currency, one, whole) | drawn] if whole or not cut else []
    if cut:
        hatched = {"marker": marker | {"pattern": {"shape": "/", "size": 6}}}
        shown = {"showlegend": not found, "legendgroup": one.meaning}
        found.append(_trace(bars, currency, one, cut) | drawn | hatched | shown)
    return found


def _trace(bars: Sequence[Bar], currency: str, one: Series, places: Sequence[int]) -> Figure:
    amounts = [Money(one.minors[place], currency) for place in places]
    said = [f"{bars[place].label} {bars[place].note}".strip() for place in places]
    return {
        "name": one.name,
        "legendgroup": one.meaning,
        "x": [bars[place].key for place in places],
        "y": [plain(amount) for amount in amounts],
        "customdata": [f"{one.meaning} {bars[place].key}" for place in places],
        "text": [
            f"{one.name}: {show(amount)}<br>{when}"
            for amount, when in zip(amounts, said, strict=True)
        ],
        "hovertemplate": "%{text}<extra></extra>",
    }


def _layout(unit: str, *, height: int) -> dict[str, Any]:
    return {
        "barmode": "relative",
        "bargap": 0.22,
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "hovermode": "x unified",
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "xanchor": "left"},
        "yaxis": {"title": {"text": unit}, "automargin": True},
    }
