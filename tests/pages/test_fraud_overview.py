"""Each figure of Fraud's overview leads to an address whose list says the same figure."""

from __future__ import annotations

from datetime import date, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from core.db.engine import writing
from core.db.tables import cases, risk_assessments
from core.reads.fraud.scored import Filters
from core.risk.cases import follow_sources
from dashboard.screens.fraud import overview as screen
from dashboard.screens.fraud import row_links
from tests.support.fixtures_access import person
from tests.support.fraud_rows import a_case, kept, scored, warned
from tests.support.kit_parts import click, parts, tables


@pytest.fixture
def risk(console):
    return person(console, "risk", email="ria@shop.example")


@pytest.fixture
def fraud(risk, screen_as):
    def run(address=""):
        test = screen_as(risk, "fraud", **{k: v[0] for k, v in parse_qs(address[1:]).items()})
        assert not test.exception
        return test

    return run


def cards(test, key):
    return next(one.data["cards"] for one in parts(test, "cards") if one.key == key)


def figures(test):
    return next(one for one in tables(test) if one.part and one.part.key == "fraud_figures")


def captions(test):
    return [one.value.replace("\\", "") for one in test.caption]


def test_each_figure_of_a_currency_opens_as_many_rows(console, fraud):
    bad = scored(console, currency="usd", amount_minor=1500)
    scored(console, currency="usd", amount_minor=700, level="medium")
    scored(console, currency="jpy", amount_minor=900)
    scored(console, currency="usd", age=timedelta(days=40))
    warned(console, bad)
    found = figures(fraud())
    row = found.rows[found.value["currency"].tolist().index("USD")]
    shown = dict(zip(found.columns, row["cells"], strict=True))
    for name, said in {
        "scored": ("2", "$22.00"),
        "medium": ("1", "$7.00"),
        "high": ("1", "$15.00"),
        "paid": ("2", "$22.00"),
        "fraud": ("1", "$15.00"),
    }.items():
        assert shown[name]["text"] == said[0]
        listed = fraud(shown[name]["href"])
        assert [(one["label"], one["value"]) for one in cards(listed, "scored_sums")] == [
            ("USD", said[1])
        ]
        assert len(tables(listed)[0].rows) == int(said[0])
    assert tables(fraud(shown["lost"]["href"])) == []


def test_each_rule_says_how_many_payments_it_held_on_and_opens_them(console, fraud):
    held = scored(console)
    scored(console, age=timedelta(days=40))
    rules = tables(fraud("?tab=rules"))[0]
    links = [
        dict(zip(rules.columns, one["cells"], strict=True))["held_scored"] for one in rules.rows
    ]
    assert [one["text"] for one in links].count("1") == 1
    link = next(one for one in links if one["text"] == "1")
    test = fraud(link["href"])
    assert list(tables(test)[0].names) == [held]
    assert "rule: Large payment" in " ".join(one.value for one in test.markdown)


def test_a_click_on_a_figure_opens_its_rows(console, fraud):
    scored(console)
    test = fraud()
    found = figures(test)
    click(test, found, "open", found.rows[0]["cells"][1]["href"])
    assert not test.exception
    assert test.query_params["tab"] in ("scored", ["scored"])
    assert len(tables(test)[0].rows) == 1


def test_money_at_risk_opens_the_cases_that_it_is_in(console, fraud):
    a_case(console, currency="usd", amount_minor=1234)
    scored(console, currency="eur", amount_minor=500)
    follow_sources(console.engine)
    shown = {one["label"]: one for one in cards(fraud(), "at_risk")}
    assert shown["At risk, USD"]["value"] == "$12.34"
    assert shown["At risk, USD"]["note"] == "in 1 open case"
    listed = fraud(shown["At risk, USD"]["href"])
    assert tables(listed)[0].value["amount"].tolist() == ["$12.34"]
    assert "In all: 1 · $12.34 USD" in captions(listed)


def test_a_bar_of_cases_opens_those_of_its_day(console, fraud):
    a_case(console, currency="usd", amount_minor=1234)
    day = kept(console, cases)[0].opened_at.date().isoformat()
    listed = fraud(screen.cases_of_bar(f"opened {day}"))
    assert "In all: 1 · $12.34 USD" in captions(listed)
    none = fraud(screen.cases_of_bar(f"decided {day}"))
    assert tables(none) == []
    none.button(key="cases_decided").click().run()
    assert "In all: 1 · $12.34 USD" in captions(none)


def test_what_no_bar_tells_opens_nothing():
    day = date(2026, 11, 30)
    for told in ("", "opened", "opened yesterday", "sold 2026-11-30"):
        assert screen.cases_of_bar(told) is None
    for told in ("", "medium", "medium x-y", "medium -", "huge 1-10"):
        assert screen.scores_of_bar(told, day, day) is None
    query = parse_qs(urlsplit(screen.scores_of_bar("high 101-", day, day)).query)
    asked = {name: values[0] for name, values in query.items()}
    assert row_links.scored_read(asked) == Filters("high", day, day, points=(101, None))


def test_what_an_address_cannot_say_is_left_out():
    asked = {"figure": "<b>", "from": "soon", "points": "many", "cur": ""}
    assert row_links.scored_read(asked) == Filters()


def test_rows_are_narrowed_and_widened(console, fraud):
    scored(console, age=timedelta(days=40))
    scored(console)
    today = row_links.scored(Filters("high", date(2026, 1, 1), date(2026, 1, 2), "usd", (50, 90)))
    test = fraud(today)
    assert tables(test) == []
    test.button(key="scored_wide").click().run()
    assert len(tables(test)[0].rows) == 2


def test_payments_without_points_are_counted_beside_the_chart(console, fraud):
    scored(console)
    with writing(console.engine) as connection:
        connection.execute(risk_assessments.update().values(score=0))
    scored(console)
    test = fraud()
    beside = test.button(key="without_points")
    assert beside.label == "1 payment without points is left out of the chart"
    beside.click().run()
    assert len(tables(test)[0].rows) == 1
