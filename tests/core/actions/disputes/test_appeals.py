"""After a loss: one appeal, of a reason and files alone; a dispute opened anew is answered anew."""

import json
from datetime import timedelta

import pytest

from core import clock
from core.access.principals import Caller
from core.actions.disputes import disputes
from core.actions.operation_kinds import KINDS
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
def dispute(context, action_emulator, backend):
    return disputed(context, action_emulator, backend)


def bring(context, emulator, dispute, *statuses):
    for status in statuses:
        emulator.control("POST", f"disputes/{dispute}", {"status": status})
    return mirrored(context, dispute)


@pytest.fixture
def lost(context, action_emulator, dispute):
    """A dispute that was lost and may be appealed."""
    return bring(context, action_emulator, dispute, "lost", "appeal_needs_response")


def kept_appeal(context, dispute):
    return at_stripe(context, dispute)["evidence"]["appeal"]["card"]


def submitted(console):
    return [row.state for row in operations_kept(console) if row.kind == "dispute.submit"]


def test_an_appeal_goes_from_draft_to_one_submission(console, context, risk, lost):
    empty = disputes.draft(context, risk, lost, **TEST)
    assert (empty.appeal, empty.texts, empty.files) == (True, {}, {})
    with pytest.raises(InvalidInput, match="nothing to submit"):
        disputes.submit(context, risk, lost, seen=empty.seen, **TEST)
    disputes.save_draft(context, risk, lost, REASON, **TEST)
    disputes.attach(context, risk, lost, "supporting_file_1", pdf(1), **TEST)
    draft = disputes.attach(context, risk, lost, "supporting_file_2", pdf(2), **TEST)
    assert list(draft.files) == ["supporting_file_1", "supporting_file_2"]
    assert (draft.texts, draft.pages) == (REASON, 3)
    kept = kept_appeal(context, lost)
    assert kept["reason_for_filing"] == REASON[APPEAL_REASON]
    assert kept["supporting_files"] == [file.file_id for file in draft.files.values()]
    assert at_stripe(context, lost)["status"] == "appeal_needs_response"
    disputes.submit(context, risk, lost, seen=draft.seen, **TEST)
    assert at_stripe(context, lost)["status"] == "appeal_under_review"
    for _ in range(2):
        with pytest.raises((AlreadyDecided, InvalidInput)):
            disputes.submit(context, risk, lost, seen=draft.seen, **TEST)
    assert submitted(console) == ["succeeded"]
    assert REASON[APPEAL_REASON] not in " ".join(row.params for row in operations_kept(console))


def test_each_change_sends_the_whole_appeal(context, risk, lost, monkeypatch):
    sent, post = [], Gateway.post

    def noted(self, path, **params):
        sent.append(params.get("evidence"))
        return post(self, path, **params)

    monkeypatch.setattr(Gateway, "post", noted)
    disputes.save_draft(context, risk, lost, REASON, **TEST)
    draft = disputes.attach(context, risk, lost, "supporting_file_1", pdf(1), **TEST)
    files = {"supporting_files": [draft.files["supporting_file_1"].file_id]}
    assert [one["appeal"]["card"] for one in sent] == [REASON, REASON | files]


def test_a_file_takes_the_place_of_another_and_the_reason_stays(context, risk, lost):
    disputes.save_draft(context, risk, lost, REASON, **TEST)
    first = disputes.attach(context, risk, lost, "supporting_file_1", pdf(1), **TEST)
    second = disputes.attach(context, risk, lost, "supporting_file_1", pdf(4), **TEST)
    assert first.files["supporting_file_1"].file_id != second.files["supporting_file_1"].file_id
    assert (list(second.files), second.pages, second.texts) == (["supporting_file_1"], 4, REASON)


@pytest.mark.parametrize("given", [{"customer_name": "Ada"}, {"uncategorized_text": "x"}])
def test_no_other_evidence_is_taken_with_an_appeal(console, context, risk, lost, given):
    with pytest.raises(InvalidInput, match="is not a text of evidence"):
        disputes.save_draft(context, risk, lost, given, **TEST)
    for field in ("receipt", "supporting_file_2", "supporting_file_0", "supporting_files"):
        with pytest.raises(InvalidInput, match="is not a file of evidence"):
            disputes.attach(context, risk, lost, field, pdf(1), **TEST)
    assert [row.kind for row in operations_kept(console) if "dispute" in row.kind] == []


def test_an_appeal_is_not_evidence_of_a_dispute(context, risk, dispute):
    with pytest.raises(InvalidInput, match="is not a text of evidence"):
        disputes.save_draft(context, risk, dispute, REASON, **TEST)
    with pytest.raises(InvalidInput, match="is not a file of evidence"):
        disputes.attach(context, risk, dispute, "supporting_file_1", pdf(1), **TEST)


def test_what_is_lost_is_not_accepted_again(console, context, risk, lost):
    with pytest.raises(InvalidInput, match="without an appeal it stays so"):
        disputes.accept(context, risk, lost, **TEST)
    assert [row.kind for row in operations_kept(console) if "dispute" in row.kind] == []


def test_after_its_deadline_there_is_no_appeal(context, risk, lost, monkeypatch):
    seen = disputes.save_draft(context, risk, lost, REASON, **TEST).seen
    due = at_stripe(context, lost)["evidence_details"]["due_by"]
    monkeypatch.setattr(clock, "now", lambda: clock.from_unix(due))
    with pytest.raises(InvalidInput, match="has passed"):
        disputes.submit(context, risk, lost, seen=seen, **TEST)


def test_a_dispute_that_was_answered_takes_an_appeal(
    console, context, risk, dispute, action_emulator
):
    drafted = disputes.save_draft(context, risk, dispute, {"customer_name": "Ada"}, **TEST)
    disputes.submit(context, risk, dispute, seen=drafted.seen, **TEST)
    bring(context, action_emulator, dispute, "lost", "appeal_needs_response")
    appeal = disputes.save_draft(context, risk, dispute, REASON, **TEST)
    disputes.submit(context, risk, dispute, seen=appeal.seen, **TEST)
    assert submitted(console) == ["succeeded", "succeeded"]
    assert at_stripe(context, dispute)["evidence_details"]["submission_count"] == 2


def test_a_dispute_that_is_opened_anew_is_answered_anew(
    console, context, risk, dispute, action_emulator
):
    drafted = disputes.save_draft(context, risk, dispute, {"customer_name": "Ada"}, **TEST)
    disputes.submit(context, risk, dispute, seen=drafted.seen, **TEST)
    bring(context, action_emulator, dispute, "won", "needs_response")
    again = disputes.save_draft(context, risk, dispute, {"customer_name": "Ada L"}, **TEST)
    disputes.submit(context, risk, dispute, seen=again.seen, **TEST)
    assert at_stripe(context, dispute)["evidence_details"]["submission_count"] == 2
    mirrored(context, dispute)
    with pytest.raises(AlreadyDecided):
        disputes.submit(context, risk, dispute, seen=again.seen, **TEST)
    assert submitted(console) == ["succeeded", "succeeded"]


@pytest.mark.parametrize(
    ("place", "state"),
    [("before the call", "failed"), ("during the call", "succeeded"), ("after the call", None)],
)
def test_a_draft_of_an_appeal_that_was_cut_off_is_found_or_ends_undone(
    console, context, risk, lost, monkeypatch, place, state
):
    with cut_off(place):
        disputes.save_draft(context, risk, lost, REASON, **TEST)
    ahead(context, monkeypatch, timedelta(minutes=44))
    row = [row for row in operations_kept(console) if row.kind == "dispute.draft"][-1]
    assert row.state == (state or "succeeded")
    assert json.loads(row.params)["trace"]["fields"] == ["appeal"]


def test_an_answer_that_was_cut_off_never_sends_the_appeal(
    console, context, risk, dispute, action_emulator, monkeypatch
):
    drafted = disputes.save_draft(context, risk, dispute, {"customer_name": "Ada"}, **TEST)
    with cut_off("before the call"):
        disputes.submit(context, risk, dispute, seen=drafted.seen, **TEST)
    # Elsewhere it is lost meanwhile, and an appeal is being written.
    bring(context, action_emulator, dispute, "lost", "appeal_needs_response")
    disputes.save_draft(context, risk, dispute, REASON, **TEST)
    ahead(context, monkeypatch, timedelta(minutes=44))
    assert at_stripe(context, dispute)["status"] == "appeal_needs_response"
    assert submitted(console) == ["succeeded"]
    with pytest.raises((AlreadyDecided, RequestRepeated, OutcomeUnknown, InvalidInput)):
        disputes.accept(context, risk, dispute, **TEST)


def ahead(context, monkeypatch, step):
    """Let the worker look a few times, later."""
    now = clock.now
    with monkeypatch.context() as patch:
        for number in range(1, 5):
            patch.setattr(clock, "now", lambda part=step * number / 4: now() + part)
            resolve.resolve(context, KINDS)
