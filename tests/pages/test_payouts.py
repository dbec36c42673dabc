"""Payouts on the screen: the list, and one payout with what it is made of."""

from datetime import timedelta

import pytest
from sqlalchemy import insert

from core import clock
from core.db.engine import writing
from core.db.tables import (
    balance_transactions,
    bank_accounts,
    bank_lines,
    bank_matches,
    bank_statements,
    events,
    payouts,
)
from tests.support import factories, stream_rows
from tests.support.checkout_screens import badges
from tests.support.fixtures_access import person
from tests.support.kit_parts import click, parts, tables

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
    table = tables(finance("payouts"))[0].value
    rows = {row["payout"]: row for _, row in table.iterrows()}
    assert rows.keys() == {"po_paid", "po_way", "po_failed", "po_yen"}
    assert (rows["po_paid"]["amount"], rows["po_paid"]["payments"]) == ("$19.40", "2")
    assert rows["po_yen"]["amount"] == "¥700"
    assert rows["po_failed"]["failure"] == "Account closed"
    assert rows["po_yen"]["kind"] == "Manual"


def test_the_list_says_what_all_of_it_comes_to_in_each_currency(finance):
    (head,) = [one.value for one in finance("payouts").caption if one.value.startswith("In all")]
    assert head.startswith("In all: 4 · \\$43.80 USD (3) · ¥700 JPY (1) · 4 shown")
    (head,) = [
        one.value
        for one in finance("payouts", view="on_the_way").caption
        if one.value.startswith("In all")
    ]
    assert head.startswith("In all: 1 · \\$5.00 USD · 1 shown")


def test_figures_are_of_what_is_on_its_way(finance):
    (cards,) = parts(finance("payouts"), "cards")
    moving = next(c for c in cards.data["cards"] if c["label"] == "On the way, USD: 1 payout")
    assert moving["value"] == "$5.00"
    assert moving["href"] == "/payouts?view=on_the_way&currency=usd"


def test_a_click_on_the_time_turns_the_list_round_and_its_file(finance):
    test = finance("payouts")
    newest = list(tables(test)[0].value["payout"])
    test = click(test, tables(test)[0], "sort", "created")
    assert test.query_params["sort"] == "created"
    assert list(tables(test)[0].value["payout"]) == newest[::-1]
    files = [one.proto.url for one in test.get("link_button") if "/ui/export/" in one.proto.url]
    assert files
    assert all("sort=created" in one for one in files)
    assert [one["name"] for one in tables(test)[0].part.data["columns"] if one.get("sorts")] == (
        ["created"]
    )


def test_filters_stand_in_the_address(finance):
    table = tables(finance("payouts", view="failed"))[0].value
    assert list(table["payout"]) == ["po_failed"]
    assert "No payout here" in badges(finance("payouts", view="failed", currency="jpy"))


def test_a_payout_is_made_of_its_rows(finance, paid_out):
    test = finance("payout", id="po_paid")
    assert plain(test.title) == "$19.40 USD"
    made_of, rows = (frame.value for frame in tables(test))
    assert list(made_of["net"]) == ["$19.40", "$19.40"]
    assert (made_of["gross"].iloc[0], made_of["fee"].iloc[0]) == ("$20.00", "-$0.60")
    assert set(rows["payment"]) == set(paid_out)
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
    assert test.title[0].value == "No access"


def bank_line(console, payout_id, minor, how="trace_id", reason=""):
    """A line of a statement that is matched with a payout; its number."""
    day = NOW.date()
    with writing(console.engine) as conn:

        def put(table, **row):
            return conn.execute(insert(table).values(**row)).inserted_primary_key[0]

        account = put(
            bank_accounts,
            livemode=False,
            account="US64",
            currency="usd",
            name="Operating",
            payer_names="",
            created_by="test",
            created_at=NOW,
        )
        line = put(
            bank_lines,
            account_id=account,
            statement_id=1,
            position=0,
            fingerprint=payout_id,
            content=payout_id,
            booked_on=day,
            amount_minor=minor,
            currency="usd",
            name="STRIPE",
            text="STRIPE TRANSFER FT26",
            reference_lines="",
        )
        put(
            bank_matches,
            decision=payout_id,
            line_id=line,
            payout_id=payout_id,
            amount_minor=minor,
            how=how,
            matched_by="worker",
            reason=reason,
            matched_at=NOW + timedelta(hours=2),
        )
    return line


def event(console, type_, payout_id, at):
    with writing(console.engine) as conn:
        conn.execute(
            events.insert().values(
                stripe_id=f"evt_{type_}_{payout_id}",
                type=type_,
                livemode=False,
                object_id=payout_id,
                source="webhook",
                body=b"{}",
                created_at=at,
                received_at=at,
                state="applied",
                attempts=1,
                next_attempt_at=at,
                applied_at=at,
                duration_us=1,
            )
        )


def test_a_payout_shows_its_bank_line_and_that_nothing_is_in_transit(console, finance):
    line = bank_line(console, "po_paid", 1940)
    test = finance("payout", id="po_paid")
    assert "Matched" in badges(test)
    said = plain(test.text)
    assert "$0.00 USD" in said
    assert "STRIPE TRANSFER FT26" in said
    assert "by its trace id" in said
    links = [link.proto.label.replace("\\", "") for link in test.get("page_link")]
    assert f"Bank line #{line}" in links


def test_what_no_line_shows_is_in_transit(console, finance):
    test = finance("payout", id="po_way")
    assert "Under way" in badges(test)
    assert "$5.00 USD" in plain(test.text)
    # A part of it is there: the rest is on its way.
    bank_line(console, "po_way", 300)
    assert "$2.00 USD" in plain(finance("payout", id="po_way").text)
    # What failed never comes.
    failed = finance("payout", id="po_failed")
    assert "Never arrives" in badges(failed)
    assert "$0.00 USD" in plain(failed.text)


def test_a_payout_that_is_past_due_without_a_line_is_late_once_statements_reach_it(
    console, finance
):
    with writing(console.engine) as conn:
        conn.execute(payouts.update().values(arrival_at=NOW - timedelta(days=30)))
    assert "No statement yet" in badges(finance("payout", id="po_paid"))
    bank_line(console, "po_other", 1)
    with writing(console.engine) as conn:
        conn.execute(
            insert(bank_statements).values(
                account_id=1,
                sha256="a",
                file_sha256="a",
                file_name="a",
                format="camt.053",
                number="1",
                opened_on=NOW.date(),
                closed_on=NOW.date(),
                line_count=1,
                new_count=1,
                imported_by="test",
                imported_at=NOW,
            )
        )
    assert "Late at the bank" in badges(finance("payout", id="po_paid"))


def test_what_happened_to_a_payout_stands_in_order_with_the_reason(console, finance):
    event(console, "payout.created", "po_failed", NOW)
    event(console, "payout.failed", "po_failed", NOW + timedelta(hours=3))
    said = plain(finance("payout", id="po_failed").markdown)
    assert said.index("Made at Stripe") < said.index("Failed: Account closed")
    bank_line(console, "po_paid", 1940)
    event(console, "payout.paid", "po_paid", NOW + timedelta(hours=1))
    said = plain(finance("payout", id="po_paid").markdown)
    assert said.index("Paid, as Stripe says") < said.index("Matched with the bank")
    assert "Booked by the bank, $19.40 USD" in said
    assert "Expected at the bank" in said
