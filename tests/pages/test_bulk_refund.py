"""A bulk refund on the screen: put together, tried, asked, decided, followed, stopped."""

from __future__ import annotations

import pytest

from core.access import users
from core.actions.refunds import bulk_ask as bulk_refunds
from core.actions.refunds import bulk_worker
from core.db.engine import writing
from dashboard.screens.refunds import bulk_form
from tests.support.bulk_refunds import ask, states, work_off
from tests.support.fixtures_access import email_of
from tests.support.fixtures_refund_screens import texts
from tests.support.kit_parts import tables
from tests.support.refunds import at_stripe, caller, paid, requests

REASON = "requested_by_customer"


@pytest.fixture
def other(console):
    return caller(console, "support_lead")


def tried(test, **given):
    """Fill the form in and check it: by the keys of its fields."""
    for key, value in given.items():
        test.get_by_key(key).set_value(value).run()
    test.selectbox(key="bulk_reason").set_value(REASON).run()
    test.button(key="bulk_check").click().run()
    assert not test.exception
    return test


def frame(test, column):
    return next(found.value for found in tables(test) if column in found.value)


def test_a_list_is_tried_asked_for_and_sent_by_the_worker(bulk_as, action_screens, lead):
    good, part_of = paid(action_screens, 1_000), paid(action_screens, 2_000)
    held = paid(action_screens, 3_000, capture_method="manual")
    text = f"{good}\n{part_of} 12.50\n{held}\n"
    test = tried(bulk_as(lead, **{"from": "list"}), bulk_list=text)
    shown = frame(test, "verdict")
    assert list(shown["why"]) == ["is not captured: cancel it instead", "", ""]
    assert list(shown["amount"]) == ["", "$10.00", "$12.50"]
    totals = frame(test, "rows")
    assert [list(row) for row in totals.itertuples(index=False)] == [["$22.50", "USD", 2]]
    assert requests(action_screens.engine) == []
    button = test.button(key="bulk_ask")
    assert button.label.replace("\\", "") == "Refund 2 payments: $22.50 USD"
    button.click().run()
    assert "0 of 2 done" in test.get("progress")[0].proto.text
    work_off(action_screens)
    test.run()
    assert "2 of 2 done" in test.get("progress")[0].proto.text
    assert [at_stripe(action_screens, one)[0]["amount"] for one in (good, part_of)] == [
        1_000,
        1_250,
    ]


def test_a_search_gives_its_payments_and_a_percentage_is_rounded_down(
    bulk_as, action_screens, lead
):
    payments = [paid(action_screens, 999), paid(action_screens, 50)]
    paid(action_screens, 700, "jpy")
    test = tried(bulk_as(lead, q="currency:usd"), bulk_how="percent", bulk_percent="33.3")
    shown = frame(test, "verdict")
    assert dict(zip(shown["payment"], shown["amount"], strict=True)) == dict(
        zip(payments, ["$3.32", "$0.16"], strict=True)
    )


def test_what_changes_in_the_form_must_be_checked_again(bulk_as, action_screens, lead):
    paid(action_screens, 1_000)
    test = tried(bulk_as(lead, q="currency:usd"))
    assert test.button(key="bulk_ask")
    test.get_by_key("bulk_how").set_value("percent").run()
    assert not [one for one in test.button if one.key == "bulk_ask"]


def test_a_click_that_comes_twice_asks_once(bulk_as, action_screens, lead):
    paid(action_screens, 1_000)
    test = tried(bulk_as(lead, q="currency:usd"))
    kept = test.session_state[bulk_form.TRIED]
    test.button(key="bulk_ask").click().run()
    asked = bulk_refunds.NewBulk(kept["dry"].possible(), kept["chosen"]["how"], REASON)
    made = bulk_refunds.ask(action_screens, lead, asked, livemode=False, bulk_id=kept["id"])
    assert made.total == 1
    assert len(requests(action_screens.engine)) == 1


@pytest.mark.parametrize(
    ("query", "given", "said"),
    [
        ({}, {}, "List of payments: names no payment"),
        ({"q": "colour:red"}, {}, "colour"),
        ({"from": "list"}, {"bulk_list": "pi_1\nnothing"}, "line 2"),
        ({"q": "currency:usd"}, {"bulk_how": "percent", "bulk_percent": "101"}, "Percentage: "),
        ({"q": "currency:usd"}, {"bulk_how": "fixed", "bulk_amount": "x"}, "Amount: "),
    ],
)
def test_a_form_that_cannot_be_read_says_where(bulk_as, action_screens, lead, query, given, said):
    paid(action_screens, 1_000)
    test = tried(bulk_as(lead, **query), **given)
    assert any(said in one for one in texts(test))
    assert requests(action_screens.engine) == []


def test_over_the_limit_another_lead_approves_all_of_it(
    bulk_as, refunds_as, action_screens, lead, other
):
    payments = [paid(action_screens, 100_100), paid(action_screens, 400)]
    test = tried(bulk_as(lead, q="currency:usd"))
    assert "Over the limit of one refund: a second person approves all of it." in texts(test)
    test.button(key="bulk_ask").click().run()
    bulk_id = requests(action_screens.engine)[0].bulk_id
    assert refunds_as(lead, tab="waiting").button(key=f"review_{bulk_id}").disabled
    queue = refunds_as(other, tab="waiting")
    queue.button(key=f"review_{bulk_id}").click().run()
    queue.button(key="review_approve").click().run()
    assert "Approved: its rows are being sent." in texts(queue)
    work_off(action_screens)
    assert [len(at_stripe(action_screens, one)) for one in payments] == [1, 1]


def test_it_is_stopped_by_a_click_and_the_rest_is_not_sent(bulk_as, action_screens, lead, other):
    made = ask(action_screens, lead, [paid(action_screens, 1_000) for _ in range(3)])
    bulk_worker.send_waiting_rows(action_screens)
    test = bulk_as(other, id=made.bulk_id)
    assert [said.value.startswith("3 payments") for said in test.header][:1] == [True]
    test.button(key="bulk_stop").click().run()
    assert not test.exception
    work_off(action_screens)
    assert states(action_screens) == {"succeeded": 1, "canceled": 2}
    test.get_by_key("choice_rows").set_value("unsent").run()
    assert list(frame(test, "refund")["why"]) == ["the bulk refund was stopped"] * 2


def test_one_whose_asker_was_shut_out_says_why_it_stopped(
    bulk_as, screen_as, console, action_screens, lead, other
):
    made = ask(action_screens, lead, [paid(action_screens, 1_000) for _ in range(2)])
    with writing(console.engine) as connection:
        email = email_of(console, lead.user_id)
        users.set_disabled(connection, email, True, actor="test", production=False)
    work_off(action_screens)
    test = bulk_as(other, id=made.bulk_id)
    told = " ".join(str(element.value) for element in (*test.text, *test.markdown))
    assert "who asked for it may not any more" in told
    assert "the worker" in told
    first = screen_as(other.user_id, "overview")
    assert "Bulk refunds stopped by the worker" in [
        link.proto.label for link in first.get("page_link")
    ]


def test_a_bulk_that_is_not_here_is_said_to_be_so(bulk_as, lead):
    test = bulk_as(lead, id="nothing")
    assert not tables(test)
    assert not test.get("progress")
