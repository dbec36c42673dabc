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
def paid(context, backend):
    """A payment that succeeded, as Stripe and the mirror have it."""
    made = pay(context, backend, "pm_card_visa").payment_intent_id
    settle(context)
    return made


@pytest.mark.parametrize("role", ROLES)
def test_each_action_asks_for_its_right(console, context, role):
    caller = Caller(person(console, role))
    name = put(context, state="dead")
    calls = {
        "event.replay": (REPLAY_EVENTS, lambda: replay(context, caller, [name])),
        "event.replay_dead": (REPLAY_EVENTS, lambda: dead(context, caller)),
        "event.dry_run": (REPLAY_EVENTS, lambda: dry(context, caller, name)),
        "event.simulate": (USE_DEVELOPER_TOOLS, lambda: made(context, caller)),
    }
    for action, (right, act) in calls.items():
        if role in MATRIX[right]:
            act()
        else:
            with pytest.raises(NotPermitted):
                act()
            assert [row.outcome for row in audited(console, action)] == ["refused"]
            assert role in MATRIX[REPLAY_EVENTS] or state_of(context, name)[0] == "dead"


def test_a_replayed_event_is_applied_again_and_noted(console, context, developer):
    name = put(context, type="price.created", subject={"id": "price_1", "object": "price"})
    assert replay(context, developer, [name]) == 1
    assert state_of(context, name)[0] == "pending"
    apply_inbox(context.engine, context.books)
    assert state_of(context, name)[0] == "skipped"
    (row,) = audited(console, "event.replay")
    assert (row.actor, row.target, row.outcome) == (developer.user_id, name, "ok")


def test_an_event_of_the_other_mode_is_not_replayed(context, developer):
    name = put(context, livemode=True, state="dead")
    with pytest.raises(NotFound):
        replay(context, developer, [name])
    assert state_of(context, name)[0] == "dead"


@pytest.mark.parametrize("count", [0, 1001])
def test_how_many_are_replayed_at_once_is_bounded(context, developer, count):
    with pytest.raises(InvalidInput, match="events: must be 1 to 1000"):
        replay(context, developer, ["evt_x"] * count)


def test_dead_events_of_one_mode_are_put_back_together(console, context, developer):
    names = [put(context, state="dead") for _ in range(3)]
    other, applied = put(context, state="dead", livemode=True), put(context)
    assert dead(context, developer) == 3
    assert {state_of(context, name)[0] for name in names} == {"pending"}
    assert state_of(context, other)[0] == "dead"
    assert state_of(context, applied)[0] == "applied"
    assert dead(context, developer) == 0
    (row,) = audited(console, "event.replay_dead")
    assert json.loads(row.details) == {"count": 3, "livemode": False}


def test_a_dry_run_says_what_would_change_and_leaves_nothing(context, developer, paid):
    later = shown(context, paid)["as_of"].replace(year=2050)
    source = real(context, paid, status="canceled", amount_received=0)
    name = put(context, type="payment_intent.canceled", subject=source, created_at=later)
    before = every_row(context)
    trial = dry(context, developer, name)
    assert every_row(context) == before
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


def test_a_dry_run_tells_exactly_what_the_replay_then_does(context, developer, paid):
    later = shown(context, paid)["as_of"].replace(year=2050)
    source = real(context, paid, amount=9900, currency="eur", metadata={"order_id": "7"})
    name = put(context, subject=source, created_at=later, state="dead")
    trial = dry(context, developer, name)
    now, then = every_row(context), None
    replay(context, developer, [name])
    apply_inbox(context.engine, context.books)
    row, then = shown(context, paid), every_row(context)
    for change in trial.changes:
        if change.table == "payments":
            assert row[change.field] == change.then, change
    changed = {name for name in then if then[name] != now[name]}
    told = {change.table for change in trial.changes}
    # What a dry run keeps to itself: the inbox's own state, numbers of ours, and the log.
    own = {"events", "stale_objects", "versions", "facets", "audit_log", "settings", "turns"}
    assert changed - own == told
    assert dry(context, developer, name).changes == ()


def test_a_dry_run_of_what_is_known_already_changes_nothing(context, developer, paid):
    name = put(context, subject=real(context, paid), created_at=shown(context, paid)["created_at"])
    trial = dry(context, developer, name)
    assert trial.changes == ()
    assert trial.read_again == (("payment_intent", paid),)


def test_a_dry_run_of_a_type_that_changes_nothing_says_so(context, developer):
    for given in ({"subject": {"id": "price_1", "object": "price"}}, {"account": "acct_1"}):
        assert dry(context, developer, put(context, **given)).known is False


def test_a_dry_run_of_a_bad_event_says_why_it_would_fail(context, developer):
    wrong = {"id": "pi_1", "object": "payment_intent", "livemode": True}
    before = every_row(context)
    trial = dry(context, developer, put(context, subject=wrong, state="dead"))
    assert trial.error == "livemode of the object differs from the event's"
    broken = put(context, body=b'{"data": []}', state="dead")
    assert dry(context, developer, broken).error == "TypeError"
    after = every_row(context)
    assert {name for name in after if after[name] != before[name]} == {"events"}


def test_a_dry_run_of_no_event_is_not_found(context, developer):
    with pytest.raises(NotFound):
        dry(context, developer, "evt_none")
    with pytest.raises(NotFound):
        dry(context, developer, put(context), livemode=True)
