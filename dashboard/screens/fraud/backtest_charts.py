"""The pictures of a backtest: what became of good and bad payments, and what else could be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard import i18n
from dashboard.i18n import _, pgettext
from dashboard.ui.charts import COLOURS, Figure

#: Caught fraud, good ones refused, missed fraud, good ones passed.
_MEANINGS = ("net", "failed", "dispute", "other")


def matrix(said: Mapping[str, Any]) -> Figure:
    """The confusion matrix as a heat map with its numbers: a colour for each outcome."""
    counts = [
        [said["missed_fraud"], said["passed_good"]],
        [said["caught"], said["refused_good"]],
    ]
    scale = []
    for place, meaning in enumerate(_MEANINGS):
        scale += [[place / 4, COLOURS[meaning]], [(place + 1) / 4, COLOURS[meaning]]]
    return {
        "data": [
            {
                "type": "heatmap",
                "x": [_("Fraud"), _("Good")],
                "y": [pgettext("payment", "Passed"), _("Refused")],
                "z": [[2, 3], [0, 1]],
                "zmin": -0.5,
                "zmax": 3.5,
                "text": [[i18n.number(one) for one in row] for row in counts],
                "texttemplate": "%{text}",
                "textfont": {"color": "#FFFFFF", "size": 20},
                "hovertemplate": "%{y} · %{x}: %{text}<extra></extra>",
                "colorscale": scale,
                "showscale": False,
                "xgap": 3,
                "ygap": 3,
            }
        ],
        "layout": {
            "height": 250,
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "xaxis": {"side": "top", "showgrid": False, "fixedrange": True},
            "yaxis": {"showgrid": False, "automargin": True, "fixedrange": True},
        },
    }


def curve(points: Sequence[Mapping[str, Any]], refuse_at: int) -> Figure:
    """Precision, recall and false positives by the points from which a payment is refused."""
    lines = (
        ("precision", _("Precision"), "succeeded"),
        ("recall", _("Recall"), "net"),
        ("false_positive_rate", _("False positives"), "failed"),
    )
    at = [point["refuse_at"] for point in points]
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": name,
                "x": at,
                "y": [None if p[key] is None else p[key] / 100 for p in points],
                "line": {"color": COLOURS[meaning], "width": 2, "shape": "hv"},
                "marker": {"color": COLOURS[meaning], "size": 5},
                "hovertemplate": "%{y:.2f} %",
            }
            for key, name, meaning in lines
        ],
        "layout": {
            "height": 300,
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "hovermode": "x unified",
            "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
            "xaxis": {"title": {"text": _("refused from so many points")}, "automargin": True},
            "yaxis": {"title": {"text": "%"}, "range": [0, 104], "automargin": True},
            "shapes": [
                {
                    "type": "line",
                    "x0": refuse_at,
                    "x1": refuse_at,
                    "yref": "paper",
                    "y0": 0,
                    "y1": 1,
                    "line": {"color": COLOURS["other"], "width": 1.5, "dash": "dot"},
                }
            ],
        },
    }
