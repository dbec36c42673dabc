"""A card number that somebody writes to a refund is kept nowhere, and asks for the same again."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import select

from core.actions.refunds import approvals as refund_approvals
from core.actions.refunds import ask as refunds
from core.actions.refunds import bulk_approvals as bulk_refund_approvals
from core.actions.refunds import bulk_ask as bulk_refunds
from core.actions.refunds import cancel as refund_cancel
from core.actions.refunds.ask import NewRefund
from core.actions.refunds.bulk_ask import NewBulk
from core.actions.refunds.bulk_plan import How, Target
from core.db.engine import reading, writing
from core.db.tables import audit_log, refund_requests
from core.db.tables import bulk_refunds as bulks
from tests.support.refunds import caller, paid

CARD = "4242 4242 4242 4242"
WRITTEN = f"paid with {CARD}"
SHOWN = "paid with •••• 4242"


@pytest.fixture
def lead(console):
    return caller(console, "support_lead")


@pytest.fixture(autouse=True)
def nothing_keeps_a_card(console):
    yield
    with reading(console.engine) as connection:
        for table in (refund_requests, bulks, audit_log):
            for row in connection.execute(select(table)):
                assert CARD not in str(row)


def test_a_note_is_covered_and_its_request_is_known_again(console, context, lead):
    asked = NewRefund(paid(context, 1000), "1.00", "duplicate", WRITTEN)
    key = str(uuid.uuid4())
    for _ in range(2):
        made = refunds.ask(context, lead, asked, livemode=False, request_id=key)
        assert (made.request_id, made.note) == (key, SHOWN)


def test_why_it_was_refused_and_what_was_done_are_covered(console, context, lead):
    asked = NewRefund(paid(context, 50_000), None, "duplicate")
    waits = refunds.ask(context, caller(console, "support"), asked, livemode=False)
    assert refund_approvals.refuse(context, lead, waits.request_id, WRITTEN).why == SHOWN
    with writing(console.engine) as connection:
        connection.execute(refund_requests.update().values(state="failed"))
    refund_cancel.settle(context, lead, waits.request_id, WRITTEN)
    with reading(console.engine) as connection:
        (said,) = connection.scalars(
            select(audit_log.c.details).where(audit_log.c.action == refund_cancel.SETTLE)
        )
    assert SHOWN in said


def test_what_is_written_to_a_bulk_is_covered(console, context, lead):
    asked = NewBulk([Target(paid(context, 500_000))], How(), "duplicate", WRITTEN)
    key = str(uuid.uuid4())
    for _ in range(2):
        waits = bulk_refunds.ask(context, lead, asked, livemode=False, bulk_id=key)
        assert (waits.state, waits.note) == ("awaiting_approval", SHOWN)
    other = caller(console, "support_lead")
    assert bulk_refund_approvals.refuse(context, other, key, WRITTEN).why == SHOWN
