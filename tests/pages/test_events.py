"""Events: found by one line, opened with trace and trial, applied again, and made up."""

import json
from datetime import timedelta

import pytest

from core import clock
from core.clock import NEVER
from core.db.engine import writing
from core.inbox.event_processor import apply_inbox
from tests.support.events import put, settle, state_of
from tests.support.fixtures_access import audited, give, person
from tests.support.fixtures_actions import pay
from tests.support.fixtures_logs import event
from tests.support.fixtures_screens import HOSTILE
from tests.support.kit_parts import tables


@pytest.fixture
def as_role(console, nothing_cached, screen_as, context, monkeypatch):
    """The screen over a few events, as a role sees it: `as_role("admin", q=…)`."""
    from dashboard.ui import viewer as page_console

    monkeypatch.setattr(page_console, "_context", lambda _console: (context, Quiet()))
    now = clock.now()
    with writing(console.engine) as conn:
        for n in range(3):
            event(conn, received_at=now - timedelta(seconds=50 + n))
        event(conn, type="charge.updated", state="dead", attempts=8, last_error="KeyError")
    people = {}

    def run(role="developer", **query):
        people.setdefault(role, person(console, role))
        test = screen_as(people[role], "events", **query)
        assert not test.exception
        return test

    run.people = people
    return run


class Quiet:
    """A log of calls that nobody reads."""

    def flush(self):
        return 0


def rows(test):
    return next(f.value for f in tables(test) if "event" in f.value)


def dead_id(test):
    return rows(test)["event"][list(rows(test)["state"]).index(["Dead"])]


def words(test):
    said = [*test.text, *test.code, *test.markdown, *test.caption, *test.error, *test.warning]
    return " ".join(one.value.replace("\\", "") for one in said)


def test_events_stand_there_newest_first_with_what_went_wrong(as_role):
    found = rows(as_role())
    assert sorted(found["received"], reverse=True) == list(found["received"])
    assert list(found["error"]).count("KeyError") == 1
    assert set(rows(as_role(q="-state:dead"))["source"]) == {"Webhook"}


def test_segments_and_filters_rewrite_the_line(as_role):
    test = as_role(q="type:charge.*")
    assert len(rows(test)) == 1
    test.get_by_key("s_state").set_value("applied").run()
    assert test.query_params["q"] == "type:charge.* state:applied"
    assert not any("event" in f.value for f in tables(test))
    test.get_by_key("f_type").set_value(["payment_intent.*"]).run()
    assert len(rows(test)) == 3


def test_a_term_that_is_none_is_named(as_role):
    assert "amount" in words(as_role(q="amount:>5"))


def test_a_dead_event_opens_with_its_trace(as_role):
    test = as_role(event=dead_id(as_role()))
    said = words(test)
    assert "charge.updated" in said
    assert "Tries that failed: 8" in said
    assert "KeyError" in said
    assert "Given up" in said


PASSED = {
    "not_mirrored": "Nothing here shows its object",
    "connected_account": "Of a connected account",
    "no_key": "No key for its mode",
    "test_button": "Sent by Stripe's test button",
    "brand_new": "brand_new",
}


@pytest.fixture
def passed(console, as_role):
    """The id of an event passed over for each reason."""
    with writing(console.engine) as conn:
        return {
            reason: event(conn, state="skipped", skipped_because=reason, account="acct_1Other")
            for reason in PASSED
        }


def test_an_event_that_was_passed_over_says_why(as_role, passed):
    table = rows(as_role(q="state:skipped"))
    assert dict(zip(table["event"], table["because"], strict=True)) == {
        passed[reason]: said for reason, said in PASSED.items()
    }
    for reason, said in PASSED.items():
        trace = words(as_role(event=passed[reason]))
        assert f"Passed over: {said}" in trace
        assert "acct_1Other" in trace


def test_events_are_found_by_why_they_were_passed_over(as_role, passed):
    test = as_role(q="because:connected_account")
    assert list(rows(test)["event"]) == [passed["connected_account"]]
    test.get_by_key("f_because").set_value(["no_key", "test_button"]).run()
    assert test.query_params["q"] == "because:no_key,test_button"
    assert len(rows(test)) == 2
    assert "because" in words(as_role(q="because:rain"))


def test_a_trial_of_what_would_be_passed_over_says_why(as_role, context):
    test = as_role(event=put(context, stripe_id="evt_00000000000000"))
    test.button(key="event_try").click().run()
    assert "It would be passed over: Sent by Stripe's test button." in words(test)


def test_a_thin_event_shows_what_became_of_its_object(console, as_role):
    thin = {
        "object": "v2.core.event",
        "type": "v1.charge.updated",
        "related_object": {"id": "ch_9", "type": "charge", "url": "/v1/charges/ch_9"},
    }
    with writing(console.engine) as conn:
        name = event(conn, type=thin["type"], object_id="ch_9", body=json.dumps(thin).encode())
    said = words(as_role(event=name))
    assert "Thin event" in said
    assert "Attempt: not at Stripe, nothing is shown of it" in said
    assert name in " ".join(rows(as_role(q="object:ch_9"))["event"])


def test_events_of_a_mode_without_a_key_are_told_and_shown(console, as_role):
    with writing(console.engine) as conn:
        waiting = {"state": "skipped", "skipped_because": "no_key", "next_attempt_at": NEVER}
        name = event(conn, livemode=True, **waiting)
    test = as_role()
    assert "Events of live mode that wait for a key: 1" in words(test)
    assert len(rows(test)) == 4
    test.button(key="keyless").click().run()
    assert list(rows(test)["event"]) == [name]
    assert "LIVE" in words(test)
    assert "there is no key for it" in words(test)
    assert "No key for its mode" in words(as_role(event=name, keyless="1"))
    test.button(key="keyless_not").click().run()
    assert len(rows(test)) == 4


def test_nothing_is_told_of_modes_where_nothing_waits(as_role, passed):
    assert "wait for a key" not in words(as_role())


def test_a_replay_is_asked_for_twice(console, as_role, context):
    name = dead_id(as_role())
    test = as_role(event=name)
    test.button(key="event_replay").click().run()
    assert state_of(context, name)[0] == "dead"
    test.button(key="event_replay_not").click().run()
    test.button(key="event_replay").click().run()
    test.button(key="event_replay_now").click().run()
    assert not test.exception
    assert state_of(context, name)[0] == "pending"
    assert [row.target for row in audited(console, "event.replay")] == [name]


def test_a_trial_shows_field_now_and_then(as_role, context, backend):
    paid = pay(context, backend, "pm_card_visa").payment_intent_id
    settle(context)
    source = context.gateway(False).get(f"/v1/payment_intents/{paid}") | {"description": HOSTILE}
    name = put(context, subject=source, created_at=clock.now() + timedelta(hours=1))
    test = as_role(event=name)
    test.button(key="event_try").click().run()
    assert not test.exception
    table = next(f.value for f in tables(test) if "then" in f.value)
    changes = dict(zip(table["field"], zip(table["now"], table["then"], strict=True), strict=True))
    assert changes["description"] == ("–", HOSTILE[:255])
    assert changes["confirmed"] == ("Yes", "No")
    assert "evil.example" not in " ".join(one.value for one in test.markdown)
    assert "_secret_" not in str([one.value for one in test.json])


def test_all_dead_ones_are_replayed_at_once(console, as_role, context):
    test = as_role("admin")
    name = dead_id(test)
    test.button(key="replay_dead_now").click().run()
    assert not test.exception
    assert state_of(context, name)[0] == "pending"
    assert not any(button.key == "replay_dead_now" for button in test.button)


def test_an_admin_sees_and_replays_but_makes_nothing_up(as_role):
    test = as_role("admin", event=dead_id(as_role()))
    assert test.button(key="event_replay")
    assert as_role("admin").button(key="simulate").disabled


def test_nothing_is_made_up_in_live_mode(as_role, monkeypatch):
    from dashboard.ui import viewer as page_console

    monkeypatch.setattr(page_console, "livemode", lambda: True)
    assert as_role().button(key="simulate").disabled


def test_an_event_is_made_up_from_a_real_object_and_healed(as_role, context, backend):
    paid = pay(context, backend, "pm_card_visa").payment_intent_id
    settle(context)
    with writing(context.engine) as conn:
        told = {"id": paid, "object": "payment_intent"}
        event(conn, subject=told, received_at=clock.now())
    test = as_role()
    test.button(key="simulate").click().run()
    test.button(key="sim_fill").click().run()
    filled = json.loads(test.text_area(key="sim_text").value)
    assert filled["id"] == paid
    assert "client_secret" not in filled
    changed = json.dumps(filled | {"status": "canceled"})
    test.text_area(key="sim_text").set_value(changed).run()
    test.button(key="sim_send").click().run()
    assert not test.exception
    name = test.query_params["event"]
    assert name.startswith("evt_sim_")
    assert "Made up here" in words(test)
    apply_inbox(context.engine, context.books)
    assert "to be read again from Stripe" in words(as_role(event=name))
    settle(context)
    assert "shown as last read from Stripe" in words(as_role(event=name))


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "object: must be JSON"), ('{"object": "charge", "id": "ch_1"}', "must be of the kind")],
)
def test_bad_json_is_told_and_nothing_is_kept(as_role, text, said):
    test = as_role()
    test.button(key="simulate").click().run()
    test.text_area(key="sim_text").set_value(text).run()
    test.button(key="sim_send").click().run()
    assert not test.exception
    assert said in words(test)
    assert "Nothing was put into the inbox" in words(test)
    assert len(rows(test)) == 4


def test_foreign_text_stays_text(console, as_role):
    with writing(console.engine) as conn:
        subject = {"id": "pi_9", "object": "payment_intent", "description": HOSTILE}
        name = event(conn, subject=subject, state="dead", attempts=8, last_error=HOSTILE)
    test = as_role(event=name)
    for one in [*test.markdown, *test.caption]:
        assert "](https://evil" not in one.value
        assert "<img" not in one.value.replace("\\<", "")


def test_what_is_not_there_is_said_so(as_role):
    assert "no such event" in words(as_role(event="evt_none"))


def test_a_role_that_is_taken_away_stops_the_next_replay(console, as_role, context):
    name = dead_id(as_role())
    test = as_role(event=name)
    test.button(key="event_replay").click().run()
    give(console, as_role.people["developer"], "viewer")
    test.button(key="event_replay_now").click().run()
    assert state_of(context, name)[0] == "dead"
