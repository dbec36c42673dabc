"""Close: what keeps a month open, a second person, the proof, and opening it again."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, update

from core import clock
from core.db.engine import writing
from core.db.tables import balance_transactions, breaks, period_sums
from core.ledger.ingest import write_sums
from core.proof import periods
from core.states import BreakState
from tests.support.fixtures_access import audited, person
from tests.support.kit_parts import parts, tables

LAST = clock.now().date().replace(day=1) - timedelta(days=1)
MONTH = f"{LAST:%Y-%m}"


@pytest.fixture
def two(console):
    """Two people of finance."""
    return [person(console, "finance", email=f"{name}@shop.example") for name in ("ada", "grace")]


@pytest.fixture
def ready(console, monkeypatch):
    """A month with a row, which nothing keeps open."""
    at = clock.now().replace(day=1) - timedelta(days=5)
    row = {
        "stripe_id": "txn_one",
        "livemode": False,
        "type": "stripe_fee",
        "reporting_category": "fee",
        "amount_minor": -250,
        "fee_minor": 0,
        "net_minor": -250,
        "currency": "usd",
        "status": "available",
        "method": "",
        "card_country": "",
        "business_day": at.date(),
        "created_at": at,
        "available_on": at,
    }
    with writing(console.engine) as connection:
        connection.execute(insert(balance_transactions).values(row))
        write_sums(connection, [row], slot=0)
    monkeypatch.setattr(periods, "blockers", lambda *_args, **_named: [])


def words(test):
    kinds = (test.success, test.error, test.caption, test.markdown)
    return " ".join(element.value for kind in kinds for element in kind).replace("\\", "")


def button(test, label):
    return next(one for one in test.button if one.label == label)


def labels(test):
    return [one.label for one in test.button]


def test_what_keeps_a_month_open_stands_there_and_nobody_can_ask(two, screen_as):
    test = screen_as(two[0], "close", month=MONTH)
    assert not test.exception
    assert ":red[:material/cancel:] All of it was reconciled since it ended" in words(test)
    assert button(test, "Ask to close").disabled


def test_the_first_person_asks_and_another_one_closes(console, two, ready, screen_as):
    test = screen_as(two[0], "close", month=MONTH)
    button(test, "Ask to close").click().run()
    assert not test.exception
    assert "Another person than you confirms it." in words(test)
    assert "Close the month" not in labels(test)

    other = screen_as(two[1], "close", month=MONTH)
    button(other, "Close the month").click().run()
    assert not other.exception
    assert "The month is closed." in words(other)
    assert len(audited(console, "period.close")) == 1

    button(other, "Prove it now").click().run()
    assert "It is what it was closed as." in words(other)
    with writing(console.engine) as connection:
        connection.execute(update(period_sums).values(net_minor=-249))
    button(other, "Prove it now").click().run()
    assert "the kept sums are not those of the certificate" in words(other)


def test_both_persons_see_what_is_not_due_yet(console, two, ready, screen_as):
    with writing(console.engine) as connection:
        connection.execute(
            insert(breaks).values(
                livemode=False,
                identity="object",
                kind="missing_here",
                object_id="ch_early",
                currency="usd",
                day=LAST,
                theirs_minor=4200,
                cause="no_row",
                due_at=clock.now() + timedelta(hours=5),
                state=BreakState.EXPECTED,
                first_run=1,
                last_run=1,
                found_at=clock.now(),
            )
        )
    told = ("1 difference is not due yet", "ch_early: – here, $42.00 there, due ")
    test = screen_as(two[0], "close", month=MONTH)
    assert all(one in words(test) for one in told)
    button(test, "Ask to close").click().run()
    other = screen_as(two[1], "close", month=MONTH)
    assert all(one in words(other) for one in told)
    button(other, "Close the month").click().run()
    assert "The month is closed." in words(other)


def test_in_chinese_too(console, two, ready, screen_as):
    with writing(console.engine) as connection:
        span = periods.span_of(MONTH, False, ZoneInfo("UTC"))
        periods.ask(connection, span, asked_by="command line", now=clock.now())
    test = screen_as(two[0], "close", month=MONTH)
    test.selectbox(key="language").set_value("zh-CN").run()
    assert not test.exception
    assert "确认结账" in labels(test)
    assert test.selectbox(key="choice_month").options[0].endswith("：未结账")


def close(console, livemode=False):
    """Both persons, without the screen."""
    with writing(console.engine) as connection:
        span = periods.span_of(MONTH, livemode, ZoneInfo("UTC"))
        periods.ask(connection, span, asked_by="command line", now=clock.now())
        periods.confirm(connection, MONTH, livemode, closed_by="command line", now=clock.now())


def late_row(console):
    """A fee of the closed month that came when it was closed."""
    at = clock.now().replace(day=1) - timedelta(days=4)
    with writing(console.engine) as connection:
        connection.execute(
            insert(balance_transactions).values(
                stripe_id="txn_late",
                livemode=False,
                type="stripe_fee",
                reporting_category="fee",
                amount_minor=-99,
                fee_minor=0,
                net_minor=-99,
                currency="usd",
                status="available",
                business_day=at.date(),
                booked_day=LAST + timedelta(days=1),
                created_at=at,
                available_on=at,
            )
        )


def test_a_closed_month_stands_as_closed_and_as_known_now(console, two, ready, screen_as):
    close(console)
    test = screen_as(two[0], "close", month=MONTH)
    assert not test.exception
    (whole,) = tables(test)[0].value.to_dict("records")
    assert (whole["closed"], whole["now"], whole["difference"]) == ("-$2.50", "-$2.50", "$0.00")
    assert "No row came late." in words(test)

    late_row(console)
    test = screen_as(two[0], "close", month=MONTH)
    whole, fee = tables(test)[0].value.to_dict("records")
    assert (whole["closed"], whole["now"], whole["difference"]) == ("-$2.50", "-$3.49", "-$0.99")
    assert fee["late"] == "1"
    (row,) = tables(test)[1].value.to_dict("records")
    assert (row["row"], row["difference"]) == ("txn_late", "-$0.99")

    rows = screen_as(two[0], "ledger", late=MONTH)
    assert not rows.exception
    (head,) = parts(rows, "cards")
    assert head.data["cards"][0]["value"] == "1"
    assert list(tables(rows)[0].value["net"]) == ["-$0.99"]


def test_late_rows_of_a_month_that_is_open_are_told_not_to_be(two, screen_as):
    test = screen_as(two[0], "ledger", late=MONTH)
    assert not test.exception
    assert "Only a closed month has late rows." in words(test)
