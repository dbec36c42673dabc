"""Who saw whose data stands in the log: before it is shown, once in ten minutes, and no more."""

from datetime import timedelta

import pytest
from sqlalchemy import event

from core import clock
from core.access import audit, audit_notes
from core.db.engine import writing
from core.errors import NotFound, NotPermitted
from core.reads.payments import detail as payment_detail
from core.reads.payments import list as payment_list
from tests.support import factories
from tests.support.fixtures_access import audited, person


@pytest.fixture
def paid(console):
    with writing(console.engine) as connection:
        return [factories.paid(connection)["stripe_id"] for _ in range(2)]


def look(console, user, payment_id):
    return console.read(user, payment_detail.by_id, payment_id=payment_id, livemode=False)


def seen(console):
    return [(row.actor, row.target, row.outcome) for row in audited(console, "payment.view")]


def test_a_look_at_a_payment_is_one_row_a_person_and_payment(console, paid):
    ada, bob = person(console, "viewer"), person(console, "support")
    for user, payment_id in ((ada, paid[0]), (ada, paid[0]), (ada, paid[1]), (bob, paid[0])):
        assert look(console, user, payment_id).payment.stripe_id == payment_id
    assert seen(console) == [(ada, paid[0], "ok"), (ada, paid[1], "ok"), (bob, paid[0], "ok")]


def test_after_ten_minutes_it_is_a_new_look(console, paid):
    ada = person(console, "viewer")
    with writing(console.engine) as connection:
        audit.append(
            connection,
            actor=ada,
            action="payment.view",
            target=paid[0],
            now=clock.now() - audit_notes.VIEW_WITHIN - timedelta(seconds=1),
        )
    look(console, ada, paid[0])
    assert len(seen(console)) == 2


def test_what_was_not_shown_was_not_seen(console, paid):
    with pytest.raises(NotPermitted):
        look(console, person(console), paid[0])
    with pytest.raises(NotFound):
        look(console, person(console, "viewer"), "pi_none")
    assert seen(console) == []


def test_nothing_is_shown_that_cannot_be_written_down(console, paid, monkeypatch):
    class Full(Exception):
        pass

    def full(*_args, **_named):
        raise Full

    monkeypatch.setattr(audit, "append", full)
    with pytest.raises(Full):
        look(console, person(console, "viewer"), paid[0])


@pytest.fixture
def begun(console):
    """How each transaction on SQLite began."""
    found = []

    def note(_conn, _cursor, statement, *_rest):
        if statement.startswith("BEGIN"):
            found.append(statement)

    event.listen(console.engine, "before_cursor_execute", note)
    yield found
    event.remove(console.engine, "before_cursor_execute", note)


def test_lists_and_second_looks_write_nothing(console, paid, begun):
    user = person(console, "viewer")
    look(console, user, paid[0])
    assert "BEGIN IMMEDIATE" in begun
    begun.clear()
    look(console, user, paid[0])
    console.read(user, payment_list.page, query=payment_list.parse(""), livemode=False)
    assert set(begun) == {"BEGIN"}
