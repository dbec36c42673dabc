"""Charts: exact amounts as text, units, and no colour of their own for grid or ink."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from dashboard.ui import charts

DAYS = [date(2026, 11, day) for day in (1, 2, 3)]
SERIES = [
    charts.Series("gross", "Gross", [10580, 0, 999_999_999_999]),
    charts.Series("fee", "Fees", [-310, 0, -1]),
    charts.Series("net", "Net", [10270, 0, 999_999_999_998], line=True),
]


def bars(days, cut=()):
    return [charts.Bar(day.isoformat(), str(day.day), "cut" if day in cut else "") for day in days]


def test_amounts_reach_the_chart_without_a_float():
    figure = charts.money(bars(DAYS), "kwd", SERIES)
    gross = figure["data"][0]
    assert gross["y"] == ["10.580", "0.000", "999999999.999"]
    assert "999,999,999.999" in gross["text"][2]
    assert not any(isinstance(value, float) for trace in figure["data"] for value in trace["y"])


def test_the_axis_names_its_unit():
    layout = charts.money(bars(DAYS), "jpy", SERIES[:1])["layout"]
    assert layout["yaxis"]["title"] == {"text": "JPY"}


def test_a_cut_period_is_hatched_and_its_legend_is_not():
    whole, hatched = charts.money(bars(DAYS, DAYS[-1:]), "usd", SERIES[:1])["data"]
    assert (whole["x"], hatched["x"]) == (["2026-11-01", "2026-11-02"], ["2026-11-03"])
    assert "pattern" not in whole["marker"]
    assert hatched["marker"]["pattern"]["shape"] == "/"
    assert hatched["showlegend"] is False
    layout = charts.money(bars(DAYS, DAYS[-1:]), "usd", SERIES)["layout"]
    assert layout["xaxis"]["ticktext"][-1] == "3<br>cut"


def test_net_is_a_line_over_the_bars():
    kinds = [trace["type"] for trace in charts.money(bars(DAYS), "usd", SERIES)["data"]]
    assert kinds == ["bar", "bar", "scatter"]


def test_one_bar_is_a_bar_and_none_is_nothing():
    layout = charts.money(bars(DAYS[:1]), "usd", SERIES[:1])["layout"]
    assert layout["xaxis"]["type"] == "category"
    low, high = layout["xaxis"]["range"]
    assert high - low == 6
    assert charts.money([], "usd", [])["data"] == []


def test_a_bar_tells_its_figure_and_its_period():
    (trace,) = charts.money(bars(DAYS), "usd", SERIES[:1])["data"]
    assert trace["customdata"][1] == "gross 2026-11-02"
    assert charts.money(bars(DAYS), "usd", SERIES)["layout"]["hovermode"] == "closest"


def test_a_year_of_days_has_few_labels_and_each_under_a_bar():
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    figure = charts.money(bars(days), "usd", [charts.Series("gross", "G", [1] * 365)])
    labels = figure["layout"]["xaxis"]["tickvals"]
    assert len(labels) <= 6
    assert set(labels) <= {day.isoformat() for day in days}


def test_hours_stand_at_the_local_clock():
    hours = [datetime(2026, 11, 1, 20, tzinfo=UTC)]
    figure = charts.counts(hours, ZoneInfo("Asia/Shanghai"), [("failed", "Failed", [3])])
    assert figure["data"][0]["x"] == ["2026-11-02 04:00"]


def test_the_running_hour_is_paler():
    hours = [datetime(2026, 11, 1, hour, tzinfo=UTC) for hour in (20, 21)]
    bars = charts.counts(hours, ZoneInfo("UTC"), [("failed", "Failed", [3, 1])])["data"][0]
    assert bars["marker"]["opacity"] == [1, 0.45]


def test_only_colours_that_mean_something_are_set():
    for figure in (
        charts.money(bars(DAYS), "usd", SERIES),
        charts.counts([], ZoneInfo("UTC"), [("failed", "Failed", [])]),
    ):
        layout = str(figure["layout"])
        assert "color" not in layout
        assert "font" not in layout
        assert {trace["marker"]["color"] for trace in figure["data"]} <= set(
            charts.COLOURS.values()
        )
