"""Revenue: a currency and a period from the URL, figures that come from the ledger."""

import re
from datetime import timedelta

import pytest

from core import clock
from core.db.engine import writing
from dashboard import columns, i18n
from tests import factories
from tests.fixtures_access import person

pytestmark = pytest.mark.usefixtures("within_a_day")


@pytest.fixture
def revenue(console, nothing_cached, screen_as):
    """The screen as finance sees it, over sixty days of one payment a day, and one in yen."""
    now = clock.now()
    with writing(console.engine) as conn:
        for days in range(60):
            at = now - timedelta(days=days, seconds=1)
            factories.paid(conn, created_at=at, amount_minor=10000 if days < 30 else 5000)
        factories.paid(conn, created_at=now, amount_minor=5000, currency="jpy")
    user = person(console, "finance")

    def run(**query):
        test = screen_as(user, "revenue", **query)
        assert not test.exception
        return test

    return run


def figures(test):
    return {metric.label: metric.value for metric in test.metric}


def test_thirty_days_by_day_come_first(revenue):
    test = revenue()
    assert figures(test) == {
        "Gross": "$3,000",
        "Fees": "-$90.00",
        "Refunds": "$0.00",
        "Disputes": "$0.00",
        "Net": "$2,910",
        "Effective fee": "3.00%",
    }
    assert len(test.dataframe[0].value) == 30


def test_figures_say_at_what_time_they_were_so(revenue):
    assert any(re.search(r" · \w+ \d+, \d\d:\d\d:\d\d UTC$", c.value) for c in revenue().caption)


def test_each_figure_is_compared_with_the_period_before(revenue):
    changes = {metric.label: metric.delta for metric in revenue().metric}
    assert changes["Gross"] == "+100.0%"
    assert changes["Net"] == "+100.0%"
    assert changes["Effective fee"] == "0"


def test_period_and_step_come_from_the_url_and_go_there(revenue):
    test = revenue(period="7d", by="week")
    assert figures(test)["Gross"] == "$700.00"
    assert len(test.dataframe[0].value) in (1, 2)
    test.get_by_key("choice_period").set_value("90d").run()
    assert test.query_params["period"] == "90d"
    assert figures(test)["Gross"] == "$4,500"
    test.get_by_key("choice_by").set_value("month").run()
    assert test.query_params["by"] == "month"


def test_nonsense_in_the_url_falls_back(revenue):
    assert figures(revenue(period="999y", by="hour"))["Gross"] == "$3,000"


def test_a_currency_is_a_tab_in_the_url(revenue):
    test = revenue(currency="JPY")
    assert figures(test)["Gross"] == "¥5,000"
    assert "Yen" not in str(test.tabs)


def test_tables_show_method_and_country_with_their_share(revenue):
    tables = [frame.value for frame in revenue().dataframe]
    method = next(t for t in tables if "share" in t and t["key"].iloc[0] == "Card")
    country = next(t for t in tables if "share" in t and t["key"].iloc[0] == "United States")
    assert method["share"].iloc[0] == country["share"].iloc[0] == 100
    assert method["gross"].iloc[0] == "$3,000.00"


def test_files_are_asked_for_with_the_same_figures(revenue):
    links = [link.url for link in revenue(period="7d").link_button]
    addresses = [url for url in links if url.startswith("/ui/export/revenue.csv")]
    assert [a.split("by=")[1].split("&")[0] for a in addresses] == ["day", "method", "country"]
    assert all("currency=usd" in a and "mode=test" in a for a in addresses)


def test_without_a_ledger_it_says_where_revenue_comes_from(console, nothing_cached, screen_as):
    test = screen_as(person(console, "finance"), "revenue")
    assert not test.exception
    assert not test.metric
    assert any("ledger" in caption.value for caption in test.caption)


def test_countries_have_chinese_names_in_chinese(console, revenue):
    test = revenue()
    test.selectbox(key="language").set_value("zh-CN").run()
    assert any("美国" in set(frame.value["key"]) for frame in test.dataframe)


@pytest.mark.parametrize(
    ("code", "english", "chinese"),
    [("US", "United States", "美国"), ("HK", "Hong Kong", "中国香港"), ("ZZ9", "ZZ9", "ZZ9")],
)
def test_a_country_has_a_name_that_fits_its_column(code, english, chinese):
    assert columns.country(code) == english
    with i18n.speaking("zh-CN"):
        assert columns.country(code) == chinese


def test_finance_gets_the_refunds_as_a_file_and_no_screen_of_them(revenue, console, screen_as):
    assert "/ui/export/refunds.csv?mode=test" in [link.url for link in revenue().link_button]
    test = screen_as(person(console, "finance"), "refunds")
    assert [title.value for title in test.title] == ["Overview"]
