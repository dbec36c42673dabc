"""Disputes on the screen: the list with its clock, the answer for who may give it, no further."""

import re

import pytest

from core import clock
from core.db.engine import writing
from core.db.tables import disputes
from dashboard.ui import status_badges
from tests.support import stream_rows
from tests.support.checkout_screens import badges, emulated
from tests.support.disputes import at_stripe, disputed, mirrored
from tests.support.fixtures_access import person
from tests.support.fixtures_actions import make_context, with_token
from tests.support.kit_parts import click, parts, tables


@pytest.fixture
def console(tmp_path, action_emulator):
    yield from emulated(tmp_path, action_emulator)


@pytest.fixture
def dispute(console, action_emulator, nothing_cached):
    context = make_context(console, action_emulator)
    return disputed(context, action_emulator, with_token(console, person(console), "service"))


def plain(elements):
    return " ".join(str(one.value) for one in elements).replace("\\", "")


def test_the_list_has_a_clock_and_the_amount_at_stake(console, dispute, screen_as):
    stream_rows.write(console.engine)
    test = screen_as(person(console, "support"), "disputes")
    assert not test.exception
    row = tables(test)[0].value.iloc[0]
    assert row["dispute"].endswith(dispute)
    assert "left" in row["left"]
    assert any(re.search(r"first · as of .*:\d\d UTC$", caption.value) for caption in test.caption)
    assert (row["amount"], row["currency"]) == ("$12.34", "USD")
    (cards,) = parts(test, "cards")
    assert cards.data["cards"][0]["label"] == "To answer, USD (1)"
    assert cards.data["cards"][0]["href"] == "/disputes?view=open&currency=usd"
    # One status for all needs no column; the choice above says it.
    assert "state" not in tables(test)[0].columns


def test_the_list_is_turned_by_the_time_that_it_stands_in(console, dispute, screen_as):
    test = screen_as(person(console, "risk"), "disputes")
    shown = tables(test)[0]
    assert shown.part.data["order"] == ["due", False]
    test = click(test, shown, "sort", "due")
    assert test.query_params["sort"] == "-due"
    assert tables(test)[0].part.data["order"] == ["due", True]


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
    assert test.title[0].value == "No access"


def test_a_dispute_that_is_not_here_is_said_to_be_so(console, dispute, screen_as):
    test = screen_as(person(console, "risk"), "dispute", id="du_none")
    assert not test.exception
    assert "There is no such dispute here" in badges(test)


def test_a_draft_is_saved_and_submitted_after_a_confirmation(
    console, dispute, screen_as, action_emulator
):
    context = make_context(console, action_emulator)
    test = screen_as(person(console, "risk"), "dispute", id=dispute)
    assert not test.exception
    assert test.button(key="submit").disabled
    test.text_area(key=f"ev_{dispute}_uncategorized_text").input("winning_evidence")
    test.button(key="save_draft").click().run()
    assert not test.exception
    assert "kept at Stripe" in plain(test.success)
    kept = at_stripe(context, dispute)
    assert kept["evidence"]["uncategorized_text"] == "winning_evidence"
    assert kept["status"] == "needs_response"
    test.button(key="submit").click().run()
    assert at_stripe(context, dispute)["status"] == "needs_response"
    test.button(key="submit_now").click().run()
    assert not test.exception
    assert at_stripe(context, dispute)["evidence_details"]["submission_count"] == 1
    assert "Submitted" in plain(test.success)


def test_a_loss_is_accepted_after_a_confirmation(console, dispute, screen_as, action_emulator):
    context = make_context(console, action_emulator)
    test = screen_as(person(console, "risk"), "dispute", id=dispute)
    test.button(key="accept").click().run()
    assert at_stripe(context, dispute)["status"] == "needs_response"
    test.button(key="accept_now").click().run()
    assert at_stripe(context, dispute)["status"] == "lost"


@pytest.fixture
def lost(console, dispute, action_emulator):
    """A dispute that was lost, and may be appealed."""
    for status in ("lost", "appeal_needs_response"):
        action_emulator.control("POST", f"disputes/{dispute}", {"status": status})
    return mirrored(make_context(console, action_emulator), dispute)


def test_an_appeal_is_written_and_submitted_after_a_confirmation(
    console, lost, screen_as, action_emulator
):
    context = make_context(console, action_emulator)
    test = screen_as(person(console, "risk"), "dispute", id=lost)
    assert not test.exception
    assert "Appeal: respond" in badges(test)
    assert "without one it stays lost" in plain(test.caption)
    assert "Counter or accept" not in plain(test.header)
    keys = [button.key for button in test.button]
    assert "accept" not in keys
    assert [area.key for area in test.text_area] == [f"ev_{lost}_reason_for_filing"]
    test.text_area[0].input("It was signed for.")
    test.button(key="save_draft").click().run()
    assert not test.exception
    assert at_stripe(context, lost)["evidence"]["appeal"]["card"]["reason_for_filing"]
    test.button(key="submit").click().run()
    test.button(key="submit_now").click().run()
    assert not test.exception
    assert at_stripe(context, lost)["status"] == "appeal_under_review"


def test_who_may_only_see_reads_that_somebody_answers_the_appeal(console, lost, screen_as):
    test = screen_as(person(console, "support"), "dispute", id=lost)
    assert not test.exception
    assert "Somebody with the risk role answers it." in plain(test.text)
    listed = screen_as(person(console, "support"), "disputes")
    assert tables(listed)[0].value["dispute"].iloc[0].endswith(lost)
    assert "left" in tables(listed)[0].value["left"][0]


def told(console, dispute, **values):
    with writing(console.engine) as connection:
        same = disputes.c.stripe_id == dispute
        connection.execute(disputes.update().where(same).values(values))


NOVEL = {"reason": "novel_reason", "card_brand": "novel_network"}


@pytest.mark.parametrize("role", ["risk", "support"])
@pytest.mark.parametrize(
    ("status", "view"), [("novel_needs_response", "open"), ("novel_status", "all")]
)
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_what_is_new_at_stripe_is_shown_by_its_name(
    console, dispute, screen_as, role, status, view, language
):
    told(console, dispute, status=status, **NOVEL)
    who = person(console, role)
    console.set_language(who, language)
    listed = screen_as(who, "disputes", view=view, reason="novel_reason")
    assert not listed.exception
    row = tables(listed)[0].value.iloc[0]
    assert row["reason"] == "Novel reason"
    test = screen_as(who, "dispute", id=dispute)
    assert not test.exception
    assert status_badges.made_from(status) in badges(test)
    assert "novel_reason" in plain(test.text)
    assert "Novel network" in plain(test.caption)
    assert not [button for button in test.button if button.key in ("submit", "accept")]
    waits = "It waits for an answer of a kind that is new at Stripe"
    if language == "en" and status == "novel_needs_response":
        assert waits in plain(test.text)


def test_the_filters_offer_what_is_there(console, dispute, screen_as):
    told(console, dispute, currency="usdc", **NOVEL)
    test = screen_as(person(console, "risk"), "disputes")
    assert not test.exception
    reasons, currencies = (test.selectbox(key=f"choice_{key}") for key in ("reason", "currency"))
    assert reasons.options == ["Any reason", "Novel reason"]
    assert currencies.options == ["Any currency", "USDC"]
    reasons.set_value("novel_reason").run()
    assert len(tables(test)[0].value) == 1


@pytest.mark.parametrize("due_by", [None, clock.EPOCH])
def test_a_deadline_that_is_not_there_or_long_gone_stops_nothing(
    console, dispute, screen_as, due_by
):
    told(console, dispute, due_by=due_by, reason=None, card_brand=None)
    who = person(console, "support")
    row = tables(screen_as(who, "disputes"))[0].value.iloc[0]
    assert row["left"] == ("passed" if due_by else "")
    test = screen_as(who, "dispute", id=dispute)
    assert not test.exception


def test_an_account_without_disputes_has_no_card_of_dashes(console, screen_as, nothing_cached):
    test = screen_as(person(console, "risk"), "disputes")
    assert not test.exception
    assert not parts(test, "cards")


def links(test):
    return [link for link in test.link_button if "/ui/export/disputes.csv" in link.url]


def test_the_list_is_a_file_of_its_filters_for_finance(console, dispute, screen_as):
    (link,) = links(screen_as(person(console, "finance"), "disputes", view="all", currency="usd"))
    assert link.url == "/ui/export/disputes.csv?mode=test&view=all&reason=&currency=usd"
    assert not link.proto.disabled
    (link,) = links(screen_as(person(console, "support"), "disputes"))
    assert link.proto.disabled
