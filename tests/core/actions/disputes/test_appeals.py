"""After a loss: one appeal, of a reason and files alone; a dispute opened anew is answered anew."""

import json
from datetime import timedelta

import pytest

from core import clock
from core.access.principals import Caller
from core.actions.disputes import disputes
from core.actions.operations import resolve
from core.errors import AlreadyDecided, InvalidInput, OutcomeUnknown, RequestRepeated
from core.gateway.client import Gateway
from core.gateway.evidence_fields import APPEAL_REASON
from tests.support.disputes import TEST, at_stripe, disputed, mirrored, pdf
from tests.support.fixtures_access import person
from tests.support.fixtures_actions import operations_kept
from tests.support.refund_crashes import cut_off

REASON = {APPEAL_REASON: "The parcel was signed for."}


@pytest.fixture
def console(both_consoles):
    return both_consoles


@pytest.fixture
def risk(console):
    return Caller(person(console, "risk"))


@pytest.fixture
def dispute(desk, action_emulator, backend):
    return disputed(desk, action_emulator, backend)


def bring(desk, emulator, dispute, *statuses):
    for status in statuses:
        emulator.control("POST", f"disputes/{dispute}", {"status": status})
    return mirrored(desk, dispute)


@pytest.fixture
def lost(desk, action_emulator, dispute):
    """A dispute that was lost and may be appealed."""
    return bring(desk, action_emulator, dispute, "lost", "appeal_needs_response")


def kept_appeal(desk, dispute):
    return at_stripe(desk, dispute)["evidence"]["appeal"]["card"]


def submitted(console):
    return [row.state for row in operations_kept(console) if row.kind == "dispute.submit"]


def test_an_appeal_goes_from_draft_to_one_submission(console, desk, risk, lost):
    empty = disputes.draft(desk, risk, lost, **TEST)
    assert (empty.appeal, empty.texts, empty.files) == (True, {}, {})
    with pytest.raises(InvalidInput, match="nothing to submit"):
        disputes.submit(desk, risk, lost, seen=empty.seen, **TEST)
    disputes.save_draft(desk, risk, lost, REASON, **TEST)
    disputes.attach(desk, risk, lost, "supporting_file_1", pdf(1), **TEST)
    draft = disputes.attach(desk, risk, lost, "supporting_file_2", pdf(2), **TEST)
    assert list(draft.files) == ["supporting_file_1", "supporting_file_2"]
    assert (draft.texts, draft.pages) == (REASON, 3)
    kept = kept_appeal(desk, lost)
    assert kept["reason_for_filing"] == REASON[APPEAL_REASON]
    assert kept["supporting_files"] == [file.file_id for file in draft.files.values()]
    assert at_stripe(desk, lost)["status"] == "appeal_needs_response"
    disputes.submit(desk, risk, lost, seen=draft.seen, **TEST)
    assert at_stripe(desk, lost)["status"] == "appeal_under_review"
    for _ in range(2):
        with pytest.raises((AlreadyDecided, InvalidInput)):
            disputes.submit(desk, risk, lost, seen=draft.seen, **TEST)
    assert submitted(console) == ["succeeded"]
    assert REASON[APPEAL_REASON] not in " ".join(row.params for row in operations_kept(console))


def test_each_change_sends_the_whole_appeal(desk, risk, lost, monkeypatch):
    sent, post = [], Gateway.post

    def noted(self, path, **params):
        sent.append(params.get("evidence"))
        return post(self, path, **params)

    monkeypatch.setattr(Gateway, "post", noted)
    disputes.save_draft(desk, risk, lost, REASON, **TEST)
    draft = disputes.attach(desk, risk, lost, "supporting_file_1", pdf(1), **TEST)
    files = {"supporting_files": [draft.files["supporting_file_1"].file_id]}
    assert [one["appeal"]["card"] for one in sent] == [REASON, REASON | files]


def test_a_file_takes_the_place_of_another_and_the_reason_stays(desk, risk, lost):
    disputes.save_draft(desk, risk, lost, REASON, **TEST)
    first = disputes.attach(desk, risk, lost, "supporting_file_1", pdf(1), **TEST)
    second = disputes.attach(desk, risk, lost, "supporting_file_1", pdf(4), **TEST)
    assert first.files["supporting_file_1"].file_id != second.files["supporting_file_1"].file_id
    assert (list(second.files), second.pages, second.texts) == (["supporting_file_1"], 4, REASON)


@pytest.mark.parametrize("given", [{"customer_name": "Ada"}, {"uncategorized_text": "x"}])
def test_no_other_evidence_is_taken_with_an_appeal(console, desk, risk, lost, given):
    with pytest.raises(InvalidInput, match="is not a text of evidence"):
        disputes.save_draft(desk, risk, lost, given, **TEST)
    for field in ("receipt", "supporting_file_2", "supporting_file_0", "supporting_files"):
        with pytest.raises(InvalidInput, match="is not a file of evidence"):
            disputes.attach(desk, risk, lost, field, pdf(1), **TEST)
    assert [row.kind for row in operations_kept(console) if "dispute" in row.kind] == []


def test_an_appeal_is_not_evidence_of_a_dispute(desk, risk, dispute):
    with pytest.raises(InvalidInput, match="is not a text of evidence"):
        disputes.save_draft(desk, risk, dispute, REASON, **TEST)
    with pytest.raises(InvalidInput, match="is not a file of evidence"):
        disputes.attach(desk, risk, dispute, "supporting_file_1", pdf(1), **TEST)


def test_what_is_lost_is_not_accepted_again(console, desk, risk, lost):
    with pytest.raises(InvalidInput, match="without an appeal it stays so"):
        disputes.accept(desk, risk, lost, **TEST)
    assert [row.kind for row in operations_kept(console) if "dispute" in row.kind] == []


def test_after_its_deadline_there_is_no_appeal(desk, risk, lost, monkeypatch):
    seen = disputes.save_draft(desk, risk, lost, REASON, **TEST).seen
    due = at_stripe(desk, lost)["evidence_details"]["due_by"]
    monkeypatch.setattr(clock, "now", lambda: clock.from_unix(due))
    with pytest.raises(InvalidInput, match="has passed"):
        disputes.submit(desk, risk, lost, seen=seen, **TEST)


def test_a_dispute_that_was_answered_takes_an_appeal(console, desk, risk, dispute, action_emulator):
    drafted = disputes.save_draft(desk, risk, dispute, {"customer_name": "Ada"}, **TEST)
    disputes.submit(desk, risk, dispute, seen=drafted.seen, **TEST)
    bring(desk, action_emulator, dispute, "lost", "appeal_needs_response")
    appeal = disputes.save_draft(desk, risk, dispute, REASON, **TEST)
    disputes.submit(desk, risk, dispute, seen=appeal.seen, **TEST)
    assert submitted(console) == ["succeeded", "succeeded"]
    assert at_stripe(desk, dispute)["evidence_details"]["submission_count"] == 2


def test_a_dispute_that_is_opened_anew_is_answered_anew(
    console, desk, risk, dispute, action_emulator
):
    drafted = disputes.save_draft(desk, risk, dispute, {"customer_name": "Ada"}, **TEST)
    disputes.submit(desk, risk, dispute, seen=drafted.seen, **TEST)
    bring(desk, action_emulator, dispute, "won", "needs_response")
    again = disputes.save_draft(desk, risk, dispute, {"customer_name": "Ada L"}, **TEST)
    disputes.submit(desk, risk, dispute, seen=again.seen, **TEST)
    assert at_stripe(desk, dispute)["evidence_details"]["submission_count"] == 2
    mirrored(desk, dispute)
    with pytest.raises(AlreadyDecided):
        disputes.submit(desk, risk, dispute, seen=again.seen, **TEST)
    assert submitted(console) == ["succeeded", "succeeded"]


@pytest.mark.parametrize(
    ("place", "state"),
    [("before the call", "failed"), ("during the call", "succeeded"), ("after the call", None)],
)
def test_a_draft_of_an_appeal_that_was_cut_off_is_found_or_ends_undone(
    console, desk, risk, lost, monkeypatch, place, state
):
    with cut_off(place):
        disputes.save_draft(desk, risk, lost, REASON, **TEST)
    ahead(desk, monkeypatch, timedelta(minutes=44))
    row = [row for row in operations_kept(console) if row.kind == "dispute.draft"][-1]
    assert row.state == (state or "succeeded")
    assert json.loads(row.params)["trace"]["fields"] == ["appeal"]


def test_an_answer_that_was_cut_off_never_sends_the_appeal(
    console, desk, risk, dispute, action_emulator, monkeypatch
):
    drafted = disputes.save_draft(desk, risk, dispute, {"customer_name": "Ada"}, **TEST)
    with cut_off("before the call"):
        disputes.submit(desk, risk, dispute, seen=drafted.seen, **TEST)
    # Elsewhere it is lost meanwhile, and an appeal is being written.
    bring(desk, action_emulator, dispute, "lost", "appeal_needs_response")
    disputes.save_draft(desk, risk, dispute, REASON, **TEST)
    ahead(desk, monkeypatch, timedelta(minutes=44))
    assert at_stripe(desk, dispute)["status"] == "appeal_needs_response"
    assert submitted(console) == ["succeeded"]
    with pytest.raises((AlreadyDecided, RequestRepeated, OutcomeUnknown, InvalidInput)):
        disputes.accept(desk, risk, dispute, **TEST)


def ahead(desk, monkeypatch, step):
    """Let the worker look a few times, later."""
    now = clock.now
    with monkeypatch.context() as patch:
        for number in range(1, 5):
            patch.setattr(clock, "now", lambda part=step * number / 4: now() + part)
            resolve.resolve(desk)
