"""A commit whose answer is lost is tried again: nothing is given back or decided twice by that."""

from contextlib import suppress
from datetime import timedelta

import pymysql
import pytest
from sqlalchemy.exc import OperationalError

from core import clock
from core.actions.operation_kinds import KINDS
from core.actions.operations.resolve import resolve
from core.actions.refunds import approvals, ask
from core.errors import TillwatchError
from tests.support import bulk_refunds
from tests.support.fixtures_access import audited
from tests.support.fixtures_actions import operations_kept
from tests.support.refunds import at_stripe, caller, paid, requests, whole

SMALL, LARGE = 500, 100_100
#: As many as the longest way has: each is lost once.
COMMITS = 9


class Losing:
    """Has commits done, and says of one of them that the line was cut before its answer."""

    def __init__(self, number, commit):
        self.left, self._commit = number, commit

    def __call__(self, connection):
        self._commit(connection)
        self.left -= 1
        if self.left == 0:
            cut = pymysql.err.OperationalError(2013, "Lost connection to MySQL server")
            raise OperationalError("COMMIT", None, cut)


def told(act, *given, **named):
    """What a person does, who may be told of an error though it was done."""
    with suppress(TillwatchError):
        act(*given, **named)


def work(context, monkeypatch):
    """What the worker does at once, and once the leases of what was cut off have ended."""
    bulk_refunds.work_off(context)
    for _ in range(3):
        now = clock.now
        monkeypatch.setattr(clock, "now", lambda now=now: now() + timedelta(minutes=5))
        while resolve(context, KINDS):
            pass
        bulk_refunds.work_off(context)


@pytest.mark.parametrize("number", range(1, COMMITS + 1))
def test_asked_approved_and_in_bulk_each_payment_is_given_back_once(
    console, context, number, monkeypatch
):
    support, lead = caller(console, "support"), caller(console, "support_lead")
    payments = [paid(context, SMALL), paid(context, LARGE), paid(context, SMALL)]
    losing = Losing(number, console.engine.dialect.do_commit)
    monkeypatch.setattr(console.engine.dialect, "do_commit", losing)
    told(ask.ask, context, support, whole(payments[0]), livemode=False)
    told(ask.ask, context, support, whole(payments[1]), livemode=False)
    (waiting,) = [row for row in requests(context.engine) if row.payment_id == payments[1]]
    told(approvals.approve, context, lead, waiting.id)
    told(bulk_refunds.ask, context, lead, payments[2:])
    work(context, monkeypatch)
    assert losing.left <= 0
    assert [len(at_stripe(context, one)) for one in payments] == [1, 1, 1]
    assert [row.state for row in requests(context.engine)] == ["succeeded"] * 3
    assert len(operations_kept(console)) == 3
    asked = [row for row in audited(console, "refund.create") if row.outcome == "asked"]
    assert (len(asked), len(audited(console, "refund.approve"))) == (3, 1)
