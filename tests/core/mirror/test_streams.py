"""Each stream says as of when it is fresh, and why it is not, within a minute."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.exc import DBAPIError, OperationalError

from core import clock
from core.clock import NEVER
from core.db.engine import is_full, is_passing, reading, writing
from core.db.tables import events, stale_objects, streams
from core.domain import cursors
from core.domain.stream_limits import EVENTS, INBOX, LEDGER, PAYOUTS, REFRESH
from core.errors import (
    MalformedObject,
    StripeBusy,
    StripeKeyRefused,
    StripeRefused,
    StripeUnreachable,
)
from core.events.coverage import events_name
from core.inbox.event_processor import apply_inbox
from core.inbox.poll import poll
from core.mirror import refresh_queue
from core.mirror import streams as writes
from core.mirror.backfill import backfill
from core.mirror.streams import Recorder, every_so_often
from core.reads.overview import streams as reads
from tests.core.inbox.test_event_processor import intent, put

MINUTE = timedelta(seconds=60)


@pytest.fixture
def later(monkeypatch):
    """Moves this process's clock on; what was moved adds up."""
    true, moved = clock.now, [timedelta(0)]
    monkeypatch.setattr(clock, "now", lambda: true() + moved[0])

    def later(**by):
        moved[0] += timedelta(**by)

    return later


def states(engine, livemode=False):
    with reading(engine) as connection:
        found = reads.stream_states(connection, livemode=livemode, now=clock.now())
    return {one.name: one for one in found}


def state(engine, name):
    return states(engine)[name]


def fails(error):
    def step():
        raise error

    return step


def step_of(recorder, step, name=LEDGER, part=""):
    return recorder.watched(name, [False], step, every=1, part=part)


def attempt(step):
    """A step as a loop takes it: an error is waited for."""
    try:
        step()
    except (StripeKeyRefused, StripeBusy, StripeUnreachable, OperationalError, ZeroDivisionError):
        return


ANSWERS = {
    "401": (StripeKeyRefused(http_status=401), "stripe_key_refused"),
    "429": (StripeBusy(http_status=429), "stripe_busy"),
    "500": (StripeUnreachable(http_status=500), "stripe_unreachable"),
    "database": (OperationalError("", {}, Exception(2006, "gone")), "database_down"),
    "disk": (OperationalError("", {}, Exception(1021, "Disk full")), "disk_full"),
    "a bug": (ZeroDivisionError(), "internal_error"),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_fault_stops_a_stream_within_a_minute_and_its_end_clears_it(engine, later, answer):
    error, code = ANSWERS[answer]
    recorder = Recorder(engine)
    answers = [fails(error)]
    step = step_of(recorder, lambda: answers[0]() if answers else False)
    attempt(step)
    later(seconds=50)
    attempt(step)
    found = state(engine, LEDGER)
    assert (found.state, found.error) == ("stopped", code)
    assert found.reason
    answers.clear()
    later(seconds=61)
    recorder = Recorder(engine)
    step_of(recorder, lambda: False)()
    later(seconds=61)
    step_of(recorder, lambda: False)()
    recorder.flush()
    assert state(engine, LEDGER).state == "fresh"


def test_a_fault_that_passes_at_once_is_told_to_nobody(engine, later):
    answers = [None, StripeBusy(), None]
    step = step_of(Recorder(engine), lambda: fails(found)() if (found := answers.pop(0)) else False)
    step()
    attempt(step)
    later(seconds=5)
    assert state(engine, LEDGER).state == "fresh"
    step()
    later(seconds=20)
    assert state(engine, LEDGER).state == "fresh"


def test_the_right_that_a_key_lacks_is_named(engine, later):
    error = StripeKeyRefused(http_status=403)
    error.permissions = ("rak_balance_transaction_source_read",)
    attempt(step_of(Recorder(engine), fails(error)))
    later(seconds=20)
    assert state(engine, LEDGER).permission == "rak_balance_transaction_source_read"


def test_a_fault_is_told_since_its_begin_across_workers(engine, later):
    attempt(step_of(Recorder(engine), fails(StripeBusy())))
    since = clock.now()
    later(hours=2)
    attempt(step_of(Recorder(engine), fails(StripeBusy())))
    assert abs(state(engine, LEDGER).since - since) < timedelta(seconds=5)


def test_a_worker_that_dies_and_dies_again_is_not_called_fresh(engine, later):
    for _ in range(6):
        recorder = Recorder(engine)
        step = step_of(recorder, lambda: False)
        step()
        attempt(step_of(recorder, fails(ZeroDivisionError())))
        later(seconds=5)
    found = state(engine, LEDGER)
    assert (found.state, found.error) == ("stopped", "internal_error")
    recorder = Recorder(engine)
    step = step_of(recorder, lambda: False)
    step()
    assert state(engine, LEDGER).state == "stopped"
    later(seconds=61)
    step()
    recorder.flush()
    assert state(engine, LEDGER).state == "fresh"


@pytest.mark.parametrize("name", [INBOX, REFRESH, EVENTS, LEDGER, PAYOUTS])
def test_a_worker_that_is_dead_makes_every_stream_late_within_a_minute(engine, later, name):
    recorder = Recorder(engine)
    step_of(recorder, lambda: False, name)()
    recorder.flush()
    assert state(engine, name).state == "fresh"
    later(seconds=60)
    found = state(engine, name)
    assert (found.state, found.error) == ("late", "silent")


def test_one_loop_that_hangs_makes_its_stream_late_while_others_go_on(engine, later):
    recorder = Recorder(engine)
    walk = step_of(recorder, lambda: False)
    gaps = step_of(recorder, lambda: False, part="gaps")
    inbox = step_of(recorder, lambda: False, INBOX)
    for step in (walk, gaps, inbox):
        step()
    for _ in range(12):
        later(seconds=5)
        walk()
        inbox()
        recorder.flush()
    assert state(engine, LEDGER).state == "late"
    assert state(engine, INBOX).state == "fresh"


def test_a_stream_whose_own_loop_has_not_stepped_says_nothing(engine):
    recorder = Recorder(engine)
    step_of(recorder, lambda: False, part="gaps")()
    step = step_of(recorder, lambda: False)
    recorder.flush()
    assert states(engine) == {}
    step()
    assert state(engine, LEDGER).state == "fresh"


def test_a_check_that_fails_stops_its_stream_and_a_good_walk_does_not_hide_it(engine, later):
    recorder = Recorder(engine)
    walk = step_of(recorder, lambda: False)
    check = step_of(recorder, fails(StripeKeyRefused(http_status=403)), part="balance check")
    walk()
    attempt(check)
    for _ in range(4):
        later(seconds=5)
        walk()
        recorder.flush()
    assert state(engine, LEDGER).state == "stopped"


@pytest.mark.parametrize("noted", [True, False])
def test_steps_that_nobody_notes_are_no_sign_of_life(engine, later, monkeypatch, noted):
    """Without the noting, which is the fault that is planted, a worker that works looks dead."""
    recorder = Recorder(engine)
    step = step_of(recorder, lambda: False)
    step()
    if not noted:
        monkeypatch.setattr(Recorder, "_ended_well", lambda *_: None)
    for _ in range(12):
        later(seconds=5)
        step()
        recorder.flush()
    assert state(engine, LEDGER).state == ("fresh" if noted else "late")


def test_an_idle_worker_writes_once_in_ten_seconds(engine, later):
    recorder = Recorder(engine)
    steps = [step_of(recorder, lambda: False, name) for name in (INBOX, LEDGER, REFRESH)]
    written = []
    event.listen(engine, "commit", lambda _connection: written.append(1))
    for step in steps:
        step()
    first = len(written)
    for _ in range(100):
        later(milliseconds=100)
        for step in steps:
            step()
    assert len(written) == first
    recorder.flush()
    assert len(written) == first + 1


def test_an_event_that_waits_says_as_of_when_the_inbox_is_fresh(engine, books, later):
    recorder = Recorder(engine)
    step = step_of(recorder, lambda: apply_inbox(engine, books).any, INBOX)
    idle = step_of(recorder, lambda: False, INBOX)
    put(engine, 1, intent(1))
    received = clock.now()
    for _ in range(14):
        later(seconds=5)
        idle()
    recorder.flush()
    found = state(engine, INBOX)
    assert (found.state, found.error) == ("late", "behind")
    assert abs(found.fresh_as_of - received) < timedelta(seconds=2)
    assert found.behind > MINUTE
    step()
    recorder.flush()
    assert state(engine, INBOX).behind < timedelta(seconds=2)


def test_one_bad_event_makes_no_stream_late(engine, books, later):
    recorder = Recorder(engine)
    put(engine, 1, intent(1, livemode=True))
    step = step_of(recorder, lambda: apply_inbox(engine, books).any, INBOX)
    for _ in range(30):
        step()
        later(seconds=5)
    step()
    recorder.flush()
    assert state(engine, INBOX).state == "fresh"


def test_objects_that_are_due_say_as_of_when_readings_are_fresh(engine, later):
    recorder = Recorder(engine)
    step = step_of(recorder, lambda: False, REFRESH)
    for kind in ("charge", "payout"):
        mark(engine, kind)
    step_of(recorder, lambda: False, PAYOUTS)()
    for _ in range(27):
        later(seconds=5)
        step()
    recorder.flush()
    assert state(engine, REFRESH).error == "behind"
    with writing(engine) as connection:
        connection.execute(update(stale_objects).values(next_attempt_at=NEVER))
    step()
    recorder.flush()
    assert state(engine, REFRESH).state == "fresh"


def test_a_payout_that_is_not_read_makes_payouts_late_and_nothing_else(engine, later):
    recorder = Recorder(engine)
    steps = [step_of(recorder, lambda: False, name) for name in (REFRESH, PAYOUTS)]
    mark(engine, "payout_ledger")
    with writing(engine) as connection:
        soon = clock.now() + timedelta(hours=3)
        connection.execute(update(stale_objects).values(next_attempt_at=soon, attempts=3))
    later(minutes=20)
    for step in steps:
        step()
    recorder.flush()
    assert {name: one.state for name, one in states(engine).items()} == {
        REFRESH: "fresh",
        PAYOUTS: "late",
    }


def mark(engine, kind):
    with writing(engine) as connection:
        one = refresh_queue.RefreshRequest(kind, f"{kind}_1", False, clock.now(), None)
        refresh_queue.enqueue(connection, [one], at=clock.now())


def test_the_ledger_is_fresh_as_of_its_last_walk_whatever_the_clock_says(engine, later):
    recorder = Recorder(engine)
    walked = clock.now()
    step = step_of(recorder, lambda: False)
    recorder.reached(LEDGER, False, walked)
    for _ in range(50):
        step()
        later(seconds=5)
    step()
    recorder.flush()
    with reading(engine) as connection:
        assert reads.ledger_as_of(connection, livemode=False) == walked
    assert state(engine, LEDGER).state == "fresh"
    for _ in range(25):
        step()
        later(seconds=5)
    step()
    recorder.flush()
    assert state(engine, LEDGER).error == "behind"


def test_the_mirror_is_fresh_as_of_the_later_of_inbox_and_readings(engine, later):
    recorder = Recorder(engine)
    steps = [step_of(recorder, lambda: False, name) for name in (INBOX, REFRESH)]
    put(engine, 1, intent(1))
    received = clock.now()
    later(seconds=30)
    for step in steps:
        step()
    recorder.flush()
    with reading(engine) as connection:
        as_of = reads.mirror_as_of(connection, livemode=False)
        assert reads.mirror_as_of(connection, livemode=True) is None
    assert abs(as_of - received) < timedelta(seconds=2)


def test_a_mode_has_streams_of_its_own(engine, later):
    recorder = Recorder(engine)
    attempt(recorder.watched(LEDGER, [True], fails(StripeBusy()), every=1))
    step_of(recorder, lambda: False)()
    later(seconds=20)
    assert states(engine, livemode=True)[LEDGER].state == "stopped"
    assert states(engine, livemode=False)[LEDGER].state == "fresh"


def test_what_is_due_less_often_is_taken_less_often_and_after_a_fault_at_once(later):
    taken, answers = [], [fails(StripeBusy())]

    def step():
        taken.append(1)
        return answers[0]() if answers else False

    now_and_then = every_so_often(step, 60)
    attempt(now_and_then)
    answers.clear()
    for _ in range(3):
        now_and_then()
    assert len(taken) == 2
    later(seconds=61)
    now_and_then()
    assert len(taken) == 3
    later(days=-2)
    now_and_then()
    assert len(taken) == 4


# --- a backfill


class Lists:
    """A gateway whose lists are empty, but for what is refused."""

    livemode = False

    def __init__(self, **refused):
        self.refused = refused
        self.asked = []

    def get(self, path, **_params):
        self.asked.append(path)
        for part, error in self.refused.items():
            if part in path:
                raise error
        return {"object": "list", "data": [], "has_more": False}

    def pages(self, _path, **_params):
        return iter(())


def sync(engine, books, gateway, days=90):
    since = clock.now() - timedelta(days=days)
    return backfill(engine, gateway, books, since=since, report=lambda progress: None)


def test_a_backfill_that_ended_is_fresh_as_of_its_begin(engine, books, later):
    began = clock.now()
    sync(engine, books, Lists())
    found = state(engine, "backfill")
    assert found.state == "fresh"
    assert abs(found.fresh_as_of - began) < timedelta(seconds=5)
    later(days=90)
    assert state(engine, "backfill").state == "fresh"


def test_a_backfill_that_is_to_begin_is_told_of_and_takes_nothing_back(engine, books):
    writes.note_running(engine, livemode=False)
    found = state(engine, "backfill")
    assert (found.state, found.reason) == ("running", None)
    sync(engine, books, Lists())
    began = state(engine, "backfill").fresh_as_of
    writes.note_running(engine, livemode=False)
    found = state(engine, "backfill")
    assert (found.state, found.fresh_as_of) == ("running", began)


def test_a_backfill_that_stripe_stopped_says_why_until_one_ends(engine, books, later):
    with pytest.raises(StripeKeyRefused):
        sync(engine, books, Lists(refunds=StripeKeyRefused(http_status=401)))
    later(seconds=20)
    found = state(engine, "backfill")
    assert (found.state, found.error) == ("stopped", "stripe_key_refused")
    sync(engine, books, Lists())
    assert state(engine, "backfill").state == "fresh"


def test_a_backfill_that_was_killed_is_late_once_it_is_silent(engine, later):
    killed = writes.Backfilling(engine, False, clock.now())
    killed.__enter__()
    assert state(engine, "backfill").state == "running"
    later(seconds=90)
    killed.goes_on(40)
    assert state(engine, "backfill").reason == "40"
    later(seconds=60)
    assert state(engine, "backfill").state == "running"
    later(seconds=90)
    found = state(engine, "backfill")
    assert (found.state, found.error) == ("late", "cut_short")


def test_a_list_that_a_key_has_no_right_to_leaves_a_backfill_incomplete(engine, books):
    refused = StripeKeyRefused(http_status=403)
    refused.permissions = ("rak_review_read",)
    sync(engine, books, Lists(reviews=refused))
    found = state(engine, "backfill")
    assert (found.state, found.permission) == ("incomplete", "rak_review_read")
    assert "review" in found.reason
    sync(engine, books, Lists())
    assert state(engine, "backfill").state == "fresh"


def test_an_account_without_radar_is_complete(engine, books):
    sync(engine, books, Lists(radar=StripeKeyRefused(http_status=403)))
    assert state(engine, "backfill").state == "fresh"


def miss_events(engine, days=40):
    since = clock.now() - timedelta(days=days)
    with writing(engine) as connection:
        where = {"since": clock.to_unix(since)}
        cursors.keep_position(connection, events_name(False), where, at=since)
    poll(engine, Lists())
    return since


def test_a_gap_of_events_is_told_until_a_backfill_reached_back_to_it(engine, books, later):
    since = miss_events(engine)
    later(seconds=20)
    found = state(engine, "backfill")
    assert (found.state, found.error) == ("stopped", "gap")
    assert abs(found.fresh_as_of - since) < timedelta(seconds=2)
    poll(engine, Lists())
    sync(engine, books, Lists(), days=10)
    assert state(engine, "backfill").error == "gap"
    with pytest.raises(StripeKeyRefused):
        sync(engine, books, Lists(customers=StripeKeyRefused(http_status=401)))
    assert state(engine, "backfill").error == "gap"
    sync(engine, books, Lists(), days=41)
    assert state(engine, "backfill").state == "fresh"


def test_a_poll_in_time_tells_of_no_gap(engine):
    miss_events(engine, days=20)
    assert "backfill" not in states(engine)


# --- what a database says when it cannot write

FULL = [
    (1021, "Disk full (/tmp/#sql); waiting for someone to free some space... (errno: 28)"),
    (1114, "The table 'events' is full"),
    (1030, 'Got error 28 "No space left on device" from storage engine InnoDB'),
    (1026, 'Error writing file (Errcode: 28 "No space left on device")'),
    ("database or disk is full",),
]


@pytest.mark.parametrize("said", FULL)
def test_a_full_disk_is_known_by_what_the_database_says(said):
    error = OperationalError("", {}, Exception(*said))
    assert is_full(error)
    assert is_passing(error)


@pytest.mark.parametrize("said", [(1064, "syntax, line 28"), (1062, "error 2800"), ("no such",)])
def test_other_errors_are_not_taken_for_a_full_disk(said):
    error = OperationalError("", {}, Exception(*said))
    assert not is_full(error)
    assert not is_passing(error)


def test_a_full_disk_is_blamed_on_no_event(engine, books, monkeypatch):
    put(engine, 1, intent(1))
    put(engine, 2, intent(2))

    def full(*_args, **_kwargs):
        raise DBAPIError("", {}, Exception("database or disk is full"))

    monkeypatch.setattr("core.inbox.event_processor.apply", full)
    with pytest.raises(DBAPIError):
        apply_inbox(engine, books)
    with reading(engine) as connection:
        assert set(connection.scalars(select(events.c.attempts))) == {0}


def test_a_reason_tells_no_statement_and_no_body(engine, later):
    said = OperationalError("INSERT INTO payments", {"a": 1}, Exception(2006, "secret"))
    fault = writes.fault_of(said)
    assert (fault.error, fault.reason) == ("database_down", "OperationalError")
    assert writes.fault_of(ValueError("4242424242424242")).reason == "ValueError"
    assert writes.fault_of(MalformedObject("id is not text")).reason == "id is not text"
    refused = StripeRefused("No such thing", http_status=400)
    assert writes.fault_of(refused).reason == "No such thing (HTTP 400)"


def test_what_stands_in_the_table_outlives_a_worker(engine):
    recorder = Recorder(engine)
    step_of(recorder, lambda: False)()
    recorder.reached(LEDGER, False, clock.now())
    recorder.flush()
    with reading(engine) as connection:
        before = connection.execute(select(streams.c.fresh_as_of)).scalar_one()
    step_of(Recorder(engine), lambda: False)()
    with reading(engine) as connection:
        assert connection.execute(select(streams.c.fresh_as_of)).scalar_one() == before
