"""Disputes on the screen: the list with its clock, the answer for who may give it, no further."""

import re

import pytest

from core import clock
from core.access.principals import Caller
from core.actions.disputes import disputes as disputes_actions
from core.db.engine import writing
from core.db.tables import disputes, early_fraud_warnings
from dashboard.ui import status_badges
from tests.support import factories, stream_rows
from tests.support.checkout_screens import badges, emulated
from tests.support.disputes import TEST, at_stripe, disputed, mirrored, pdf
from tests.support.fixtures_access import email_of, person
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
    return " ".join(str(one.value) for one in elements).replace("\\", "").replace("\u2060", "")


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
    # Nothing was answered here: there is no median.
    assert "Time to answer" not in [card["label"] for card in cards.data["cards"]]
    # One status for all needs no column; the choice above says it.
    assert "state" not in tables(test)[0].columns


def test_one_word_in_the_list_and_on_a_dispute_says_that_it_is_to_be_answered(
    console, dispute, screen_as
):
    risk = person(console, "risk")
    listed = screen_as(risk, "disputes")
    assert listed.segmented_control[0].options[0] in badges(screen_as(risk, "dispute", id=dispute))


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
    test.text_area(key=f"ev_{dispute}_uncategorized_text").input("winning_evidence").run()
    assert not test.exception
    assert "Kept at Stripe" in plain(test.caption)
    kept = at_stripe(context, dispute)
    assert kept["evidence"]["uncategorized_text"] == "winning_evidence"
    assert kept["status"] == "needs_response"
    test.button(key="submit").click().run()
    assert at_stripe(context, dispute)["status"] == "needs_response"
    test.button(key="submit_now").click().run()
    assert not test.exception
    assert at_stripe(context, dispute)["evidence_details"]["submission_count"] == 1
    assert "Submitted" in plain(test.success)


def field(test, dispute, name="uncategorized_text"):
    return test.text_area(key=f"ev_{dispute}_{name}")


def test_what_was_typed_is_there_in_another_session(console, dispute, screen_as):
    ann, bea = person(console, "risk"), person(console, "risk")
    test = screen_as(ann, "dispute", id=dispute)
    field(test, dispute).input("It was signed for.").run()
    for who in (ann, bea):
        again = screen_as(who, "dispute", id=dispute)
        assert field(again, dispute).value == "It was signed for."
        assert f"by {email_of(console, ann)}" in plain(again.caption)


def test_what_the_payment_tells_is_kept_with_the_first_text(
    console, dispute, screen_as, action_emulator
):
    test = screen_as(person(console, "risk"), "dispute", id=dispute)
    assert "From the payment; not kept yet" in plain(test.caption)
    assert "Customer's e-mail: what stands there is not kept yet" in plain(test.markdown)
    test.button(key="keep_offered").click().run()
    kept = at_stripe(make_context(console, action_emulator), dispute)["evidence"]
    assert kept["customer_email_address"] == "ada@shop.example"
    assert "not kept yet" not in plain(test.markdown) + plain(test.caption)
    assert not test.button(key="submit").disabled


def test_the_later_of_two_people_chooses_between_both_texts(
    console, dispute, screen_as, action_emulator
):
    context = make_context(console, action_emulator)
    ann, bea = person(console, "risk"), person(console, "risk")
    first, later = (screen_as(who, "dispute", id=dispute) for who in (ann, bea))
    field(first, dispute).input("Ann's text").run()
    field(later, dispute).input("Bea's text").run()
    assert not later.exception
    assert f"{email_of(console, ann)} wrote here meanwhile" in plain(later.markdown)
    assert "Ann's text" in plain(later.text)
    assert field(later, dispute).value == "Bea's text"
    assert at_stripe(context, dispute)["evidence"]["uncategorized_text"] == "Ann's text"
    assert later.button(key="submit").disabled
    later.button(key="mine_uncategorized_text").click().run()
    assert at_stripe(context, dispute)["evidence"]["uncategorized_text"] == "Bea's text"
    # Ann's page is told in its next run, before she writes.
    first.run()
    assert f"{email_of(console, bea)} wrote here meanwhile" in plain(first.markdown)
    first.button(key="theirs_uncategorized_text").click().run()
    assert field(first, dispute).value == "Bea's text"
    assert "wrote here meanwhile" not in plain(first.markdown)


def test_what_is_not_kept_says_why_at_its_field_and_holds_the_button_back(
    console, dispute, screen_as
):
    test = screen_as(person(console, "risk"), "dispute", id=dispute)
    field(test, dispute).input("It was signed for.").run()
    assert not test.button(key="submit").disabled
    field(test, dispute).input("").run()
    said = plain(test.markdown)
    assert "Not kept. Anything else: is kept at Stripe and cannot be emptied" in said
    assert "Anything else: what stands there is not kept yet" in said
    assert test.button(key="submit").disabled
    field(test, dispute).input("It was signed for, twice.").run()
    assert "Not kept" not in plain(test.markdown)
    assert not test.button(key="submit").disabled


def test_what_holds_it_back_is_named_with_field_and_rule(console, dispute, screen_as):
    test = screen_as(person(console, "risk"), "dispute", id=dispute)
    assert "The evidence: is empty: there is nothing to submit" in plain(test.markdown)
    told(console, dispute, due_by=clock.EPOCH, past_due=True)
    late = screen_as(person(console, "risk"), "dispute", id=dispute)
    assert "Deadline passed" in badges(late)
    assert "Stripe takes no answer any more" in plain(late.text)


def test_what_was_sent_is_shown_with_who_and_when(console, dispute, screen_as, action_emulator):
    context = make_context(console, action_emulator)
    risk = person(console, "risk")
    caller = Caller(risk)
    disputes_actions.attach(context, caller, dispute, "receipt", pdf(2), name="invoice.pdf", **TEST)
    texts = {"uncategorized_text": "It was signed for."}
    kept = disputes_actions.save_draft(context, caller, dispute, texts, **TEST)
    disputes_actions.submit(context, caller, dispute, seen=kept.seen, **TEST)
    test = screen_as(risk, "dispute", id=dispute)
    assert not test.exception
    assert f"{email_of(console, risk)} submitted evidence" in plain(test.text)
    assert "It was signed for." in plain(test.text)
    assert "Confirmed by Stripe" in plain(test.caption)
    assert "Receipt: PDF, 1 kB, pages: 2 · invoice.pdf" in plain(test.markdown)
    steps = [entry["title"] for entry in parts(test, "timeline")[0].data["entries"]]
    assert steps[:2] == ["The dispute was opened", f"{email_of(console, risk)} submitted evidence"]
    other = screen_as(person(console, "support"), "dispute", id=dispute)
    assert f"{email_of(console, risk)} submitted evidence" in plain(other.text)
    assert "It was signed for." not in plain(other.text)


@pytest.mark.parametrize(
    ("status", "standing", "last"),
    [
        ("warning_needs_response", "Stripe takes an answer until", "Answer by"),
        ("warning_under_review", "The bank has the answer.", "Inquiry: in review"),
        ("warning_closed", "The inquiry ended without a dispute", "Inquiry closed"),
        ("won", "The bank decided for you", "Won"),
        ("lost", "It is lost: nothing was submitted.", "Lost"),
    ],
)
def test_where_it_stands_is_said_without_steps_that_nobody_knows(
    console, dispute, screen_as, status, standing, last
):
    told(console, dispute, status=status)
    test = screen_as(person(console, "support"), "dispute", id=dispute)
    assert not test.exception
    assert standing in plain(test.text)
    entries = parts(test, "timeline")[0].data["entries"]
    assert entries[-1]["title"] == last
    asked = status.startswith("warning")
    opened = "The bank asked about the payment" if asked else "The dispute was opened"
    assert entries[0]["title"] == opened
    assert len(entries) <= 3


def test_an_early_fraud_warning_stands_on_the_path(console, dispute, screen_as):
    now = clock.now()
    with writing(console.engine) as connection:
        paid = connection.scalar(disputes.select().with_only_columns(disputes.c.payment_id))
        connection.execute(
            early_fraud_warnings.insert().values(
                stripe_id="issfr_1",
                payment_id=paid,
                fraud_type="made_with_stolen_card",
                actionable=False,
                livemode=False,
                created_at=clock.EPOCH,
                confirmed=True,
                as_of=now,
            )
        )
    test = screen_as(person(console, "support"), "dispute", id=dispute)
    first = parts(test, "timeline")[0].data["entries"][0]
    assert first["title"] == "Early fraud warning"
    assert "stolen card" in first["note"]


def test_the_page_leads_to_the_payment_and_the_customer(console, dispute, screen_as):
    test = screen_as(person(console, "support"), "dispute", id=dispute)
    assert "customer?id=ada%40shop.example" in page_links(test)


def page_links(test):
    return " ".join(
        f"{link.proto.page}?{link.proto.query_string}"
        for link in test.main
        if link.type == "page_link"
    )


def test_a_loss_is_accepted_after_a_confirmation(console, dispute, screen_as, action_emulator):
    context = make_context(console, action_emulator)
    test = screen_as(person(console, "risk"), "dispute", id=dispute)
    test.button(key="accept").click().run()
    assert at_stripe(context, dispute)["status"] == "needs_response"
    test.button(key="accept_now").click().run()
    assert at_stripe(context, dispute)["status"] == "lost"


def test_a_confirmation_is_not_asked_on_another_disputes_page(
    console, dispute, screen_as, action_emulator
):
    context = make_context(console, action_emulator)
    service = with_token(console, person(console), "service")
    other = disputed(context, action_emulator, service)
    test = screen_as(person(console, "risk"), "dispute", id=dispute)
    test.button(key="accept").click().run()
    assert [one for one in test.button if one.key == "accept_now"]
    # By the browser's way back: the session stays.
    test.query_params["id"] = other
    test.run()
    assert not test.exception
    assert not [one for one in test.button if one.key == "accept_now"]


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
    assert "Appeal: to answer" in badges(test)
    assert "without one it stays lost" in plain(test.caption)
    assert "Counter or accept" not in plain(test.header)
    keys = [button.key for button in test.button]
    assert "accept" not in keys
    assert [area.key for area in test.text_area] == [f"ev_{lost}_reason_for_filing"]
    test.text_area[0].input("It was signed for.").run()
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


def test_what_is_disputed_and_what_settles_are_told_apart(console, dispute, screen_as):
    user, here = person(console, "support"), disputes.c.stripe_id == dispute
    told = "The customer disputes GBP; the balance is in USD."
    with writing(console.engine) as connection:
        paid = factories.paid(connection)
        taken = factories.ledger_row(paid, source_id=dispute, reporting_category="dispute")
        factories.add_ledger(connection, [taken])
    assert told not in plain(screen_as(user, "dispute", id=dispute).caption)
    with writing(console.engine) as connection:
        connection.execute(disputes.update().where(here).values(currency="gbp"))
    assert told in plain(screen_as(user, "dispute", id=dispute).caption)
    said = plain(screen_as(user, "disputes").caption)
    assert "In all: 1 · £12.34 GBP · in the currency that customers paid in" in said
