"""Requests under way, one request, bulks with their sums and rows: what screens of refunds read."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from core import clock
from core.actions.refunds import approvals as refund_approvals
from core.actions.refunds import ask as refunds
from core.actions.refunds import bulk_approvals as bulk_refund_approvals
from core.actions.refunds import bulk_worker
from core.db.engine import reading
from core.errors import NotFound
from core.reads.refunds import bulk as bulk_reads
from core.reads.refunds import requests as reads
from tests.support.bulk_refunds import ask, work_off
from tests.support.refunds import caller, paid, part, whole


@pytest.fixture
def support(console):
    return caller(console, "support")


@pytest.fixture
def lead(console):
    return caller(console, "support_lead")


@pytest.fixture
def read(console):
    def run(fn, **asked):
        with reading(console.engine) as connection:
            return fn(connection, livemode=False, **asked)

    return run


def test_what_waits_is_under_way_and_what_ended_is_not(context, support, lead, read):
    refunds.ask(context, support, part(paid(context), "1"), livemode=False)
    large = refunds.ask(context, support, whole(paid(context, 50_000)), livemode=False)
    (found,) = read(reads.under_way)
    assert (found.request_id, found.state, found.cancelable) == (
        large.request_id,
        "awaiting_approval",
        True,
    )
    refund_approvals.refuse(context, lead, large.request_id, "no")
    assert read(reads.under_way) == ()
    ended = read(reads.by_id, request_id=large.request_id)
    assert (ended.state, ended.why, ended.cancelable) == ("refused", "no", False)


def test_a_request_of_no_such_id_or_mode_is_not_found(console, context, support, read):
    made = refunds.ask(context, support, part(paid(context), "1"), livemode=False)
    for asked in ({"request_id": str(uuid.uuid4())}, {"request_id": ""}):
        with pytest.raises(NotFound):
            read(reads.by_id, **asked)
    with reading(console.engine) as connection, pytest.raises(NotFound):
        reads.by_id(connection, request_id=made.request_id, livemode=True)


def test_a_bulk_stands_with_its_sums_by_currency_and_its_rows_apart(context, lead, read):
    payments = sorted([paid(context, 1_000), paid(context, 2_000), paid(context, 500, "jpy")])
    made = ask(context, lead, payments)
    assert read(reads.under_way) == ()
    found = read(bulk_reads.by_id, bulk_id=made.bulk_id)
    assert {code: str(total) for code, total in found.sums.items()} == {
        "jpy": "500 JPY",
        "usd": "30.00 USD",
    }
    assert (found.total, found.unsent, found.rows_in("succeeded")) == (3, 3, 0)
    bulk_worker.send_waiting_rows(context)
    assert read(bulk_reads.by_id, bulk_id=made.bulk_id).rows_in("succeeded") == 1
    work_off(context)
    assert [one.state for one in read(bulk_reads.latest)] == ["done"]
    first = read(bulk_reads.rows, bulk_id=made.bulk_id, limit=2)
    rest = read(bulk_reads.rows, bulk_id=made.bulk_id, limit=2, cursor=first.next_cursor)
    assert [row.payment_id for row in (*first.rows, *rest.rows)] == payments
    assert rest.next_cursor is None
    failed = read(bulk_reads.rows, bulk_id=made.bulk_id, among=("failed",))
    assert failed.rows == ()


def test_a_bulk_that_waits_is_shown_to_who_decides_until_its_time(context, console, lead, read):
    made = ask(context, lead, [paid(context, 100_100)])
    now = clock.now()
    assert [one.bulk_id for one in read(bulk_reads.waiting, now=now)] == [made.bulk_id]
    assert read(bulk_reads.waiting, now=now + timedelta(hours=73)) == ()
    bulk_refund_approvals.approve(context, caller(console, "support_lead"), made.bulk_id)
    assert read(bulk_reads.waiting, now=now) == ()
    with pytest.raises(NotFound):
        read(bulk_reads.by_id, bulk_id="none")
