"""Payments over the REST API: what is answered, to whom, and what reaches Stripe."""

from __future__ import annotations

import pytest

from core.db.tables import operations
from tests.support.fixtures_rest import CREATE, DECLINED, PREFIX, running_api

TAKERS = {"service", "developer"}
READERS = {
    "service", "viewer", "support", "support_lead", "finance", "risk", "developer", "admin",
}  # fmt: skip


def test_configuration_needs_no_token(shared_api):
    assert shared_api.get("config").json() == {"publishable_key": None, "is_test_mode": True}


def test_configuration_names_the_key_of_its_mode(tmp_path):
    url = f"sqlite:///{tmp_path / 'tillwatch.db'}"
    live = {
        "stripe_secret_key": "sk_live_dummy",
        "stripe_publishable_key": "pk_live_dummy",
        "stripe_test_publishable_key": "pk_test_dummy",
    }
    with running_api(tmp_path, url, **live) as api:
        found = api.get("config").json()
    assert found == {"publishable_key": "pk_live_dummy", "is_test_mode": False}


def test_a_payment_is_created_confirmed_and_retrieved(shared_api):
    token = shared_api.token("service")
    made = shared_api.post("create-payment-intent", CREATE, token)
    assert made.status_code == 200
    found = made.json()
    payment = found["payment_intent_id"]
    assert found.pop("client_secret").startswith(f"{payment}_secret_")
    assert found == {
        "payment_intent_id": payment,
        "amount": "12.34",
        "currency": "usd",
        "status": "requires_payment_method",
        "payment_id": payment,
    }
    body = {"payment_intent_id": payment, "payment_method": "pm_card_visa"}
    paid = shared_api.post("confirm-payment", body, token)
    method = paid.json()["payment_method"]
    assert (paid.status_code, paid.json()) == (
        200,
        {
            "payment_intent_id": payment,
            "status": "succeeded",
            "payment_method": method,
            "next_action": None,
        },
    )
    shown = shared_api.get(f"payment-intent/{payment}", token).json()
    created = shown.pop("created")
    assert type(created) is int
    assert shown == {
        "id": payment,
        "amount": "12.34",
        "currency": "usd",
        "status": "succeeded",
        "payment_method": method,
    }


def test_amounts_are_decimal_strings_of_their_currency(tmp_path):
    url = f"sqlite:///{tmp_path / 'tillwatch.db'}"
    with running_api(tmp_path, url, payment_currencies="jpy,kwd,usd") as api:
        token = api.token("service")
        for amount, currency, said in (
            ("500", "JPY", "500"),
            ("1.230", "kwd", "1.230"),
            ("7", "usd", "7.00"),
        ):
            body = CREATE | {"amount": amount, "currency": currency}
            found = api.post("create-payment-intent", body, token).json()
            assert (found["amount"], found["currency"]) == (said, currency.lower())


def test_the_users_id_is_the_tokens_unless_the_shop_names_its_own(shared_api):
    token = shared_api.token("service")
    own = shared_api.post("create-payment-intent", CREATE, token).json()["payment_intent_id"]
    named = shared_api.created(token, user_id="customer 7")
    numbered = shared_api.created(token, user_id=7)
    notes = {one["id"]: one["metadata"]["user_id"] for one in shared_api.at_stripe()}
    assert (notes[named], notes[numbered]) == ("customer 7", "7")
    assert len(notes[own]) == 36


def test_a_decline_is_402_with_codes_words_and_what_to_do(shared_api):
    answer = shared_api.confirmed(shared_api.token("service"), DECLINED)
    error = answer.json()["error"]
    request_id = error.pop("request_id")
    assert answer.status_code == 402
    assert request_id.startswith("req_")
    assert error == {
        "type": "card_error",
        "code": "card_declined",
        "decline_code": "insufficient_funds",
        "message": error["message"],
        "user_action": "check_balance",
    }


def test_a_decline_whose_bank_gives_no_reason_has_the_same_shape(shared_api):
    answer = shared_api.confirmed(shared_api.token("service"), "pm_card_chargeDeclinedExpiredCard")
    error = answer.json()["error"]
    assert answer.status_code == 402
    assert error.keys() == {
        "type", "code", "decline_code", "message", "user_action", "request_id"
    }  # fmt: skip
    assert (error["code"], error["decline_code"]) == ("expired_card", None)


def test_a_payment_that_looks_like_fraud_is_402_and_never_sent(api):
    token = api.token("service")
    before = len(api.at_stripe())
    body = CREATE | {"amount": "60000", "user_id": "card tester"}
    answers = [api.post("create-payment-intent", body, token) for _ in range(8)]
    error = answers[-1].json()["error"]
    assert answers[-1].status_code == 402
    assert (error["type"], error["code"]) == ("card_error", "risk_refused")
    assert error["user_action"] == "contact_support"
    sent = [answer for answer in answers if answer.status_code == 200]
    assert len(api.at_stripe()) == before + len(sent)


def test_three_d_secure_is_an_action_and_no_error(shared_api):
    answer = shared_api.confirmed(shared_api.token("service"), "pm_card_threeDSecure2Required")
    found = answer.json()
    assert (answer.status_code, found["status"]) == (200, "requires_action")
    action = found["next_action"]["redirect_to_url"]
    assert action["return_url"] == shared_api.settings.public_base + f"{PREFIX}/return"


@pytest.mark.parametrize("role", sorted(READERS))
def test_roles_may_do_what_the_matrix_says(shared_api, role):
    token, service = shared_api.token(role), shared_api.token("service")
    payment = shared_api.created(service)
    made = shared_api.post("create-payment-intent", CREATE, token)
    body = {"payment_intent_id": payment, "payment_method": "pm_card_visa"}
    tried = shared_api.post("confirm-payment", body, token)
    assert made.status_code == tried.status_code == (200 if role in TAKERS else 403)
    assert shared_api.get(f"payment-intent/{payment}", token).status_code == 200
    if role not in TAKERS:
        error = made.json()["error"]
        assert (error["type"], error["code"]) == ("permission_error", "not_permitted")


def test_a_role_is_asked_before_anything_is_said_about_the_body(api):
    token = api.token("viewer")
    answers = [
        api.client.post(
            f"{PREFIX}/create-payment-intent",
            content=body,
            headers={"Authorization": f"Bearer {token}"},
        ).status_code
        for body in (b"", b"{", b"[]", b'{"amount": 1}')
    ]
    assert answers == [403] * 4
    assert api.rows(operations) == []
    assert api.at_stripe() == []


def test_the_same_key_answers_the_same_and_acts_once(api):
    token = api.token("service")
    first, again = (
        api.post("create-payment-intent", CREATE, token, Idempotency_Key="order-42")
        for _ in range(2)
    )
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    other = api.post(
        "create-payment-intent", CREATE | {"order_id": 43}, token, Idempotency_Key="order-42"
    )
    error = other.json()["error"]
    assert (other.status_code, error["code"]) == (409, "idempotency_key_reused")
    stranger = api.post(
        "create-payment-intent", CREATE, api.token("service"), Idempotency_Key="order-42"
    )
    assert stranger.json()["payment_intent_id"] != first.json()["payment_intent_id"]
    assert len(api.at_stripe()) == 2


def test_a_key_that_came_with_a_mistake_is_still_free(api):
    token = api.token("service")
    wrong = api.post("create-payment-intent", CREATE | {"amount": "0"}, token, Idempotency_Key="k")
    right = api.post("create-payment-intent", CREATE, token, Idempotency_Key="k")
    assert (wrong.status_code, right.status_code) == (422, 200)


def test_a_decline_is_answered_the_same_again(api):
    token = api.token("service")
    body = {"payment_intent_id": api.created(token), "payment_method": DECLINED}
    first, again = (
        api.post("confirm-payment", body, token, Idempotency_Key="try-1") for _ in range(2)
    )
    assert first.status_code == again.status_code == 402
    assert first.json() == again.json()
    assert len(api.at_stripe("charges")) == 1


def test_a_mistaken_call_is_explained_by_stripes_own_code(shared_api):
    token = shared_api.token("service")
    payment = shared_api.confirmed(token).json()["payment_intent_id"]
    answer = shared_api.post("confirm-payment", {"payment_intent_id": payment}, token)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"]) == (400, "invalid_request_error")
    assert error["code"] == "payment_intent_unexpected_state"
    assert error["user_action"] == "check_order"
    assert error["stripe_message"]
    missing = shared_api.get("payment-intent/pi_nobody", token)
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "resource_missing")


def test_a_slash_in_an_id_is_no_other_route(shared_api):
    token = shared_api.token("service")
    for path in ("pi_x%2Fconfirm", "pi_x/confirm", "%2e%2e", ""):
        answer = shared_api.get(f"payment-intent/{path}", token)
        assert answer.status_code in (404, 422), path
        assert answer.json()["error"]["message"]


def test_where_customers_come_back_to_repeats_nothing(shared_api):
    answer = shared_api.get("return?payment_intent=<script>alert(1)</script>", Accept_Language="zh")
    assert answer.status_code == 200
    assert "您可以关闭此窗口" in answer.text
    assert "alert" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
