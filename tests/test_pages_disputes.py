"""Disputes on the screen: the list with its clock, the answer for who may give it, no further."""

import re

import pytest

from tests import stream_rows
from tests.checkout_screens import badges, emulated
from tests.dispute_tools import at_stripe, disputed
from tests.fixtures_access import person
from tests.fixtures_actions import make_desk, with_token


@pytest.fixture
def console(tmp_path, action_emulator):
    yield from emulated(tmp_path, action_emulator)


@pytest.fixture
def dispute(console, action_emulator, nothing_cached):
    desk = make_desk(console, action_emulator)
    return disputed(desk, action_emulator, with_token(console, person(console), "service"))


def plain(elements):
    return " ".join(str(one.value) for one in elements).replace("\\", "")


def test_the_list_has_a_clock_and_the_amount_at_stake(console, dispute, screen_as):
    stream_rows.write(console.engine)
    test = screen_as(person(console, "support"), "disputes")
    assert not test.exception
    row = test.dataframe[0].value.iloc[0]
    assert row["dispute"].endswith(dispute)
    assert "left" in row["left"]
    assert any(re.search(r"first · as of .*:\d\d UTC$", caption.value) for caption in test.caption)
    assert (row["amount"], row["currency"]) == ("$12.34", "USD")
    assert test.metric[0].label == "To answer, USD (1)"
    # One status for all needs no column; the choice above says it.
    assert "state" not in list(test.dataframe[0].proto.column_order)


def test_a_filter_of_the_url_is_kept(console, dispute, screen_as):
    test = screen_as(person(console, "risk"), "disputes", reason="duplicate")
    assert not test.exception
    assert "Nothing is to be answered" in badges(test)


@pytest.mark.parametrize("role", ["support", "support_lead", "finance"])
def test_who_may_only_see_gets_no_form(console, dispute, screen_as, role):
    test = screen_as(person(console, role), "dispute", id=dispute)
    assert not test.exception
    assert "$12.34 USD" in test.title[0].value.replace("\\", "")
    assert not [button for button in test.button if button.key in ("submit", "accept")]
    assert "Somebody with the risk role answers it." in plain(test.text)


@pytest.mark.parametrize("page", ["disputes", "dispute"])
def test_without_the_right_there_is_no_dispute(console, dispute, screen_as, page):
    test = screen_as(person(console, "viewer"), page, id=dispute)
    assert test.title[0].value == "Overview"


def test_a_dispute_that_is_not_here_is_said_to_be_so(console, dispute, screen_as):
    test = screen_as(person(console, "risk"), "dispute", id="du_none")
    assert not test.exception
    assert "There is no such dispute here" in badges(test)


def test_a_draft_is_saved_and_submitted_after_a_confirmation(
    console, dispute, screen_as, action_emulator
):
    desk = make_desk(console, action_emulator)
    test = screen_as(person(console, "risk"), "dispute", id=dispute)
    assert not test.exception
    assert test.button(key="submit").disabled
    test.text_area(key=f"ev_{dispute}_uncategorized_text").input("winning_evidence")
    test.button(key="save_draft").click().run()
    assert not test.exception
    assert "kept at Stripe" in plain(test.success)
    kept = at_stripe(desk, dispute)
    assert kept["evidence"]["uncategorized_text"] == "winning_evidence"
    assert kept["status"] == "needs_response"
    test.button(key="submit").click().run()
    assert at_stripe(desk, dispute)["status"] == "needs_response"
    test.button(key="submit_now").click().run()
    assert not test.exception
    assert at_stripe(desk, dispute)["evidence_details"]["submission_count"] == 1
    assert "Submitted" in plain(test.success)


def test_a_loss_is_accepted_after_a_confirmation(console, dispute, screen_as, action_emulator):
    desk = make_desk(console, action_emulator)
    test = screen_as(person(console, "risk"), "dispute", id=dispute)
    test.button(key="accept").click().run()
    assert at_stripe(desk, dispute)["status"] == "needs_response"
    test.button(key="accept_now").click().run()
    assert at_stripe(desk, dispute)["status"] == "lost"


def test_an_account_without_disputes_has_no_card_of_dashes(console, screen_as, nothing_cached):
    test = screen_as(person(console, "risk"), "disputes")
    assert not test.exception
    assert not test.metric
