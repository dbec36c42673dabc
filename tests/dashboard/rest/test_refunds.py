"""Refunds over the REST API: who may, what is answered, and that it is sent once."""

from __future__ import annotations

import pytest

from core.db.tables import refund_requests
from tests.core.actions.refunds.test_refund_disputes import disputed
from tests.support.fixtures_actions import make_context
from tests.support.fixtures_rest import running_api
from tests.support.refunds import charged

ASKERS = {"support", "support_lead"}


def ask(api, token, payment, **changes):
    reason = changes.pop("reason", "requested_by_customer")
    headers = changes.pop("headers", {})
    body = {"payment_intent_id": payment, "reason": reason} | changes
    return api.post("refund", body, token, **headers)


@pytest.fixture(scope="module")
def service(shared_api):
    return shared_api.token("service")


@pytest.fixture
def paid(shared_api, service):
    return shared_api.confirmed(service).json()["payment_intent_id"]


def test_a_refund_within_the_limit_is_sent_at_once(shared_api, paid):
    answer = ask(shared_api, shared_api.token("support"), paid, amount="2.34")
    found = answer.json()
    assert answer.status_code == 200, answer.text
    refund = found.pop("refund_id")
    assert refund.startswith("re_")
    assert found == {
        "refund_request_id": found["refund_request_id"],
        "amount": "2.34",
        "currency": "usd",
        "status": "succeeded",
        "reason": "requested_by_customer",
        "warnings": [],
    }
    at_stripe = {one["id"]: one for one in shared_api.at_stripe("refunds")}
    assert at_stripe[refund]["amount"] == 234


def test_without_an_amount_all_that_is_left_goes_back(shared_api, paid):
    token = shared_api.token("support")
    ask(shared_api, token, paid, amount="2.34")
    assert ask(shared_api, token, paid, amount=None).json()["amount"] == "10.00"
    answer = ask(shared_api, token, paid)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (409, "not_refundable")
    assert (error["field"], error["rule"]) == ("payment_intent_id", "is fully refunded")


@pytest.mark.parametrize(
    "role",
    ["service", "viewer", "support", "support_lead", "finance", "risk", "developer", "admin"],
)
def test_only_those_with_the_right_ask(shared_api, paid, role):
    token = shared_api.token(role)
    assert ask(shared_api, token, paid, amount="1").status_code == (200 if role in ASKERS else 403)
    fraud = ask(shared_api, token, paid, amount="1", reason="fraudulent")
    assert fraud.status_code == (200 if role in ASKERS | {"risk"} else 403)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": "-1"}, "amount"),
        ({"amount": "12.35"}, "amount"),
        ({"amount": "1.001"}, "amount"),
        ({"amount": 1}, "amount"),
        ({"amount": "1e1"}, "amount"),
        ({"reason": "because"}, "reason"),
        ({"reason": None}, "reason"),
        ({"reason": {}}, "reason"),
        ({"payment_intent_id": "re_1"}, "payment_intent_id"),
        ({"payment_intent_id": 7}, "payment_intent_id"),
        ({"note": "n"}, "note"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_kept(shared_api, paid, changes, field):
    before = len(shared_api.rows(refund_requests)), len(shared_api.at_stripe("refunds"))
    answer = ask(shared_api, shared_api.token("support"), paid, **changes)
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, field)
    after = len(shared_api.rows(refund_requests)), len(shared_api.at_stripe("refunds"))
    assert after == before


def test_a_charge_without_an_intent_is_refunded_by_its_own_id(shared_api):
    charge = charged(make_context(shared_api.console, shared_api.emulator), 1_234)
    answer = ask(shared_api, shared_api.token("support"), charge, amount="2.34")
    assert (answer.status_code, answer.json()["status"]) == (200, "succeeded")
    (refund,) = [one for one in shared_api.at_stripe("refunds") if one["charge"] == charge]
    assert (refund["amount"], refund["payment_intent"]) == (234, None)


def test_during_an_inquiry_the_answer_warns_in_the_callers_language(shared_api, paid):
    context = make_context(shared_api.console, shared_api.emulator)
    disputed(context, shared_api.emulator, paid, "inquiry")
    token = shared_api.token("support")
    english = ask(shared_api, token, paid, amount="1").json()["warnings"]
    assert [one["code"] for one in english] == ["open_inquiry"]
    assert "the customer is then paid twice" in english[0]["message"]
    chinese = {"Accept_Language": "zh-CN"}
    (told,) = ask(shared_api, token, paid, amount="1", headers=chinese).json()["warnings"]
    assert "有未结的查询" in told["message"]


@pytest.mark.parametrize("payment", ["pi_nobody", "ch_nobody"])
def test_a_payment_that_is_not_here_is_404(shared_api, payment):
    answer = ask(shared_api, shared_api.token("support"), payment)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_the_same_key_refunds_once(shared_api, paid):
    token = shared_api.token("support")
    key = {"Idempotency_Key": "refund-42"}
    first, again = (ask(shared_api, token, paid, amount="3", headers=key) for _ in range(2))
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    other = ask(shared_api, token, paid, amount="4", headers=key)
    assert (other.status_code, other.json()["error"]["code"]) == (409, "idempotency_key_reused")
    mine = [one for one in shared_api.at_stripe("refunds") if one["payment_intent"] == paid]
    assert len(mine) == 1


def test_above_the_limit_it_waits_for_a_second_person(shared_api, service):
    paid = shared_api.confirmed(service, amount="900000").json()["payment_intent_id"]
    answer = ask(shared_api, shared_api.token("support"), paid)
    found = answer.json()
    assert (answer.status_code, found["status"]) == (202, "awaiting_approval")
    assert found["refund_id"] is None
    assert not [one for one in shared_api.at_stripe("refunds") if one["payment_intent"] == paid]


def test_a_reply_that_is_lost_is_being_resolved(database_url, tmp_path):
    with running_api(tmp_path, database_url) as api:
        service = api.token("service")
        paid = api.confirmed(service).json()["payment_intent_id"]
        assert api.get(f"payment-intent/{paid}", service).json()["status"] == "succeeded"
        api.emulator.fault("lost_reply", path="/v1/refunds", count=3)
        answer = ask(api, api.token("support"), paid)
        assert (answer.status_code, answer.json()["status"]) == (202, "unknown")
        assert len(api.at_stripe("refunds")) == 1
