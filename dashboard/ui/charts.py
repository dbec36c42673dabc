"""Charts as plain dictionaries: `go.Figure` costs five times as much to build.

Amounts are drawn from decimal strings and hovered as text, so that no money becomes a float. Only
colours that carry a meaning are set: grid, ink and font come from the theme, light or dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
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


@dataclass(frozen=True, slots=True)
class Series:
    """One row of bars or one line: a meaning of `COLOURS`, its name, amounts in minor units."""

    meaning: str
    name: str
    minors: Sequence[int]
    line: bool = False


def draw(figure: Figure, *, alt: str, key: str) -> None:
    """Put a figure on the page; `alt` says in a sentence what it shows."""
    st.plotly_chart(figure, config=CONFIG, alt=alt, key=key)


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
            "hovertemplate": "%{y:,}",
        }
        for meaning, name, values in series
    ]
    hover = "%b %-d, %H:%M" if language() == "en" else "%-m月%-d日 %H:%M"
    layout = _layout(_("payments"), height=300)
    layout["xaxis"] = {
        "tickformat": "%H:%M\n%b %-d" if language() == "en" else "%H:%M\n%-m月%-d日",
        "hoverformat": hover,
        # Few enough for a phone: Plotly would turn them upright.
        "nticks": 5,
    }
    return {"data": bars, "layout": layout}


def money(
    starts: Sequence[date], currency: str, series: Sequence[Series], *, partial: date | None
) -> Figure:
    """Amounts per day, week or month, stacked by sign, with lines over them.

    A bar is as wide as its period; the one that starts on `partial` is paler, for it is not over.
    """
    ticks = [start.isoformat() for start in starts]
    opacity = [RUNNING if start == partial else 1 for start in starts]
    layout = _layout(currency.upper(), height=360)
    layout["yaxis"] |= {"type": "linear", "tickformat": "~s", "zeroline": True}
    english = language() == "en"
    forms = ("%b %-d", "%b %Y") if english else ("%-m月%-d日", "%Y年%-m月")
    is_long = len(starts) > 1 and (starts[-1] - starts[0]).days > 300
    layout["xaxis"] = {
        "type": "date",
        "tickformat": forms[is_long],
        "hoverformat": "%a, %b %-d, %Y" if english else "%Y年%-m月%-d日",
        # Labels stand under bars: Plotly's own would fall between weeks.
        "tickvals": ticks[:: max(1, -(-len(ticks) // 6))],
        "range": _span(starts),
    }
    return {"data": [_trace(ticks, opacity, currency, one) for one in series], "layout": layout}


def waterfall(lines: Sequence[tuple[str, int]], currency: str, *, from_opening: bool) -> Figure:
    """Names, each once, and amounts in minor units, from above: steps that add up to the last line.
    `from_opening`: the first is what they begin with."""
    amounts = [Money(minor, currency) for _name, minor in lines]
    # A total is drawn from zero, a step from where the one before it ended.
    measures = ["relative"] * (len(lines) - 1) + ["total"]
    if from_opening:
        measures[0] = "absolute"
    total = {"marker": {"color": COLOURS["other"], "line": {"width": 0}}}
    trace: Figure = {
        "type": "waterfall",
        "orientation": "h",
        "measure": measures,
        "y": [name for name, _minor in lines],
        "x": [plain(amount) for amount in amounts],
        "customdata": [show(amount) for amount in amounts],
        "textposition": "none",
        "hovertemplate": "%{customdata}<extra></extra>",
        "increasing": {"marker": {"color": COLOURS["net"], "line": {"width": 0}}},
        "decreasing": {"marker": {"color": COLOURS["refund"], "line": {"width": 0}}},
        "totals": total,
        "connector": {"line": {"width": 1, "dash": "dot", "color": COLOURS["other"]}},
    }
    layout = _layout("", height=60 + 30 * len(lines))
    layout |= {"hovermode": "closest", "dragmode": False, "showlegend": False}
    layout["yaxis"] = {"autorange": "reversed", "automargin": True, "fixedrange": True}
    layout["xaxis"] = {
        "type": "linear",
        "tickformat": "~s",
        "title": {"text": currency.upper()},
        "fixedrange": True,
        "nticks": 5,
    }
    return {"data": [trace], "layout": layout}


def _trace(ticks: list[str], opacity: list[float], currency: str, one: Series) -> Figure:
    amounts = [Money(minor, currency) for minor in one.minors]
    trace: Figure = {
        "name": one.name,
        "x": ticks,
        "y": [plain(amount) for amount in amounts],
        "customdata": [show(amount) for amount in amounts],
        "hovertemplate": "%{customdata}",
    }
    colour = COLOURS[one.meaning]
    if one.line:
        mode = "lines" if len(ticks) > 1 else "markers"
        line = {"color": colour, "width": 2.5}
        return trace | {"type": "scatter", "mode": mode, "line": line, "marker": {"color": colour}}
    marker = {"color": colour, "opacity": opacity, "line": {"width": 0}}
    return trace | {"type": "bar", "marker": marker}


def _span(starts: Sequence[date]) -> list[str]:
    """The axis ends half a bar beyond the first and the last period."""
    if not starts:
        return []
    step = (starts[1] - starts[0]).days if len(starts) > 1 else 1
    # A line's points sit at the middle of bars; dates without a time stand for midnight.
    half = timedelta(hours=12 * step)
    ends = (
        datetime.combine(starts[0], datetime.min.time()) - half,
        datetime.combine(starts[-1], datetime.min.time()) + half,
    )
    return [end.isoformat(sep=" ") for end in ends]


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
