"""The envelope is judged strictly; an event is kept once, byte for byte."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core import clock
from core.db.engine import open_engine, reading, writing
from core.db.inbox_tables import events
from core.db.start import prepare
from core.errors import MalformedEvent
from core.events.store import backlog, parse_envelope, store
from tests.support.receivers import event_body

NOW = datetime(2026, 11, 23, 3, 4, 5, 678901, tzinfo=UTC)


@pytest.fixture
def engine(database_url):
    prepare(database_url)
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


def test_envelope_is_read():
    body = event_body(7, created=1_800_000_000, account="acct_1")
    event = parse_envelope(body)
    assert (event.id, event.type, event.object_id) == ("evt_7", "payment_intent.succeeded", "pi_7")
    assert (event.livemode, event.account) == (False, "acct_1")
    assert event.created_at == clock.from_unix(1_800_000_000)
    assert event.raw is body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"1",
        b'"evt_1"',
        b"{}",
        b"\xff\xfe{}",
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"9" * 5000,
        b'{"id": NaN}',
        event_body(1)[:-1],
        event_body(1) + b"{}",
    ],
)
def test_body_that_is_no_event_is_malformed(body):
    with pytest.raises(MalformedEvent):
        parse_envelope(body)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", None),
        ("id", 7),
        ("id", ""),
        ("id", "evt_"),
        ("id", "pi_1"),
        ("id", "evt_1\n"),
        ("id", "evt_é"),
        ("id", "evt_" + "1" * 61),
        ("id", ["evt_1"]),
        ("object", "charge"),
        ("object", "v2.core.event"),  # whose time is text
        ("object", "v2.core.event_destination"),
        ("type", None),
        ("type", "payment intent"),
        ("type", "a" * 129),
        ("type", "customer<script>"),
        ("type", {}),
        ("livemode", None),
        ("livemode", "false"),
        ("livemode", 0),
        ("created", None),
        ("created", True),
        ("created", 1.5),
        ("created", "1800000000"),
        ("created", -1),
        ("created", 10**12),
        ("created", 10**400),
        ("data", None),
        ("data", []),
        ("data", {"object": None}),
        ("data", {"object": "pi_1"}),
        ("api_version", 7),
        ("api_version", "2026\x00"),
        ("account", "\ud800"),
        ("account", {}),
    ],
)
def test_envelope_with_a_wrong_part_is_malformed(name, value):
    with pytest.raises(MalformedEvent):
        parse_envelope(event_body(1, **{name: value}))


@pytest.mark.parametrize("object_id", [None, 7, "x" * 65, "50% off", "\ud800", ["pi_1"]])
def test_object_id_of_an_unknown_form_is_left_out(object_id):
    body = event_body(1, data={"object": {"id": object_id, "object": "coupon"}})
    assert parse_envelope(body).object_id is None


def thin(**changes):
    """A thin event: no data, and its time as text."""
    event = {
        "id": "evt_test_65R",
        "object": "v2.core.event",
        "type": "v1.charge.succeeded",
        "livemode": False,
        "created": "2026-11-29T12:00:00.000Z",
        "related_object": {"id": "ch_1", "type": "charge", "url": "/v1/charges/ch_1"},
    }
    return json.dumps(event | changes).encode()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("created", 1_800_000_000),
        ("created", None),
        ("created", "2026-11-29"),
        ("created", "2026-11-29T12:00:00"),
        ("created", "2026-13-29T12:00:00Z"),
        ("created", "1969-12-31T23:59:59Z"),
        ("created", "٢026-11-29T12:00:00Z"),
        ("created", "2026-11-29T12:00:00.0000000000Z"),
        ("livemode", "false"),
        ("type", None),
        ("id", "ed_1"),
        ("account", 7),
    ],
)
def test_thin_envelope_with_a_wrong_part_is_malformed(name, value):
    with pytest.raises(MalformedEvent):
        parse_envelope(thin(**{name: value}))


@pytest.mark.parametrize("related", [None, [], "ch_1", {}, {"id": 7}, {"id": "x" * 65}])
def test_a_thin_event_need_not_name_an_object(related):
    assert parse_envelope(thin(related_object=related)).object_id is None


@pytest.mark.parametrize(
    ("context", "account"),
    [
        (None, None),
        ("acct_1", "acct_1"),
        ("org_6/acct_1", "acct_1"),
        ("org_6/grp_7/acct_1", "acct_1"),
        ("acct_1/", None),
        ("", None),
        (7, None),
        ("x" * 65, None),
        ("张", None),
    ],
)
def test_the_account_of_a_thin_event_is_where_its_context_leads(context, account):
    assert parse_envelope(thin(context=context)).account == account


def test_an_account_that_is_named_goes_before_the_context():
    event = parse_envelope(event_body(1, account="acct_1", context="acct_2"))
    assert event.account == "acct_1"


def test_longest_event_id_is_kept(engine):
    longest = parse_envelope(event_body("1" * 60))
    with writing(engine) as connection:
        store(connection, [longest], source="webhook", received_at=NOW)
    assert kept(engine)[0].stripe_id == longest.id


def test_event_is_ready_to_be_applied_with_its_bytes_untouched(engine):
    body = event_body(1, note="张 🏦 \\u0000") + b"  \n"
    with writing(engine) as connection:
        store(connection, [parse_envelope(body)], source="poll", received_at=NOW)
    (row,) = kept(engine)
    assert row.body == body
    assert (row.state, row.attempts, row.source) == ("pending", 0, "poll")
    assert (row.received_at, row.next_attempt_at) == (NOW, NOW)


def test_event_that_comes_again_changes_nothing(engine):
    first, again = event_body(1), event_body(1, type="charge.refunded")
    for body in (first, again):
        with writing(engine) as connection:
            store(connection, [parse_envelope(body)] * 2, source="webhook", received_at=NOW)
    (row,) = kept(engine)
    assert row.body == first


def test_ids_that_differ_in_case_are_two_events(engine):
    both = [parse_envelope(event_body(name)) for name in ("1AbC", "1aBc")]
    with writing(engine) as connection:
        store(connection, both, source="webhook", received_at=NOW)
    assert len(kept(engine)) == 2


def test_body_of_a_mebibyte_is_kept(engine):
    body = event_body(1, padding="x" * (1 << 20))
    with writing(engine) as connection:
        store(connection, [parse_envelope(body)], source="webhook", received_at=NOW)
    assert kept(engine)[0].body == body


def test_backlog_counts_what_waits_and_what_is_dead(engine):
    with writing(engine) as connection:
        five = [parse_envelope(event_body(n)) for n in range(5)]
        store(connection, five, source="webhook", received_at=NOW)
        connection.execute(
            events.update().where(events.c.stripe_id == "evt_0").values(state="dead")
        )
        connection.execute(
            events.update().where(events.c.stripe_id == "evt_1").values(state="applied")
        )
        found = backlog(connection)
    assert (found.pending, found.dead, found.oldest_received_at) == (3, 1, NOW)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
)
NAMES = ["id", "object", "type", "livemode", "created", "data", "api_version", "account"]
NAMES += ["context", "related_object"]


# A machine that is busy is no fault of the parser.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from([event_body(1), thin()]),
    st.dictionaries(st.sampled_from(NAMES), JSON, max_size=4),
)
def test_any_document_is_an_event_or_malformed(written, changes):
    body = json.dumps(json.loads(written) | changes).encode()
    try:
        event = parse_envelope(body)
    except MalformedEvent:
        return
    assert event.raw == body
    assert event.id.isascii()
    assert len(event.id) <= 64


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_an_event_or_malformed(body):
    with pytest.raises(MalformedEvent):
        parse_envelope(body)


def kept(engine):
    with reading(engine) as connection:
        return connection.execute(select(events).order_by(events.c.seq)).all()
