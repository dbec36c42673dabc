"""The inbox: unknown types pass, bad events back off and die alone, crashes lose nothing."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from core import clock
from core.db.engine import reading, writing
from core.db.tables import api_requests, events, payments, stale_objects
from core.errors import LeaseLost
from core.events.store import parse_envelope, store
from core.gateway.transport import Call
from core.inbox import event_processor, overview
from core.inbox.event_processor import TRIES, apply_inbox
from core.stripe_calls.request_log import RequestLog

AT = 1_790_000_000


def intent(number, **changes):
    return {
        "id": f"pi_{number}",
        "object": "payment_intent",
        "livemode": False,
        "created": AT,
        "amount": 1200,
        "currency": "usd",
        "status": "succeeded",
        "metadata": {"order_id": "42"},
    } | changes


def put(engine, number, source, kind="payment_intent.succeeded", at=AT):
    body = {
        "id": f"evt_{number}",
        "object": "event",
        "type": kind,
        "created": at,
        "livemode": False,
        "api_version": "2026-10-28.endive",
        "data": {"object": source},
    }
    with writing(engine) as connection:
        event = parse_envelope(json.dumps(body).encode())
        store(connection, [event], source="webhook", received_at=clock.now())


def event_row(engine, number):
    with reading(engine) as connection:
        query = select(events).where(events.c.stripe_id == f"evt_{number}")
        return connection.execute(query).mappings().one()


def payment_ids(engine):
    with reading(engine) as connection:
        return sorted(connection.scalars(select(payments.c.stripe_id)))


def make_due(engine):
    with writing(engine) as connection:
        connection.execute(update(events).values(next_attempt_at=clock.now()))


def test_a_type_that_is_not_known_is_recorded_and_passed(engine, books):
    put(engine, 1, {"id": "thing_1", "object": "brand.new"}, kind="brand.new.created")
    put(engine, 2, intent(2))
    assert apply_inbox(engine, books).skipped == 1
    assert event_row(engine, 1)["state"] == "skipped"
    assert payment_ids(engine) == ["pi_2"]


def test_a_bad_event_holds_up_no_other_and_dies_after_its_tries(engine, books):
    put(engine, 1, intent(1, livemode=True))
    for number in range(2, 6):
        put(engine, number, intent(number))
    done = apply_inbox(engine, books)
    assert (done.applied, done.failed) == (4, 1)
    waiting = event_row(engine, 1)
    assert waiting["state"] == "pending"
    assert waiting["next_attempt_at"] > clock.now()
    assert "livemode" in waiting["last_error"]
    for _ in range(TRIES - 1):
        make_due(engine)
        apply_inbox(engine, books)
    assert event_row(engine, 1)["state"] == "dead"
    assert [failure.stripe_id for failure in overview.failures(engine)] == ["evt_1"]
    assert overview.counts_by_state(engine)["dead"] == 1
    event_processor.replay(engine, ["evt_1"])
    assert event_row(engine, 1)["state"] == "pending"


def test_an_event_leased_by_a_worker_that_died_is_taken_over(engine, books):
    put(engine, 1, intent(1))
    fence, leased = event_processor._claim(engine, 10)
    assert len(leased) == 1
    assert not apply_inbox(engine, books).any
    make_due(engine)
    assert apply_inbox(engine, books).applied == 1
    with pytest.raises(LeaseLost):
        event_processor._apply(engine, fence, leased, books)


def test_an_older_event_does_not_undo_a_newer_one(engine, books):
    put(engine, 1, intent(1, status="succeeded"), at=AT + 60)
    put(engine, 2, intent(1, status="processing"), at=AT)
    apply_inbox(engine, books, batch=1)
    apply_inbox(engine, books, batch=1)
    with reading(engine) as connection:
        assert connection.scalar(select(payments.c.status)) == "succeeded"
        assert connection.scalars(select(stale_objects.c.stripe_id)).all() == ["pi_1"]


def test_ids_that_differ_by_case_are_two_payments(engine, books):
    put(engine, 1, intent("1AbC"))
    put(engine, "1a", intent("1aBc"))
    apply_inbox(engine, books)
    assert len(payment_ids(engine)) == 2


@pytest.mark.parametrize(
    "source",
    [
        # 2022-08-01 and before: charges in a list, none of the newer fields.
        {"charges": {"object": "list", "data": [{"id": "ch_old", "object": "charge"}]}},
        {"latest_charge": "ch_new", "amount_details": {"tip": {}}, "customer_account": None},
        {
            "latest_charge": {
                "id": "ch_x",
                "object": "charge",
                "created": AT,
                "status": "pending",
                "currency": "usd",
                "amount": 1200,
            }
        },
        {"metadata": None, "last_payment_error": {"code": "new_code", "payment_method": None}},
        {"status": "a_new_status", "currency": "USD", "next_action": {"type": "brand_new"}},
        {"metadata": {"order_id": "x" * 500, "note": "\u0000 🧾"}, "description": "🧾" * 400},
    ],
)
def test_other_api_versions_and_unknown_values_are_read(engine, books, source):
    put(engine, 1, intent(1, **source))
    assert apply_inbox(engine, books).applied == 1
    assert payment_ids(engine) == ["pi_1"]


@pytest.mark.parametrize(
    "source",
    [
        {"id": None},
        {"id": "pi_" + "x" * 100},
        {"created": "yesterday"},
        {"currency": "dollars"},
        {"amount": 10**30},
        {"amount": -5},
        {"livemode": True},
        {"metadata": "none"},
        {"latest_charge": {"id": "ch_1"}},
        {"status": None},
    ],
)
def test_what_cannot_be_read_is_parked_and_writes_nothing(engine, books, source):
    put(engine, 1, intent(1, **source))
    done = apply_inbox(engine, books)
    if done.failed:
        assert payment_ids(engine) == []
        assert event_row(engine, 1)["last_error"]
    else:
        assert done.applied + done.skipped == 1


@pytest.mark.parametrize(
    "source",
    [
        {"object": "checkout.session", "id": "cs_1", "payment_intent": "pi_7"},
        {"object": "invoice", "id": "in_1", "payment_intent": {"id": "pi_7"}},
        {
            "object": "invoice",
            "id": "in_1",
            "payments": {"data": [{"payment": {"payment_intent": "pi_7"}}]},
        },
        {
            "object": "dispute",
            "id": "dp_1",
            "payment_intent": "pi_7",
            "currency": "usd",
            "created": AT,
            "status": "needs_response",
            "amount": 5,
            "livemode": False,
        },
    ],
)
def test_what_belongs_to_a_payment_asks_for_it_to_be_read_again(engine, books, source):
    put(engine, 1, source, kind=f"{source['object']}.updated")
    assert apply_inbox(engine, books).applied == 1
    with reading(engine) as connection:
        c = stale_objects.c
        marked = connection.scalars(select(c.stripe_id).where(c.kind == "payment_intent")).all()
    assert marked == ["pi_7"]


def test_calls_to_stripe_are_kept_in_bulk(engine):
    log = RequestLog(engine)
    for number in range(3):
        log(
            Call(
                False, "GET", "/v1/charges", 200, None, 1500, 1, f"req_{number}", None, clock.now()
            )
        )
    assert log.flush() == 3
    assert log.flush() == 0
    with reading(engine) as connection:
        kept = connection.scalars(select(api_requests.c.request_id).order_by("request_id")).all()
    assert kept == ["req_0", "req_1", "req_2"]


def test_a_time_without_a_zone_is_refused(engine):
    naive = (clock.now() + timedelta(days=1)).replace(tzinfo=None)
    with pytest.raises(Exception, match="without a zone"), writing(engine) as connection:
        connection.execute(update(events).values(next_attempt_at=naive))


def test_workers_side_by_side_claim_other_payments(engine):
    """A payment and its charge go to the same worker, though events came in any order."""
    numbers = [f"3Mtwbw{n:04d}" for n in range(40)]
    for step, number in enumerate(numbers):
        put(engine, step, intent(number))
    for step, number in enumerate(reversed(numbers)):
        charge = {"id": f"ch_{number}", "object": "charge", "payment_intent": f"pi_{number}"}
        put(engine, 100 + step, charge, kind="charge.succeeded")
    claims = [event_processor._claim(engine, 20)[1] for _ in range(4)]
    payments_of = [
        {json.loads(e.body)["data"]["object"]["id"][3:] for e in part} for part in claims
    ]
    assert [len(part) for part in claims] == [20, 20, 20, 20]
    assert [len(part) for part in payments_of] == [10, 10, 10, 10]
