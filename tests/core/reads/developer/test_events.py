"""Events: found by each term, paged by key, opened with their trace and without their secrets."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import clock
from core.db.engine import reading, writing
from core.db.tables import stale_objects
from core.domain import versions
from core.errors import InvalidInput, NotFound
from core.reads import versions as live
from core.reads.developer import events
from core.reads.search.logs import events as event_search
from tests.support import factories
from tests.support.fixtures_logs import event


@pytest.fixture
def kept(engine):
    """Events by what is special about them."""
    now, made = clock.now(), {}

    def put(name, minutes, **given):
        at = now - timedelta(minutes=minutes)
        made[name] = event(conn, received_at=at, **given)

    with writing(engine) as conn:
        put("old", 3 * 24 * 60, type="payout.paid", created_at=now - timedelta(days=4))
        put("paid", 9, subject={"id": "pi_aB", "object": "payment_intent"})
        put("refunded", 8, type="charge.refunded", subject={"id": "ch_1", "object": "charge"})
        put("dispute", 7, type="charge.dispute.created", state="pending")
        put("dead", 6, type="charge.updated", state="dead", attempts=8, last_error="KeyError")
        put("passed", 5, type="price.created", state="skipped", skipped_because="not_mirrored")
        put("polled", 4, source="poll", subject={"id": "pi_ab", "object": "payment_intent"})
        put("made_up", 3, stripe_id="evt_sim_1", source="simulated")
        put("live", 2, livemode=True, state="dead")
    return made


def found(engine, line, kept, **asked):
    with reading(engine) as conn:
        page = events.page(conn, query=events.read_line(line), livemode=False, **asked)
    names = {stripe_id: name for name, stripe_id in kept.items()}
    return " ".join(names[row.stripe_id] for row in page.rows)


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("", "made_up polled passed dead dispute refunded paid old"),
        ("type:charge.*", "dead dispute refunded"),
        ("type:charge.refunded", "refunded"),
        ("type:charge.refunded,payout.paid", "refunded old"),
        ("type:charge", ""),
        ("charge", "dead dispute refunded"),
        ("-type:charge.* -type:payment_intent.*", "passed old"),
        ("state:dead", "dead"),
        ("state:dead,pending", "dead dispute"),
        ("state:applied", "made_up polled refunded paid old"),
        ("state:skipped", "passed"),
        ("-state:applied", "passed dead dispute"),
        ("because:not_mirrored", "passed"),
        ("because:no_key,connected_account", ""),
        ("-because:not_mirrored type:p*", "made_up polled paid old"),
        ("type:charge.* state:dead", "dead"),
        ("object:pi_aB", "paid"),
        ("pi_aB", "paid"),
        ("object:pi_aB,ch_1", "refunded paid"),
        ("-object:pi_aB type:payment_intent.*", "made_up polled"),
        ("source:poll", "polled"),
        ("source:simulated", "made_up"),
        ("source:simulated,poll", "made_up polled"),
        ("source:webhook state:pending", "dispute"),
        ("received:2h", "made_up polled passed dead dispute refunded paid"),
        ("-received:2h", "old"),
        ("received:2h type:payout.*", ""),
        ("created:2h type:charge.*", "dead dispute refunded"),
    ],
)
def test_each_term_finds_its_events_newest_first(engine, kept, line, names):
    assert found(engine, line, kept) == names


def test_an_id_finds_its_event_in_its_own_mode(engine, kept):
    assert found(engine, f"id:{kept['dead']}", kept) == "dead"
    assert found(engine, kept["dead"], kept) == "dead"
    assert found(engine, f"id:{kept['live']}", kept) == ""


@pytest.mark.parametrize("most", [0, 10])
def test_a_crowded_state_is_walked_with_the_same_answer(engine, kept, monkeypatch, most):
    monkeypatch.setattr(event_search, "FEW", most)
    assert found(engine, "state:dead,pending", kept) == "dead dispute"


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("state:lost", "state"),
        ("because:lost", "because"),
        ("type:Charge!", "type"),
        ("type:*charge", "type"),
        ("received:soon", "received"),
        ("source:WEB", "source"),
        ("status:failed", "status"),
    ],
)
def test_a_term_that_cannot_be_read_is_named(line, field):
    with pytest.raises(InvalidInput) as caught:
        events.read_line(line)
    assert caught.value.field == field


@pytest.mark.parametrize("line", ["", "type:payment_intent.*", "type:a.*,payment_intent.succeeded"])
def test_pages_follow_each_other(engine, line):
    now = clock.now()
    with writing(engine) as conn:
        made = [event(conn, received_at=now - timedelta(seconds=n // 4)) for n in range(17)]
    seen, cursor = [], None
    with reading(engine) as conn:
        while True:
            page = events.page(
                conn, query=events.read_line(line), livemode=False, cursor=cursor, limit=5
            )
            seen += [row.stripe_id for row in page.rows]
            if (cursor := page.older) is None:
                break
    assert sorted(seen) == sorted(made)
    assert len(seen) == len(set(seen))


def test_what_waits_is_counted_by_mode(engine, kept):
    with reading(engine) as conn:
        assert events.waiting(conn, livemode=False) == {"pending": 1, "dead": 1, "parked": 0}
        assert events.waiting(conn, livemode=True) == {"pending": 0, "dead": 1, "parked": 0}


def test_an_event_opens_without_its_client_secret(engine):
    source = {
        "id": "pi_9",
        "object": "payment_intent",
        "client_secret": "pi_9_secret_x",
        "charges": {"data": [{"payment_intent": {"client_secret": "pi_8_secret_y"}}]},
    }
    with writing(engine) as conn:
        name = event(conn, subject=source)
        shown = events.detail(conn, event_id=name, livemode=False)
    assert "_secret_" not in repr(shown)
    assert shown.body["data"]["object"]["client_secret"] == events.HIDDEN
    assert shown.event.duration_us == 900


def test_an_event_tells_which_objects_wait_and_which_were_read_again(engine):
    now = clock.now()
    with writing(engine) as conn:
        payment = factories.paid(conn)
        name = event(
            conn,
            type="charge.refunded",
            subject={
                "id": payment["latest_charge_id"],
                "object": "charge",
                "payment_intent": payment["stripe_id"],
            },
        )
        conn.execute(
            stale_objects.insert().values(
                kind="payment_intent",
                stripe_id=payment["stripe_id"],
                livemode=False,
                mark=1,
                known_at=now,
                next_attempt_at=now,
            )
        )
        shown = events.detail(conn, event_id=name, livemode=False)
    charge, intent = shown.readings
    assert (charge.kind, charge.waiting, charge.confirmed) == ("charge", False, True)
    assert (intent.kind, intent.waiting, intent.parked) == ("payment_intent", True, False)


def test_an_event_of_the_other_mode_is_not_found(engine, kept):
    with reading(engine) as conn, pytest.raises(NotFound):
        events.detail(conn, event_id=kept["live"], livemode=False)


def test_a_body_that_tells_of_nothing_opens_too(engine):
    with writing(engine) as conn:
        name = event(conn, body=b"{}")
        assert events.detail(conn, event_id=name, livemode=False).readings == ()


def test_samples_are_the_latest_objects_of_a_kind_each_once(engine):
    with writing(engine) as conn:
        for number in (1, 2, 1, 3):
            source = {"id": f"re_{number}", "object": "refund"}
            at = clock.now() - timedelta(seconds=10 - number)
            event(conn, type="refund.updated", subject=source, received_at=at)
        event(conn, type="charge.refund.updated", subject={"id": "re_4", "object": "refund"})
        asked = {"types": ("refund.updated", "charge.refund.updated"), "livemode": False}
        assert set(events.samples(conn, **asked)) == {"re_1", "re_2", "re_3", "re_4"}
        assert len(events.samples(conn, **asked, most=2)) == 2


def test_the_number_that_screens_ask_for_moves_with_rows_and_with_states(engine, kept):
    def number():
        with reading(engine) as conn:
            return live.version(conn, topic="inbox", livemode=False)

    first = number()
    with writing(engine) as conn:
        event(conn)
    second = number()
    with writing(engine) as conn:
        versions.bump(conn, ["inbox"], slot=0)
    assert first < second < number()
