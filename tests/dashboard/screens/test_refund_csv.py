"""Refunds as files, and the number that their screens ask for."""

from __future__ import annotations

import csv
import io

import pytest
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.testclient import TestClient

from core.access.rights import ROLES
from core.actions.refunds import approvals as refund_approvals
from core.actions.refunds import ask as refunds
from dashboard.ui import live
from dashboard.ui import viewer as console_
from dashboard.web import file_exports
from tests.support.bulk_refunds import ask, work_off
from tests.support.fixtures_access import audited, person
from tests.support.refunds import paid, part, whole

HISTORY, BULK = "/ui/export/refunds.csv", "/ui/export/bulk_refund.csv"


@pytest.fixture
def client(console, monkeypatch):
    """The routes as a user reaches them behind the auth middleware."""
    monkeypatch.setattr(console_, "current_console", lambda: console)
    monkeypatch.setattr(live, "_shared", live.Shared(live._read, fresh_for=0))

    def made(user_id):
        async def introduce(request, call_next):
            request.state.principal = console.principal(user_id)
            return await call_next(request)

        app = Starlette(routes=[*file_exports.routes(), *live.routes])
        app.add_middleware(BaseHTTPMiddleware, dispatch=introduce)
        return TestClient(app)

    return made


def table(answer):
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8")[1:])))


def test_the_history_leaves_as_it_is_filtered_with_its_currency(context, support, client, console):
    large = paid(context, 50_000)
    refunds.ask(context, support, whole(large, note="=cmd()"), livemode=False)
    refunds.ask(context, support, part(paid(context, 500, "jpy"), "120"), livemode=False)
    finance = client(person(console, "finance"))
    rows = table(finance.get(HISTORY))
    asked = {row["state"]: row for row in rows if row["made"] == "here"}
    assert (asked["awaiting_approval"]["amount"], asked["awaiting_approval"]["currency"]) == (
        "500.00",
        "USD",
    )
    assert asked["awaiting_approval"]["note"] == "'=cmd()"
    assert asked["succeeded"]["amount"] == "120"
    only = table(finance.get(HISTORY, params={"payment": large}))
    assert [row["payment"] for row in only] == [large]
    none = table(finance.get(HISTORY, params={"mode": "live"}))
    assert none == []


def test_the_rows_of_a_bulk_leave_with_what_came_of_them(context, lead, client, console):
    payments = sorted(paid(context, 1_000) for _ in range(3))
    made = ask(context, lead, payments)
    work_off(context)
    rows = table(client(lead.user_id).get(BULK, params={"id": made.bulk_id}))
    assert [row["payment"] for row in rows] == payments
    assert {(row["state"], row["amount"], row["currency"]) for row in rows} == {
        ("succeeded", "10.00", "USD")
    }
    assert audited(console, "export")[-1].target == "bulk_refund.csv"


@pytest.mark.parametrize(("address", "role"), [(HISTORY, "finance"), (BULK, "support_lead")])
def test_finance_takes_refunds_away_and_a_bulk_who_runs_it(console, client, address, role):
    allowed = {
        role
        for role in ROLES
        if client(person(console, role)).get(address, params={"id": "x"}).status_code == 200
    }
    assert allowed == {role}
    assert {row.target for row in audited(console, "export")} <= {address.rpartition("/")[2]}


def test_each_decision_moves_the_number_that_screens_ask_for(context, support, lead, client):
    ask_number = client(support.user_id)
    seen = [ask_number.get("/ui/live?topic=refunds").text]
    waiting = refunds.ask(context, support, whole(paid(context, 50_000)), livemode=False)
    seen.append(ask_number.get("/ui/live?topic=refunds").text)
    refund_approvals.refuse(context, lead, waiting.request_id, "no")
    seen.append(ask_number.get("/ui/live?topic=refunds").text)
    ask(context, lead, [paid(context, 100_100)])
    seen.append(ask_number.get("/ui/live?topic=refunds").text)
    assert len(set(seen)) == 4


def test_who_may_not_see_refunds_gets_no_number(console, client):
    answer = client(person(console, "viewer")).get("/ui/live?topic=refunds")
    assert answer.status_code == 403
