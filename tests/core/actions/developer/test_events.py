"""Events again and on trial: by whom, with what effect, and what is never left behind."""

from __future__ import annotations

import json

import pytest

from core.access.principals import Caller
from core.access.rights import MATRIX, REPLAY_EVENTS, ROLES, USE_DEVELOPER_TOOLS
from core.errors import InvalidInput, NotFound, NotPermitted
from core.inbox.event_processor import apply_inbox
from tests.support.events import (
    dead,
    dry,
    every_row,
    made,
    put,
    real,
    replay,
    settle,
    shown,
    state_of,
)
from tests.support.fixtures_access import audited, person
from tests.support.fixtures_actions import pay


@pytest.fixture
def developer(console):
    return Caller(person(console, "developer"))


@pytest.fixture
def paid(desk, backend):
    """A payment that succeeded, as Stripe and the mirror have it."""
    made = pay(desk, backend, "pm_card_visa").payment_intent_id
    settle(desk)
    return made


@pytest.mark.parametrize("role", ROLES)
def test_each_action_asks_for_its_right(console, desk, role):
    caller = Caller(person(console, role))
    name = put(desk, state="dead")
    calls = {
        "event.replay": (REPLAY_EVENTS, lambda: replay(desk, caller, [name])),
        "event.replay_dead": (REPLAY_EVENTS, lambda: dead(desk, caller)),
        "event.dry_run": (REPLAY_EVENTS, lambda: dry(desk, caller, name)),
        "event.simulate": (USE_DEVELOPER_TOOLS, lambda: made(desk, caller)),
    }
    for action, (right, act) in calls.items():
        if role in MATRIX[right]:
            act()
        else:
            with pytest.raises(NotPermitted):
                act()
            assert [row.outcome for row in audited(console, action)] == ["refused"]
            assert role in MATRIX[REPLAY_EVENTS] or state_of(desk, name)[0] == "dead"


def test_a_replayed_event_is_applied_again_and_noted(console, desk, developer):
    name = put(desk, type="price.created", subject={"id": "price_1", "object": "price"})
    assert replay(desk, developer, [name]) == 1
    assert state_of(desk, name)[0] == "pending"
    apply_inbox(desk.engine, desk.books)
    assert state_of(desk, name)[0] == "skipped"
    (row,) = audited(console, "event.replay")
    assert (row.actor, row.target, row.outcome) == (developer.user_id, name, "ok")


def test_an_event_of_the_other_mode_is_not_replayed(desk, developer):
    name = put(desk, livemode=True, state="dead")
    with pytest.raises(NotFound):
        replay(desk, developer, [name])
    assert state_of(desk, name)[0] == "dead"


@pytest.mark.parametrize("count", [0, 1001])
def test_how_many_are_replayed_at_once_is_bounded(desk, developer, count):
    with pytest.raises(InvalidInput, match="events: must be 1 to 1000"):
        replay(desk, developer, ["evt_x"] * count)


def test_dead_events_of_one_mode_are_put_back_together(console, desk, developer):
    names = [put(desk, state="dead") for _ in range(3)]
    other, applied = put(desk, state="dead", livemode=True), put(desk)
    assert dead(desk, developer) == 3
    assert {state_of(desk, name)[0] for name in names} == {"pending"}
    assert state_of(desk, other)[0] == "dead"
    assert state_of(desk, applied)[0] == "applied"
    assert dead(desk, developer) == 0
    (row,) = audited(console, "event.replay_dead")
    assert json.loads(row.details) == {"count": 3, "livemode": False}


def test_a_dry_run_says_what_would_change_and_leaves_nothing(desk, developer, paid):
    later = shown(desk, paid)["as_of"].replace(year=2050)
    source = real(desk, paid, status="canceled", amount_received=0)
    name = put(desk, type="payment_intent.canceled", subject=source, created_at=later)
    before = every_row(desk)
    trial = dry(desk, developer, name)
    assert every_row(desk) == before
    fields = {(c.table, c.field): (c.now, c.then) for c in trial.changes}
    assert fields["payments", "status"] == ("succeeded", "canceled")
    assert fields["payments", "amount_received_minor"] == (1234, 0)
    assert fields["payments", "confirmed"] == (True, False)
    counts = {
        c.key: (c.now, c.then)
        for c in trial.changes
        if (c.table, c.field) == ("payments_daily", "count")
    }
    assert sorted(counts.values()) == [(0, 1), (1, 0)]
    assert trial.read_again == (("payment_intent", paid),)
    assert trial.known
    assert trial.error is None


def test_a_dry_run_tells_exactly_what_the_replay_then_does(desk, developer, paid):
    later = shown(desk, paid)["as_of"].replace(year=2050)
    source = real(desk, paid, amount=9900, currency="eur", metadata={"order_id": "7"})
    name = put(desk, subject=source, created_at=later, state="dead")
    trial = dry(desk, developer, name)
    now, then = every_row(desk), None
    replay(desk, developer, [name])
    apply_inbox(desk.engine, desk.books)
    row, then = shown(desk, paid), every_row(desk)
    for change in trial.changes:
        if change.table == "payments":
            assert row[change.field] == change.then, change
    changed = {name for name in then if then[name] != now[name]}
    told = {change.table for change in trial.changes}
    # What a dry run keeps to itself: the inbox's own state, numbers of ours, and the log.
    own = {"events", "stale_objects", "versions", "facets", "audit_log", "settings"}
    assert changed - own == told
    assert dry(desk, developer, name).changes == ()


def test_a_dry_run_of_what_is_known_already_changes_nothing(desk, developer, paid):
    name = put(desk, subject=real(desk, paid), created_at=shown(desk, paid)["created_at"])
    trial = dry(desk, developer, name)
    assert trial.changes == ()
    assert trial.read_again == (("payment_intent", paid),)


def test_a_dry_run_of_a_type_that_changes_nothing_says_so(desk, developer):
    for given in ({"subject": {"id": "price_1", "object": "price"}}, {"account": "acct_1"}):
        assert dry(desk, developer, put(desk, **given)).known is False


def test_a_dry_run_of_a_bad_event_says_why_it_would_fail(desk, developer):
    wrong = {"id": "pi_1", "object": "payment_intent", "livemode": True}
    before = every_row(desk)
    trial = dry(desk, developer, put(desk, subject=wrong, state="dead"))
    assert trial.error == "livemode of the object differs from the event's"
    broken = put(desk, body=b'{"data": []}', state="dead")
    assert dry(desk, developer, broken).error == "TypeError"
    after = every_row(desk)
    assert {name for name in after if after[name] != before[name]} == {"events"}


def test_a_dry_run_of_no_event_is_not_found(desk, developer):
    with pytest.raises(NotFound):
        dry(desk, developer, "evt_none")
    with pytest.raises(NotFound):
        dry(desk, developer, put(desk), livemode=True)
