"""Disputes: one answer goes out, and only one, whoever clicks how often."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from core import clock
from core.access.principals import Caller
from core.actions.disputes import disputes
from core.actions.operations import resolve
from core.errors import AlreadyDecided, InvalidInput, NotFound, RequestRepeated, StripeBusy
from tests.support.disputes import TEST, at_stripe, disputed, pdf
from tests.support.fixtures_access import person
from tests.support.fixtures_actions import make_desk, operations_kept


@pytest.fixture
def console(both_consoles):
    return both_consoles


@pytest.fixture
def risk(console):
    return Caller(person(console, "risk"))


@pytest.fixture
def dispute(desk, action_emulator, backend):
    return disputed(desk, action_emulator, backend)


def kinds(console):
    return [row.kind for row in operations_kept(console) if row.kind.startswith("dispute.")]


def drafted(desk, risk, dispute, text="winning_evidence"):
    return disputes.save_draft(desk, risk, dispute, {"uncategorized_text": text}, **TEST)


def submissions(desk, dispute):
    return at_stripe(desk, dispute)["evidence_details"]["submission_count"]


def test_a_draft_is_submitted_once(console, desk, risk, dispute):
    seen = drafted(desk, risk, dispute).seen
    done = disputes.submit(desk, risk, dispute, seen=seen, **TEST)
    assert done.facts["status"] == "under_review"
    again = Caller(person(console, "risk"))
    for caller in (risk, again):
        with pytest.raises((AlreadyDecided, InvalidInput)):
            disputes.submit(desk, caller, dispute, seen=seen, **TEST)
        with pytest.raises((AlreadyDecided, InvalidInput)):
            disputes.accept(desk, caller, dispute, **TEST)
        with pytest.raises(InvalidInput, match="takes no evidence"):
            disputes.save_draft(desk, caller, dispute, {"customer_name": "late"}, **TEST)
    assert submissions(desk, dispute) == 1
    assert kinds(console).count("dispute.submit") == 1


def test_an_empty_draft_is_not_submitted(console, desk, risk, dispute):
    seen = disputes.draft(desk, risk, dispute, **TEST).seen
    with pytest.raises(InvalidInput, match="nothing to submit"):
        disputes.submit(desk, risk, dispute, seen=seen, **TEST)
    assert kinds(console) == []


def test_what_changed_since_it_was_shown_is_not_submitted(console, desk, risk, dispute):
    seen = drafted(desk, risk, dispute).seen
    drafted(desk, Caller(person(console, "risk")), dispute, "losing_evidence")
    with pytest.raises(InvalidInput, match="was changed since it was shown"):
        disputes.submit(desk, risk, dispute, seen=seen, **TEST)
    assert submissions(desk, dispute) == 0


def test_after_the_deadline_nothing_is_drafted_or_sent(desk, risk, dispute, monkeypatch):
    seen = drafted(desk, risk, dispute).seen
    due = at_stripe(desk, dispute)["evidence_details"]["due_by"]
    monkeypatch.setattr(clock, "now", lambda: clock.from_unix(due))
    with pytest.raises(InvalidInput, match="has passed") as refused:
        disputes.submit(desk, risk, dispute, seen=seen, **TEST)
    assert refused.value.field == "due_by"
    with pytest.raises(InvalidInput, match="has passed"):
        drafted(desk, risk, dispute, "late")
    before = clock.from_unix(due) - timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: before)
    assert disputes.submit(desk, risk, dispute, seen=seen, **TEST).facts["id"] == dispute


def test_a_loss_is_accepted_once(console, desk, risk, dispute):
    assert disputes.accept(desk, risk, dispute, **TEST).facts["status"] == "lost"
    with pytest.raises((AlreadyDecided, InvalidInput)):
        disputes.accept(desk, risk, dispute, **TEST)
    assert kinds(console) == ["dispute.accept"]


def test_what_stripe_put_off_may_be_asked_for_again(desk, risk, dispute, action_emulator):
    seen = drafted(desk, risk, dispute).seen
    path = f"/v1/disputes/{dispute}"
    action_emulator.fault("error", status=429, path=path, method="POST", count=3)
    with pytest.raises(StripeBusy):
        disputes.submit(desk, risk, dispute, seen=seen, **TEST)
    action_emulator.control("DELETE", "faults")
    assert disputes.submit(desk, risk, dispute, seen=seen, **TEST).facts["id"] == dispute


def test_an_unknown_dispute_and_the_other_mode_are_not_found(desk, risk, dispute):
    for asked, live in (("du_none", False), (dispute, True)):
        with pytest.raises(NotFound):
            disputes.draft(desk, risk, asked, livemode=live)


def test_clicks_at_once_submit_once(console, desk, risk, dispute, action_emulator):
    seen = drafted(desk, risk, dispute).seen
    desks = [desk, make_desk(console, action_emulator)]
    callers = [risk, Caller(person(console, "risk"))]

    def click(number):
        try:
            disputes.submit(desks[number % 2], callers[number // 2 % 2], dispute, seen=seen, **TEST)
        except (AlreadyDecided, InvalidInput, RequestRepeated) as error:
            return error.code
        return "sent"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(click, range(8)))
    # Who asks again in time is told what came of it; that is no second submission.
    assert "sent" in outcomes
    assert submissions(desk, dispute) == 1
    assert kinds(console).count("dispute.submit") == 1


def test_nothing_is_left_to_resolve(desk, risk, dispute):
    disputes.attach(desk, risk, dispute, "receipt", pdf(1), **TEST)
    assert resolve.resolve(desk) == 0
