"""A dry run on both databases: the same answer, and nothing of it is kept."""

from __future__ import annotations

import json
from contextlib import contextmanager

import pytest
from sqlalchemy import event as listening
from sqlalchemy import select

from core import clock
from core.db.engine import reading, writing
from core.db.tables import metadata
from core.events.store import parse_envelope, store
from core.inbox import rehearsal
from core.inbox.event_processor import apply_inbox
from core.inbox.rehearsal import rehearse
from core.mirror.apply import BookingContext, apply

AT = 1_790_000_000


def intent(**changes):
    return {
        "id": "pi_1",
        "object": "payment_intent",
        "livemode": False,
        "created": AT,
        "amount": 1200,
        "amount_received": 1200,
        "currency": "usd",
        "status": "succeeded",
        "metadata": {"email": "ada@shop.example"},
    } | changes


def charge(**changes):
    return {
        "id": "ch_1",
        "object": "charge",
        "livemode": False,
        "created": AT,
        "amount": 1200,
        "currency": "usd",
        "status": "succeeded",
        "captured": True,
        "amount_captured": 1200,
        "payment_intent": "pi_1",
        "payment_method_details": {"type": "card", "card": {"brand": "visa", "last4": "4242"}},
    } | changes


def refund(**changes):
    return {
        "id": "re_1",
        "object": "refund",
        "created": AT,
        "amount": 500,
        "currency": "usd",
        "status": "succeeded",
        "payment_intent": "pi_1",
        "charge": "ch_1",
    } | changes


def put(engine, number, source, at):
    body = {
        "id": f"evt_{number}",
        "object": "event",
        "type": f"{source['object']}.updated",
        "created": at,
        "livemode": False,
        "data": {"object": source},
    }
    with writing(engine) as connection:
        incoming = parse_envelope(json.dumps(body).encode())
        store(connection, [incoming], source="webhook", received_at=clock.now())


def every_row(engine):
    with reading(engine) as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table)).all()))
            for table in metadata.sorted_tables
        }


@pytest.fixture
def known(engine, books):
    """A payment that the mirror has, and three newer events that wait."""
    put(engine, 1, intent(latest_charge="ch_1"), AT)
    put(engine, 2, charge(), AT)
    while apply_inbox(engine, books).any:
        pass
    put(engine, 3, intent(latest_charge="ch_1", status="canceled", amount_received=0), AT + 60)
    put(engine, 4, charge(amount_refunded=500, disputed=True), AT + 60)
    put(engine, 5, refund(), AT + 60)
    put(engine, 6, intent(id="pi_2", currency="eur"), AT + 60)


#: What each event would change, by table and field.
EXPECTED = {
    "evt_3": {
        ("payments", "status"): ("succeeded", "canceled"),
        ("payments", "state"): ("succeeded", "canceled"),
        ("payments", "amount_received_minor"): (1200, 0),
    },
    "evt_4": {
        ("charges", "amount_refunded_minor"): (0, 500),
        ("charges", "disputed"): (False, True),
        ("payments", "amount_refunded_minor"): (0, 500),
        ("payments", "disputed"): (False, True),
    },
    "evt_5": {("refunds", "amount_minor"): (None, 500), ("refunds", "status"): (None, "succeeded")},
    "evt_6": {
        ("payments", "currency"): (None, "eur"),
        ("amount_hist", "n"): (0, 1),
        ("email_prefix", "n"): (1, 2),
    },
}


@pytest.mark.parametrize("name", EXPECTED)
def test_what_would_change_is_told_and_nothing_is_kept(engine, books, known, name):
    before = every_row(engine)
    trial = rehearse(engine, name, books, livemode=False)
    assert every_row(engine) == before
    told = {(c.table, c.field): (c.now, c.then) for c in trial.changes}
    assert EXPECTED[name].items() <= told.items()
    # Asked twice it answers the same: the first left no number in a book either.
    assert rehearse(engine, name, books, livemode=False) == trial


def test_sums_in_the_slots_of_others_are_in_the_totals(engine, books, known):
    other = BookingContext(type(books.scope)(books.scope.zone, 7))
    trial = rehearse(engine, "evt_6", other, livemode=False)
    told = {(c.table, c.field): (c.now, c.then) for c in trial.changes}
    assert told["email_prefix", "n"] == (1, 2)


def test_every_table_that_applying_writes_is_one_that_is_compared(engine, books, known):
    """A table that `apply` learns to write later must not escape the dry run unseen."""
    written = set()

    def note(_conn, _cursor, statement, *_rest):
        words = statement.split()
        verb = words[0].upper()
        if verb in ("INSERT", "UPDATE", "DELETE"):
            written.add(words[1 if verb == "UPDATE" else 2].strip('`"'))

    listening.listen(engine, "before_cursor_execute", note)
    told = {
        change.table
        for name in EXPECTED
        for change in rehearse(engine, name, books, livemode=False).changes
    }
    listening.remove(engine, "before_cursor_execute", note)
    assert written - told == {"facets", "stale_objects", "turns", "versions"}


@contextmanager
def committing(engine):
    """The planted bug: a transaction that is kept, whatever is raised in it."""
    with engine.connect().execution_options(writes=True) as connection:
        try:
            yield connection
        finally:
            connection.commit()


def careless(connection, hint, books):
    """The planted bug: a trial without a savepoint."""
    apply(connection, hint.snapshots, books, marks=hint.marks)
    return {}, {}


@pytest.mark.parametrize(
    ("planted", "kept"),
    [
        ({"writing": committing}, False),
        ({"_pictures": careless}, False),
        ({"writing": committing, "_pictures": careless}, True),
    ],
)
def test_two_nets_catch_the_work_and_without_both_it_is_seen(
    engine, books, known, monkeypatch, planted, kept
):
    before = every_row(engine)
    for name, bug in planted.items():
        monkeypatch.setattr(rehearsal, name, bug)
    rehearse(engine, "evt_3", books, livemode=False)
    assert (every_row(engine) != before) is kept
