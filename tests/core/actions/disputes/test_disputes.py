"""Disputes: one answer goes out, and only one, whoever clicks how often."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from core import clock
from core.access.principals import Caller
from core.actions.disputes import disputes
from core.actions.operation_kinds import KINDS
from core.actions.operations import resolve
from core.errors import AlreadyDecided, InvalidInput, NotFound, RequestRepeated, StripeBusy
from tests.support.disputes import TEST, at_stripe, disputed, pdf
from tests.support.fixtures_access import person
from tests.support.fixtures_actions import make_context, operations_kept


@pytest.fixture
def console(both_consoles):
    return both_consoles


@pytest.fixture
def risk(console):
    return Caller(person(console, "risk"))


@pytest.fixture
def dispute(context, action_emulator, backend):
    return disputed(context, action_emulator, backend)


def kinds(console):
    return [row.kind for row in operations_kept(console) if row.kind.startswith("dispute.")]


def drafted(context, risk, dispute, text="winning_evidence"):
    return disputes.save_draft(context, risk, dispute, {"uncategorized_text": text}, **TEST)


def submissions(context, dispute):
    return at_stripe(context, dispute)["evidence_details"]["submission_count"]


def test_a_draft_is_submitted_once(console, context, risk, dispute):
    seen = drafted(context, risk, dispute).seen
    done = disputes.submit(context, risk, dispute, seen=seen, **TEST)
    assert done.facts["status"] == "under_review"
    again = Caller(person(console, "risk"))
    for caller in (risk, again):
        with pytest.raises((AlreadyDecided, InvalidInput)):
            disputes.submit(context, caller, dispute, seen=seen, **TEST)
        with pytest.raises((AlreadyDecided, InvalidInput)):
            disputes.accept(context, caller, dispute, **TEST)
        with pytest.raises(InvalidInput, match="takes no evidence"):
            disputes.save_draft(context, caller, dispute, {"customer_name": "late"}, **TEST)
    assert submissions(context, dispute) == 1
    assert kinds(console).count("dispute.submit") == 1


def test_an_empty_draft_is_not_submitted(console, context, risk, dispute):
    seen = disputes.draft(context, risk, dispute, **TEST).seen
    with pytest.raises(InvalidInput, match="nothing to submit"):
        disputes.submit(context, risk, dispute, seen=seen, **TEST)
    assert kinds(console) == []


def test_what_changed_since_it_was_shown_is_not_submitted(console, context, risk, dispute):
    seen = drafted(context, risk, dispute).seen
    drafted(context, Caller(person(console, "risk")), dispute, "losing_evidence")
    with pytest.raises(InvalidInput, match="was changed since it was shown"):
        disputes.submit(context, risk, dispute, seen=seen, **TEST)
    assert submissions(context, dispute) == 0


def test_after_the_deadline_nothing_is_drafted_or_sent(context, risk, dispute, monkeypatch):
    seen = drafted(context, risk, dispute).seen
    due = at_stripe(context, dispute)["evidence_details"]["due_by"]
    monkeypatch.setattr(clock, "now", lambda: clock.from_unix(due))
    with pytest.raises(InvalidInput, match="has passed") as refused:
        disputes.submit(context, risk, dispute, seen=seen, **TEST)
    assert refused.value.field == "due_by"
    with pytest.raises(InvalidInput, match="has passed"):
        drafted(context, risk, dispute, "late")
    before = clock.from_unix(due) - timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: before)
    assert disputes.submit(context, risk, dispute, seen=seen, **TEST).facts["id"] == dispute


def test_a_loss_is_accepted_once(console, context, risk, dispute):
    assert disputes.accept(context, risk, dispute, **TEST).facts["status"] == "lost"
    with pytest.raises((AlreadyDecided, InvalidInput)):
        disputes.accept(context, risk, dispute, **TEST)
    assert kinds(console) == ["dispute.accept"]


def test_what_stripe_put_off_may_be_asked_for_again(context, risk, dispute, action_emulator):
    seen = drafted(context, risk, dispute).seen
    path = f"/v1/disputes/{dispute}"
    action_emulator.fault("error", status=429, path=path, method="POST", count=3)
    with pytest.raises(StripeBusy):
        disputes.submit(context, risk, dispute, seen=seen, **TEST)
    action_emulator.control("DELETE", "faults")
    assert disputes.submit(context, risk, dispute, seen=seen, **TEST).facts["id"] == dispute


def test_an_unknown_dispute_and_the_other_mode_are_not_found(context, risk, dispute):
    for asked, live in (("du_none", False), (dispute, True)):
        with pytest.raises(NotFound):
            disputes.draft(context, risk, asked, livemode=live)


def test_clicks_at_once_submit_once(console, context, risk, dispute, action_emulator):
    seen = drafted(context, risk, dispute).seen
    contexts = [context, make_context(console, action_emulator)]
    callers = [risk, Caller(person(console, "risk"))]

    def click(number):
        try:
            disputes.submit(
                contexts[number % 2], callers[number // 2 % 2], dispute, seen=seen, **TEST
            )
        except (AlreadyDecided, InvalidInput, RequestRepeated) as error:
            return error.code
        return "sent"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(click, range(8)))
    # Who asks again in time is told what came of it; that is no second submission.
    assert "sent" in outcomes
    assert submissions(context, dispute) == 1
    assert kinds(console).count("dispute.submit") == 1


def test_nothing_is_left_to_resolve(context, risk, dispute):
    disputes.attach(context, risk, dispute, "receipt", pdf(1), **TEST)
    assert resolve.resolve(context, KINDS) == 0
