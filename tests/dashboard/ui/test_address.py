"""What a run wrote into the address outlives a click that the browser sent before it knew of it."""

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.ui import address

PERIODS = {"30d": "30 days", "7d": "7 days", "all": "All"}


@pytest.fixture(autouse=True)
def long_moment(monkeypatch):
    """A machine that is busy takes its time between two clicks."""
    monkeypatch.setattr(address, "REMEMBERED", 600.0)


def script(periods):
    import streamlit as st

    from dashboard.ui import address, widgets

    address.catch_up()
    st.text_input("Search", key="q", bind="query-params", on_change=widgets.first_page)
    period = widgets.url_choice("Period", "period", periods, default="30d")
    step = widgets.url_choice("Step", "by", {"day": "Day", "week": "Week"}, default="day")
    st.button("Search for USD", on_click=address.put_bound, args=("q", "currency:usd"))
    st.button("Open an address", on_click=address.replace, args=({"by": "week"},))
    st.button("Reload", on_click=address.forget)
    st.text(f"{period} by {step}, {address.get('after') or 'first'} page")


def begin(**query):
    test = AppTest.from_function(script, args=(PERIODS,), default_timeout=30)
    test.query_params.update(query)
    return settled(test.run())


def settled(test):
    assert not test.exception
    return test


def choose(test, control, code):
    """Click a segment; the address that is sent along is what `test` holds."""
    chosen = next(one for one in test.segmented_control if one.key == f"choice_{control}")
    return settled(chosen.set_value(code).run())


def press(test, label):
    button = next(one for one in test.button if one.label == label)
    return settled(button.click().run())


def send_from(test, **query):
    """The next click comes from a browser whose address is this one."""
    test.query_params.clear()
    test.query_params.update(query)


def seen(test):
    (text,) = test.text
    return text.value


def test_a_second_click_keeps_the_choice_of_the_first():
    test = choose(begin(), "period", "7d")
    send_from(test)
    choose(test, "by", "week")
    assert seen(test) == "7d by week, first page"
    assert dict(test.query_params) == {"period": "7d", "by": "week"}


def test_a_third_click_from_the_second_address_keeps_both():
    test = choose(begin(period="all"), "period", "7d")
    send_from(test, period="all")
    choose(test, "period", "30d")
    for known in ({"period": "all"}, {"period": "7d"}):
        send_from(test, **known)
        settled(test.run())
        assert seen(test) == "30d by day, first page"


def test_a_cursor_that_was_dropped_does_not_come_back():
    test = choose(begin(after="cursor"), "period", "7d")
    send_from(test, after="cursor")
    choose(test, "by", "week")
    assert seen(test) == "7d by week, first page"
    assert "after" not in test.query_params


def test_a_search_line_that_was_written_outlives_the_line_of_before():
    test = press(begin(), "Search for USD")
    send_from(test)
    (line,) = test.text_input
    line.set_value("")
    choose(test, "by", "week")
    assert test.text_input[0].value == "currency:usd"
    assert seen(test) == "30d by week, first page"


def test_another_line_is_a_new_choice():
    test = press(begin(), "Search for USD")
    for typed in ("currency:eur", ""):
        test.text_input[0].set_value(typed)
        settled(test.run())
        assert test.text_input[0].value == typed


def test_a_whole_address_is_written_again_as_a_whole():
    test = press(begin(period="7d"), "Open an address")
    assert seen(test) == "30d by week, first page"
    send_from(test, period="7d")
    assert seen(settled(test.run())) == "30d by week, first page"


def test_an_address_that_somebody_opens_is_no_stale_one():
    test = choose(begin(), "period", "7d")
    press(test, "Reload")
    send_from(test)
    assert seen(settled(test.run())) == "30d by day, first page"


def test_after_a_moment_an_address_is_believed(monkeypatch):
    monkeypatch.setattr(address, "REMEMBERED", 0.0)
    test = choose(begin(), "period", "7d")
    send_from(test)
    assert seen(settled(test.run())) == "30d by day, first page"
