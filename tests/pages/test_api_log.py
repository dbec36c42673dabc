"""API log: calls by one search line, figures of the last hour, a drawer with what stands behind."""

from datetime import timedelta

import pytest

from core import clock
from core.db.engine import writing
from tests.support.fixtures_access import email_of, give, person
from tests.support.fixtures_logs import call, operation
from tests.support.kit_parts import tables

KEY = "5f0f7f3e-3c43-5d4e-8d6a-0a8a2f9a1c55"


@pytest.fixture
def developer(console):
    return person(console, "developer")


@pytest.fixture
def api_log(console, nothing_cached, screen_as, developer):
    """The screen over a handful of calls: `api_log(q=…)`."""
    now = clock.now()
    with writing(console.engine) as conn:
        for n in range(8):
            call(conn, started_at=now - timedelta(seconds=20 + n))
        call(conn, status=404, path="/v1/payment_intents/pi_gone", started_at=now)
        posted = {"method": "POST", "path": "/v1/payment_intents/pi_8/confirm"}
        call(conn, **posted, status=402, idempotency_key=KEY, started_at=now)
        last = {"status": None, "error": "ReadTimeout", "request_id": None}
        call(conn, **posted, **last, idempotency_key=KEY, attempt=2, started_at=now)
        operation(conn, KEY, developer, kind="payment.confirm", state="unknown", outcome=None)

    def run(**query):
        test = screen_as(developer, "api_log", **query)
        assert not test.exception
        return test

    return run


def rows(test):
    return tables(test)[0].value


def figures(test):
    return {metric.label: metric.value for metric in test.metric}


def texts(test):
    return [text.value for text in test.text] + [code.value for code in test.code]


def test_figures_count_declines_apart_from_errors(api_log):
    assert figures(api_log()) == {
        "Calls, last hour": "11",
        "Error rate": "18.2%",
        "Declined": "1",
        "p95 duration": "120 ms",
    }


def test_the_search_in_the_url_is_the_one_shown(api_log):
    test = api_log(q="status:4xx method:post")
    assert test.text_input(key="q").value == "status:4xx method:post"
    assert list(rows(test)["path"]) == ["/v1/payment_intents/pi_8/confirm"]
    assert list(rows(test)["status"]) == [["402"]]


def test_segments_and_filters_rewrite_the_line(api_log):
    test = api_log(q="path:payment_intents")
    test.get_by_key("s_status").set_value("none").run()
    assert test.query_params["q"] == "path:payment_intents status:none"
    assert list(rows(test)["error"]) == ["ReadTimeout"]
    test.get_by_key("f_method").set_value(["get"]).run()
    assert "method:get" in test.query_params["q"]
    assert not tables(test)
    test.text_input(key="f_slow").set_value("often").run()
    assert "must be milliseconds" in test.toast[0].value.replace("\\", "")
    test.button(key="f_clear").click().run()
    assert len(rows(test)) == 11


def test_a_value_is_one_pill_however_it_is_written(api_log):
    pills = api_log(q="method:GET,get").get_by_key("f_method")
    assert pills.value == ["get"]
    assert pills.options == ["GET", "POST", "DELETE"]


def test_a_line_that_cannot_be_read_is_cleared_by_its_filters(api_log):
    test = api_log(q="amount:>5")
    assert not tables(test)
    test.button(key="f_clear").click().run()
    assert len(rows(test)) == 11


def test_an_unknown_term_is_named_with_the_known_ones(api_log):
    test = api_log(q="amount:>5")
    said = test.warning[-1].value.replace("\\", "")
    assert "amount" in said
    assert "slow" in said
    assert not tables(test)


def test_nothing_found_offers_everything(api_log):
    test = api_log(q="status:418")
    assert not tables(test)
    button = next(b for b in test.button if b.label == "Show all calls")
    button.click().run()
    assert len(rows(test)) == 11


def test_a_call_opens_with_its_tries_and_the_operation_behind_its_key(api_log, console, developer):
    seq = rows(api_log(q="status:none"))["call"][0]
    shown = texts(api_log(call=seq))
    assert KEY in shown
    assert "POST /v1/payment_intents/pi_8/confirm" in shown
    assert "payment.confirm" in shown
    assert email_of(console, developer) in shown
    assert sum("  POST /v1/payment_intents/pi_8/confirm  " in text for text in shown) == 2


@pytest.mark.parametrize("seq", ["0", "999999", "x", "9" * 40, "-1", "٣"])
def test_a_call_that_is_not_there_is_said_so(api_log, seq):
    test = api_log(call=seq)
    assert any("no such call" in markdown.value for markdown in test.markdown)


def test_foreign_text_stays_text(api_log, console):
    with writing(console.engine) as conn:
        call(conn, path="/v1/![x](https://evil.example/p.png)", error="[a](https://evil.example)")
    test = api_log()
    seq = rows(test)["call"][0]
    opened = api_log(call=seq)
    assert not any("evil.example" in markdown.value for markdown in opened.markdown)
    assert any("evil.example" in code.value for code in opened.code)


def test_the_drawer_shows_nothing_after_the_role_is_gone(api_log, console, developer):
    seq = rows(api_log())["call"][0]
    test = api_log(call=seq)
    give(console, developer, "viewer")
    test.run()
    assert not texts(test)
