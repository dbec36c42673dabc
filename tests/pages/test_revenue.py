"""Revenue: a currency and a period from the URL, figures that come from the ledger."""

import re
from datetime import timedelta

import pytest

from core import clock
from core.db.engine import writing
from dashboard import i18n
from dashboard.ui import columns
from tests.support import factories, stream_rows
from tests.support.fixtures_access import person
from tests.support.kit_parts import click, parts, tables

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
    stream_rows.write(console.engine)
    user = person(console, "finance")

    def run(**query):
        test = screen_as(user, "revenue", **query)
        assert not test.exception
        return test

    return run


def cards(test):
    return [card for part in parts(test, "cards") for card in part.data["cards"]]


def figures(test):
    return {card["label"]: card["value"] for card in cards(test)}


def test_thirty_days_by_day_come_first(revenue):
    test = revenue()
    assert figures(test) == {
        "Gross": "$3,000.00",
        "Fees": "-$90.00",
        "Refunds": "$0.00",
        "Disputes": "$0.00",
        "Net": "$2,910.00",
        "Effective fee": "3.00%",
    }
    assert len(tables(test)[0].value) == 31


def test_figures_say_at_what_time_they_were_so(revenue):
    said = r" · as of \w+ \d+, \d\d:\d\d:\d\d UTC$"
    assert any(re.search(said, c.value) for c in revenue().caption)


def test_each_figure_is_compared_with_the_period_before(revenue):
    changes = {card["label"]: card.get("change") for card in cards(revenue())}
    assert changes["Gross"] == "+100.0%"
    assert changes["Net"] == "+100.0%"
    assert changes["Effective fee"] == "0%"


def test_period_and_step_come_from_the_url_and_go_there(revenue):
    test = revenue(period="7d", by="week")
    assert figures(test)["Gross"] == "$700.00"
    assert len(tables(test)[0].value) in (2, 3)
    test.get_by_key("choice_period").set_value("30d").run()
    assert "period" not in test.query_params
    assert figures(test)["Gross"] == "$3,000.00"
    test.get_by_key("choice_by").set_value("month").run()
    assert test.query_params["by"] == "month"


def test_nonsense_in_the_url_falls_back(revenue):
    assert figures(revenue(period="999y", by="hour"))["Gross"] == "$3,000.00"


def test_a_currency_is_a_tab_in_the_url(revenue):
    test = revenue(currency="JPY")
    assert figures(test)["Gross"] == "¥5,000"
    assert "Yen" not in str(test.tabs)


def test_tables_show_method_and_country_with_their_share(revenue):
    found = [frame.value for frame in tables(revenue())]
    method = next(t for t in found if "share" in t and t["key"].iloc[0] == "Card")
    country = next(t for t in found if "share" in t and t["key"].iloc[0] == "United States")
    assert method["share"].iloc[0] == country["share"].iloc[0] == "100.0%"
    assert method["gross"].iloc[0] == "$3,000.00"


@pytest.fixture
def moved(revenue, console):
    """The same screen, after a day on which more happened than sales."""
    with writing(console.engine) as conn:
        sale = factories.paid(conn, created_at=clock.now(), amount_minor=10000)
        for category, amount in (
            ("charge_failure", -1000),
            ("network_cost", -150),
            ("tax", -60),
            ("platform_earning", 500),
            ("payout", -8000),
            ("payout_reversal", 3000),
            ("financing_payout", 500000),
            ("obligation", -3000),
        ):
            given = {"reporting_category": category, "amount_minor": amount, "fee_minor": 0}
            row = factories.ledger_row(sale, created_at=clock.now(), **given)
            factories.add_ledger(conn, [row])
    return revenue


def bridge(test):
    """The table of other movements: amount by what is named."""
    table = next(frame.value for frame in tables(test) if "movement" in frame.value)
    return dict(zip(table["movement"], table["amount"], strict=True))


def test_net_is_revenue_alone_and_other_movements_stand_apart(moved):
    test = moved()
    assert figures(test) == {
        "Gross": "$3,090.00",
        "Refunds": "$0.00",
        "Disputes": "$0.00",
        "Platform earnings": "$5.00",
        "Fees": "-$93.00",
        "Network costs": "-$1.50",
        "Tax on fees": "-$0.60",
        "Net": "$2,999.90",
        "Effective fee": "3.08%",
    }
    assert bridge(test) == {
        "Net": "$2,999.90",
        "Payout": "-$80.00",
        "Payout reversal": "$30.00",
        "Financing payout": "$5,000.00",
        "obligation": "-$30.00",
        "Change of the balance": "$7,919.90",
    }


def test_fees_and_costs_are_told_apart_and_add_up(moved, console):
    with writing(console.engine) as conn:
        sale = factories.payment_row(created_at=clock.now())
        row = factories.ledger_row(sale, created_at=clock.now(), fee_minor=310)
        factories.add_ledger(conn, [row])
        factories.add_fees(conn, row, {"stripe_fee": 250, "tax": 40, "withheld_tax": 20})
    table = next(frame.value for frame in tables(moved()) if "of_gross" in frame.value)
    assert dict(zip(table["part"], table["amount"], strict=True)) == {
        "Not itemized": "-$93.00",
        "Stripe fee": "-$2.50",
        "Tax within fees": "-$0.40",
        "Withheld tax": "-$0.20",
        "Network costs": "-$1.50",
        "Tax on fees": "-$0.60",
        "All together": "-$98.20",
    }
    assert table["of_gross"].iloc[-1] == "3.17%"


def test_very_large_amounts_keep_their_digits_on_the_screen(revenue, console):
    with writing(console.engine) as conn:
        sale = factories.payment_row(created_at=clock.now())
        for category, amount in (("charge", 2**53 + 1), ("payout", -(2**53) - 1)):
            given = {"currency": "idr", "reporting_category": category, "amount_minor": amount}
            row = factories.ledger_row(sale, created_at=clock.now(), fee_minor=0, **given)
            factories.add_ledger(conn, [row])
    test = revenue(currency="IDR")
    assert figures(test)["Gross"] == "90.07T"
    assert tables(test)[0].value["gross"].iloc[0] == "90,071,992,547,409.93"
    assert bridge(test)["Payout"] == "-90,071,992,547,409.93"
    spec = str(test.get("plotly_chart")[0].proto)
    assert "90071992547409.93" in spec


def test_a_category_that_nobody_mapped_is_named_and_asks_to_be(moved):
    said = [warning.value for warning in moved().warning]
    assert len(said) == 1
    assert "obligation" in said[0]
    assert "until they are mapped" in said[0]


def test_what_never_happens_has_no_figure_and_no_column(revenue):
    test = revenue()
    shown = set(tables(test)[0].value.columns)
    assert shown == {"key", "gross", "refund", "dispute", "fee", "net", "rate", "count"}
    assert bridge(test) == {"Net": "$2,910.00", "Change of the balance": "$2,910.00"}
    assert not test.warning


def test_other_movements_have_chinese_names_in_chinese(moved):
    test = moved()
    test.selectbox(key="language").set_value("zh-CN").run()
    names = set(bridge(test)) - {"obligation"}
    assert {name for name in names if name.isascii()} == set()


def test_files_are_asked_for_with_the_same_figures(revenue):
    links = [link.url for link in revenue(period="7d").link_button]
    addresses = [url for url in links if url.startswith("/ui/export/revenue.csv")]
    assert [a.split("by=")[1].split("&")[0] for a in addresses] == [
        "day",
        "method",
        "country",
        "fees",
    ]
    assert all("currency=usd" in a and "mode=test" in a for a in addresses)


def test_without_a_ledger_it_says_where_revenue_comes_from(console, nothing_cached, screen_as):
    test = screen_as(person(console, "finance"), "revenue")
    assert not test.exception
    assert not cards(test)
    assert any("ledger" in caption.value for caption in test.caption)


def test_countries_have_chinese_names_in_chinese(console, revenue):
    test = revenue()
    test.selectbox(key="language").set_value("zh-CN").run()
    assert any("美国" in set(frame.value["key"]) for frame in tables(test))


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
    assert [title.value for title in test.title] == ["No access"]


def addresses(part):
    """Where a table's rows and cells lead."""
    rows = part.part.data["rows"]
    found = [row["href"] for row in rows]
    return found + [
        f"{part.part.data['leads_to']}?{cell['query']}"
        for row in rows
        for cell in row["cells"]
        if isinstance(cell, dict) and "query" in cell
    ]


def test_cards_and_cells_lead_to_rows_of_the_same_days_and_currency(revenue):
    test = revenue(period="last_month")
    found = [card["href"] for card in cards(test)]
    found += [one for shown in tables(test) for one in addresses(shown)]
    last = clock.now().date().replace(day=1) - timedelta(days=1)
    assert len(found) > 40
    assert all(one.startswith("/ledger?from=") and "in=usd" in one for one in found)
    assert f"/ledger?from={last.replace(day=1)}&until={last + timedelta(days=1)}" in found[0]
    assert "figure=gross" in found[0]


def test_a_click_on_a_figure_opens_its_rows(revenue):
    test = revenue(period="7d")
    (shown,) = parts(test, "cards")
    address = shown.data["cards"][0]["href"]
    click(test, shown, "open", address)
    assert [title.value for title in test.title] == ["Ledger rows"]
    assert test.query_params["figure"] == "gross"
    assert len(cards(test)) == len(figures(test)), "one figure twice"
    assert figures(test) == {
        "Gross": "$700.00",
        "Rows, USD": "7",
        "Fees": "-$21.00",
        "Net": "$679.00",
    }


def test_an_address_that_nothing_led_to_opens_nothing(revenue):
    test = revenue()
    click(test, parts(test, "cards")[0], "open", "/users?id=1")
    assert [title.value for title in test.title] == ["Revenue"]


def test_a_cut_month_says_how_many_of_its_days_there_are(revenue):
    last = clock.now().date().replace(day=1) - timedelta(days=1)
    test = revenue(period="custom", by="month")
    test.date_input(key="days").set_value((last, last)).run()
    (row, total) = tables(test)[0].rows
    assert row["cells"][0]["note"] == f"1 of {last.day} days"
    assert total["total"] is True
    assert f"1 of {last.day} days" in str(test.get("plotly_chart")[0].proto)


def test_figures_are_compared_with_the_year_before_where_asked(revenue):
    test = revenue(versus="year")
    assert cards(test)[0].get("change") is None
    assert any(str(clock.now().year - 1) in caption.value for caption in test.caption)
