"""Payouts on the screen: the list, and one payout with what it is made of."""

from datetime import timedelta

import pytest
from sqlalchemy import insert

from core import clock
from core.db.engine import writing
from core.db.tables import balance_transactions, payouts
from tests.support import factories, stream_rows
from tests.support.checkout_screens import badges
from tests.support.fixtures_access import person

NOW = clock.now().replace(microsecond=0)


def payout(stripe_id, **given):
    return {
        "stripe_id": stripe_id,
        "status": "paid",
        "amount_minor": 1940,
        "currency": "usd",
        "arrival_at": NOW + timedelta(days=1),
        "automatic": True,
        "method": "standard",
        "failure_code": None,
        "reconciliation_status": "completed",
        "trace_id": "FT26",
        "trace_id_status": "supported",
        "livemode": False,
        "created_at": NOW,
        "confirmed": True,
        "as_of": NOW,
    } | given


@pytest.fixture
def paid_out(console, nothing_cached):
    """Two payments that went out with a payout, a payout on its way, and one that failed."""
    with writing(console.engine) as conn:
        found = [factories.paid(conn)["stripe_id"] for _ in range(2)]
        conn.execute(balance_transactions.update().values(payout_id="po_paid"))
        factories.paid(conn)
        conn.execute(
            insert(payouts),
            [
                payout("po_paid"),
                payout("po_way", status="in_transit", amount_minor=500, trace_id=None),
                payout("po_failed", status="failed", failure_code="account_closed"),
                payout("po_yen", currency="jpy", amount_minor=700, automatic=False),
            ],
        )
    stream_rows.write(console.engine)
    return found


@pytest.fixture
def finance(console, paid_out, screen_as):
    user = person(console, "finance")

    def run(page, **query):
        test = screen_as(user, page, **query)
        assert not test.exception
        return test

    return run


def plain(elements):
    return " ".join(str(one.value) for one in elements).replace("\\", "")


def test_the_list_says_amount_status_arrival_and_why_one_failed(finance):
    table = finance("payouts").dataframe[0].value
    rows = {row["payout"].split()[-1]: row for _, row in table.iterrows()}
    assert rows.keys() == {"po_paid", "po_way", "po_failed", "po_yen"}
    assert (rows["po_paid"]["amount"], rows["po_paid"]["payments"]) == ("$19.40", 2)
    assert rows["po_yen"]["amount"] == "¥700"
    assert rows["po_failed"]["failure"] == "Account closed"
    assert rows["po_yen"]["kind"] == "Manual"


def test_figures_are_of_what_is_on_its_way(finance):
    shown = {metric.label: metric.value for metric in finance("payouts").metric}
    assert shown["On the way, USD: 1 payout"] == "$5.00"


def test_filters_stand_in_the_address(finance):
    table = finance("payouts", view="failed").dataframe[0].value
    assert [cell.split()[-1] for cell in table["payout"]] == ["po_failed"]
    assert "No payout here" in badges(finance("payouts", view="failed", currency="jpy"))


def test_a_payout_is_made_of_its_rows(finance, paid_out):
    test = finance("payout", id="po_paid")
    assert plain(test.title) == "$19.40 USD"
    made_of, rows = (frame.value for frame in test.dataframe)
    assert list(made_of["net"]) == ["$19.40", "$19.40"]
    assert (made_of["gross"].iloc[0], made_of["fee"].iloc[0]) == ("$20.00", "-$0.60")
    assert {cell.split()[-1] for cell in rows["payment"]} == set(paid_out)
    assert {metric.label: metric.value for metric in test.metric}["Its rows agree"] == "$19.40"


def test_a_payout_that_failed_says_why_and_whether_its_money_is_back(finance):
    test = finance("payout", id="po_failed")
    assert "Account closed. Its money has not come back" in plain(test.warning)


def test_a_payout_that_is_not_here_is_said_to_be_so(finance):
    assert "There is no such payout here" in badges(finance("payout", id="po_none"))


def test_a_payment_names_its_payout_as_a_link_for_who_may_open_it(
    console, finance, paid_out, screen_as
):
    test = finance("payment", id=paid_out[0])
    links = [link.proto.label.replace("\\", "") for link in test.get("page_link")]
    assert "Paid out with po_paid" in links
    others = screen_as(person(console, "support"), "payment", id=paid_out[0])
    assert "Paid out with po_paid" in plain(others.caption)
    links = [link.proto.label.replace("\\", "") for link in others.get("page_link")]
    assert "Paid out with po_paid" not in links


def test_without_payouts_it_says_when_they_come(console, nothing_cached, screen_as):
    test = screen_as(person(console, "finance"), "payouts")
    assert not test.exception
    assert "No payouts yet" in badges(test)


@pytest.mark.parametrize("page", ["payouts", "payout"])
@pytest.mark.parametrize("role", ["viewer", "support_lead", "developer"])
def test_without_the_right_there_is_no_payout(console, paid_out, screen_as, page, role):
    test = screen_as(person(console, role), page, id="po_paid")
    assert test.title[0].value == "Overview"
