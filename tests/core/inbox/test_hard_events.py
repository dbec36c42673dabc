"""What once broke or could: bad objects, slow answers, clocks that differ, rows that come late."""

import json
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, update

from core import clock
from core.db.engine import reading, writing
from core.db.tables import (
    customers,
    payments,
    stale_objects,
)
from core.errors import OutcomeUnknown, StripeNotFound
from core.events.store import parse_envelope, store
from core.gateway import readings
from core.inbox.event_processor import apply_inbox
from core.mirror import refresh_queue, rollups
from core.mirror.refresh import MISSES, refresh
from tests.core.inbox.test_event_processor import AT, intent, put


class Shelf:
    """A gateway with a few objects; one that is missing is not at Stripe."""

    livemode = False

    def __init__(self, *objects, before=lambda: None):
        self._objects = {one["id"]: one for one in objects}
        self._before = before

    def get(self, path, **_params):
        self._before()
        found = self._objects.get(path.rsplit("/", 1)[1])
        if found is None:
            raise StripeNotFound
        return found


def mark(engine, *ids, kind="payment_intent", at=None):
    with writing(engine) as connection:
        marks = [
            refresh_queue.RefreshRequest(kind, one, False, at or clock.now(), None) for one in ids
        ]
        refresh_queue.enqueue(connection, marks, at=clock.now())


def waiting(engine):
    with reading(engine) as connection:
        return connection.scalars(select(stale_objects.c.stripe_id)).all()


def make_due(engine):
    with writing(engine) as connection:
        connection.execute(
            update(stale_objects).values(next_attempt_at=clock.now() - timedelta(seconds=9))
        )


def count(engine, table=payments):
    with reading(engine) as connection:
        return connection.scalar(select(func.count()).select_from(table))


@pytest.mark.parametrize(
    "changes",
    [{"amount": -5}, {"metadata": {"email": "İ" * 200}}, {"amount": 2**63 - 1}, {"status": None}],
)
def test_a_bad_object_is_put_off_alone(engine, books, changes):
    objects = [intent("ok"), intent("bad", **changes)]
    mark(engine, "pi_ok", "pi_bad")
    refresh(engine, Shelf(*objects), books)
    with reading(engine) as connection:
        seen = set(connection.scalars(select(payments.c.stripe_id)))
    assert "pi_ok" in seen
    assert set(waiting(engine)) == {"pi_bad"} - seen


def test_two_huge_amounts_stop_nobody(engine, books):
    put(engine, 1, intent(1, amount=2**63 - 1))
    put(engine, 2, intent(2, amount=2**63 - 1))
    put(engine, 3, intent(3))
    apply_inbox(engine, books)
    assert count(engine) == 1


def test_slow_answers_are_kept_and_the_rest_is_given_back(engine, books, monkeypatch):
    late, moments = [0.0], clock.now
    monkeypatch.setattr(clock, "now", lambda: moments() + timedelta(seconds=late[0]))
    from core.mirror import refresh as module

    monkeypatch.setattr(module.time, "monotonic", lambda: late[0])
    objects = [intent(number) for number in range(60)]
    mark(engine, *(one["id"] for one in objects))

    def wait():
        late[0] += 0.35

    done = refresh(engine, Shelf(*objects, before=wait), books)
    assert 0 < done < 60
    assert count(engine) == done
    assert late[0] < refresh_queue.LEASE.total_seconds()
    while refresh(engine, Shelf(*objects), books):
        pass
    assert (count(engine), waiting(engine)) == (60, [])


def test_a_silent_stripe_is_not_asked_sixty_times(engine, books):
    asked = []

    def fail():
        asked.append(1)
        raise OutcomeUnknown

    mark(engine, *(f"pi_{number}" for number in range(60)))
    with pytest.raises(OutcomeUnknown):
        refresh(engine, Shelf(before=fail), books)
    assert len(asked) == 1
    assert len(waiting(engine)) == 60


def test_a_clock_that_steps_back_undoes_no_reading(engine, books, monkeypatch):
    mark(engine, "pi_1", at=clock.now() - timedelta(minutes=5))
    refresh(engine, Shelf(intent(1, status="processing")), books)
    mark(engine, "pi_1", at=clock.now() - timedelta(seconds=3))
    make_due(engine)
    real = clock.now
    monkeypatch.setattr(readings.clock, "now", lambda: real() - timedelta(seconds=2))
    refresh(engine, Shelf(intent(1, status="succeeded")), books)
    assert waiting(engine) == []
    with reading(engine) as connection:
        assert connection.scalar(select(payments.c.status)) == "succeeded"


def test_what_stripe_does_not_have_is_forgotten_after_a_few_tries(engine, books):
    mark(engine, "pi_gone")
    for left in [1] * (MISSES - 1) + [0]:
        make_due(engine)
        refresh(engine, Shelf(), books)
        assert len(waiting(engine)) == left


def test_a_deleted_customer_is_marked_so(engine, books):
    born = {"id": "cus_1", "object": "customer", "created": AT, "livemode": False, "name": "Ada"}
    put(engine, 1, born, kind="customer.created")
    apply_inbox(engine, books)
    refresh(engine, Shelf({"id": "cus_1", "object": "customer", "deleted": True}), books)
    assert waiting(engine) == []
    with reading(engine) as connection:
        row = connection.execute(select(customers)).mappings().one()
    assert (row["deleted"], row["created_at"]) == (True, clock.from_unix(AT))


def test_an_unreadable_snapshot_still_asks_for_a_reading(engine, books):
    put(engine, 1, intent(1, amount="a lot"))
    apply_inbox(engine, books)
    assert waiting(engine) == ["pi_1"]
    refresh(engine, Shelf(intent(1)), books)
    assert count(engine) == 1


def test_events_of_connected_accounts_are_not_ours(engine, books):
    body = {
        "id": "evt_9",
        "object": "event",
        "type": "payment_intent.succeeded",
        "created": AT,
        "livemode": False,
        "account": "acct_other",
        "data": {"object": intent(9)},
    }
    with writing(engine) as connection:
        event = parse_envelope(json.dumps(body).encode())
        store(connection, [event], source="webhook", received_at=clock.now())
    assert apply_inbox(engine, books).skipped == 1
    assert (count(engine), waiting(engine)) == (0, [])


def test_addresses_that_differ_by_a_space_are_counted_right(engine, books):
    put(engine, 1, intent(1, metadata={"email": "ab cd@x.test"}))
    put(engine, 2, intent(2, metadata={"email": "ab"}))
    apply_inbox(engine, books)
    assert rollups.differences(engine) == []
    rollups.rebuild_all(engine, ZoneInfo("UTC"))
    assert rollups.differences(engine) == []


def test_verify_sees_one_picture_while_others_write(engine, books, monkeypatch):
    put(engine, 1, intent(1))
    apply_inbox(engine, books)
    real = rollups._true_days

    def meanwhile(connection):
        put(engine, 99, intent(99))
        apply_inbox(engine, books)
        return real(connection)

    monkeypatch.setattr(rollups, "_true_days", meanwhile)
    assert rollups.differences(engine) == []
