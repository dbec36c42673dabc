"""Answers and drafts that were cut off: the worker finds out, submits once, overwrites nothing."""

import json
from datetime import timedelta
from itertools import count

import pytest

from core import clock
from core.access.principals import Caller
from core.actions.disputes import disputes
from core.actions.operation_kinds import KINDS
from core.actions.operations import resolve
from core.emulator.server import start_emulator
from core.errors import AlreadyDecided, OutcomeUnknown, RequestRepeated
from core.gateway.client import Gateway
from tests.support.disputes import TEST, at_stripe, disputed, pdf
from tests.support.fixtures_access import person
from tests.support.fixtures_actions import make_context, operations_kept
from tests.support.refund_crashes import PLACES, Killed, cut_off, killed

#: The places that every operation passes, and whether Stripe has acted by then.
SHARED = {
    "before the call": False,
    "during the call": True,
    "after the call": True,
    "in the second, before the mirror": True,
    "in the second, after the mirror": True,
    "in the second, before its end": True,
}
_NOW = clock.now
_SEEDS = count(11)


@pytest.fixture
def console(both_consoles):
    return both_consoles


@pytest.fixture
def emulator(tmp_path):
    # Each with ids of its own: the database has met those of the tests before.
    with start_emulator(state_path=tmp_path / "emulator.db", seed=next(_SEEDS)) as running:
        yield running


@pytest.fixture
def context(console, emulator):
    return make_context(console, emulator)


@pytest.fixture
def risk(console):
    return Caller(person(console, "risk"))


@pytest.fixture
def dispute(context, emulator, backend):
    return disputed(context, emulator, backend)


@pytest.fixture
def later(emulator, monkeypatch):
    """Move the clock here and at Stripe, then let the worker look until nothing is due."""
    moved = timedelta()

    def move(context, step):
        nonlocal moved
        moved += step
        emulator.advance(int(step.total_seconds()))
        ahead = moved
        monkeypatch.setattr(clock, "now", lambda: _NOW() + ahead)
        resolve.resolve(context, KINDS)

    return move


def last(console, kind):
    return [row for row in operations_kept(console) if row.kind == kind][-1]


def prepared(context, risk, dispute):
    return disputes.save_draft(context, risk, dispute, {"customer_name": "Ada"}, **TEST).seen


@pytest.mark.parametrize("place", SHARED)
def test_a_submission_is_made_or_found_once(console, context, risk, dispute, later, place):
    seen = prepared(context, risk, dispute)
    with cut_off(place):
        disputes.submit(context, risk, dispute, seen=seen, **TEST)
    counted = at_stripe(context, dispute)["evidence_details"]["submission_count"]
    assert counted == int(SHARED[place])
    with pytest.raises((RequestRepeated, OutcomeUnknown)):
        disputes.submit(context, risk, dispute, seen=seen, **TEST)
    for _ in range(4):
        later(context, timedelta(minutes=11))
    assert last(console, "dispute.submit").state == "succeeded"
    assert at_stripe(context, dispute)["evidence_details"]["submission_count"] == 1
    with pytest.raises(AlreadyDecided):
        disputes.accept(context, risk, dispute, **TEST)


@pytest.mark.parametrize("place", SHARED)
def test_a_loss_is_accepted_once(console, context, risk, dispute, later, place):
    with cut_off(place):
        disputes.accept(context, risk, dispute, **TEST)
    for _ in range(4):
        later(context, timedelta(minutes=11))
    assert last(console, "dispute.accept").state == "succeeded"
    assert at_stripe(context, dispute)["status"] == "lost"


@pytest.mark.parametrize("place", SHARED)
def test_a_draft_is_found_or_ends_undone(console, context, risk, dispute, later, place):
    with cut_off(place):
        prepared(context, risk, dispute)
    for _ in range(4):
        later(context, timedelta(minutes=11))
    row = last(console, "dispute.draft")
    assert row.state == ("succeeded" if SHARED[place] else "failed")
    assert at_stripe(context, dispute)["evidence"]["customer_name"] == (
        "Ada" if SHARED[place] else None
    )
    assert "Ada" not in row.params


def test_a_lost_draft_never_comes_back_over_a_later_one(context, risk, dispute, later):
    with cut_off("before the call"):
        prepared(context, risk, dispute)
    disputes.save_draft(context, risk, dispute, {"customer_name": "Grace"}, **TEST)
    for _ in range(6):
        later(context, timedelta(minutes=11))
    assert at_stripe(context, dispute)["evidence"]["customer_name"] == "Grace"


@pytest.mark.parametrize("place", [place for place in SHARED if place != "before the call"])
def test_an_upload_is_found_by_its_name(console, context, risk, dispute, later, place):
    with cut_off(place):
        disputes.attach(context, risk, dispute, "receipt", pdf(2), **TEST)
    for _ in range(4):
        later(context, timedelta(minutes=11))
    row = last(console, "dispute.upload")
    assert row.state == "succeeded"
    assert json.loads(row.params)["trace"]["fields"] == ["content"]
    assert len(context.gateway(False).get("/v1/files")["data"]) == 1


def test_an_upload_that_never_left_ends_undone(console, context, risk, dispute, later, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Gateway, "upload", killed)
        with pytest.raises(Killed):
            disputes.attach(context, risk, dispute, "receipt", pdf(2), **TEST)
    for _ in range(4):
        later(context, timedelta(minutes=11))
    assert last(console, "dispute.upload").state == "failed"
    assert disputes.attach(context, risk, dispute, "receipt", pdf(2), **TEST).pages == 2


def test_after_the_key_has_ended_a_submission_may_be_asked_for_again(
    console, context, risk, dispute, later
):
    seen = prepared(context, risk, dispute)
    with cut_off("before the call"):
        disputes.submit(context, risk, dispute, seen=seen, **TEST)
    later(context, timedelta(hours=25))
    assert last(console, "dispute.submit").state == "failed"
    disputes.submit(context, risk, dispute, seen=seen, **TEST)
    assert at_stripe(context, dispute)["evidence_details"]["submission_count"] == 1


def test_a_worker_that_sent_drafts_again_would_be_seen(context, risk, dispute, later, monkeypatch):
    """The planted bug: a later draft is overwritten by one that was cut off."""

    def send_again(_context, sending, _why):
        context.gateway(False).post(
            sending.path,
            idempotency_key=sending.operation_id,
            evidence={"customer_name": "Ada"},
            submit=False,
        )

    monkeypatch.setattr(resolve, "end_undone", send_again)
    with pytest.raises(AssertionError):
        test_a_lost_draft_never_comes_back_over_a_later_one(context, risk, dispute, later)


def test_every_shared_place_exists():
    assert SHARED.keys() <= PLACES.keys()
