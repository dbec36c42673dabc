"""`Stripe-Version` is obeyed: requests are read and answers said as that version did."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from stripe.params._webhook_endpoint_create_params import WebhookEndpointCreateParams

from core.emulator.server import RunningEmulator, start_emulator
from core.emulator.state.versions import API_VERSION, PUBLISHED
from core.emulator.versions.table import CHANGES
from tests.support import sdk_params
from tests.support.emulator_clients import raw, receiver

BEFORE_ENDIVE, BEFORE_METHODS, BEFORE_CHARGES = "2026-08-26.dahlia", "2022-11-15", "2022-08-01"
OLDEST = "2020-03-02"
PAID = {
    "amount": 2000,
    "currency": "usd",
    "payment_method": "pm_card_visa",
    "confirm": "true",
    "return_url": "https://shop.example.com/back",
}


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with start_emulator() as running:
        yield running


def ask(
    emulator: RunningEmulator,
    version: str | None,
    path: str,
    form: dict[str, Any] | None = None,
    status: int = 200,
) -> dict[str, Any]:
    """The JSON of a request at a version: POST with a form, GET without."""
    headers = {} if version is None else {"Stripe_Version": version}
    method = "GET" if form is None else "POST"
    answer = raw(emulator, method, f"/v1/{path}", form, **headers)
    assert answer.status == status, answer.body
    assert status != 200 or answer.headers["stripe-version"] == (version or API_VERSION)
    body: dict[str, Any] = json.loads(answer.body)
    return body if status == 200 else body["error"]


def test_published_versions_are_the_sdks() -> None:
    [_, *words] = sdk_params.object_spec(WebhookEndpointCreateParams)["api_version"]
    assert set(words) == PUBLISHED
    assert max(PUBLISHED) == API_VERSION


def test_changes_stand_newest_first_and_at_versions_that_exist() -> None:
    dates = [change.version for change in CHANGES]
    assert dates == sorted(dates, reverse=True)
    assert set(dates) <= PUBLISHED


@pytest.mark.parametrize(
    "version", ["2026-10-29.endive", "2025-09-30.acacia", "2019-12-03, 2020-03-02", ""]
)
def test_version_that_never_was_is_refused(emulator: RunningEmulator, version: str) -> None:
    error = ask(emulator, version, "balance", status=400)
    assert error["message"] == f"Invalid Stripe API version: {version}"
    assert error["type"] == "invalid_request_error"


def test_types_of_methods_are_named_until_endive(emulator: RunningEmulator) -> None:
    form = {**PAID, "payment_method_types[]": "card"}
    made = ask(emulator, BEFORE_ENDIVE, "payment_intents", form)
    assert made["payment_method_types"] == ["card"]
    assert made["automatic_payment_methods"] is None
    error = ask(emulator, None, "payment_intents", form, status=400)
    assert error["code"] == "payment_method_types_no_longer_supported"
    assert error["param"] == "payment_method_types"


def test_intent_takes_cards_only_and_needs_no_way_back_before_2023(
    emulator: RunningEmulator,
) -> None:
    form = {key: value for key, value in PAID.items() if key != "return_url"}
    made = ask(emulator, BEFORE_METHODS, "payment_intents", form)
    assert (made["status"], made["payment_method_types"]) == ("succeeded", ["card"])
    assert made["capture_method"] == "automatic"
    error = ask(emulator, "2023-08-16", "payment_intents", form, status=400)
    assert "return_url" in error["message"]


def test_intent_holds_its_charges_before_2022_11(emulator: RunningEmulator) -> None:
    old = ask(emulator, BEFORE_CHARGES, "payment_intents", PAID)
    [charge] = old["charges"]["data"]
    assert charge["id"] == old["latest_charge"]
    assert charge["refunds"]["data"] == []
    assert (old["invoice"], charge["invoice"]) == (None, None)
    ask(emulator, None, "refunds", {"charge": charge["id"], "amount": 500})
    again = ask(emulator, BEFORE_CHARGES, f"charges/{charge['id']}")
    assert [refund["amount"] for refund in again["refunds"]["data"]] == [500]
    today = ask(emulator, None, f"payment_intents/{old['id']}")
    assert not {"charges", "invoice"} & today.keys()
    assert "refunds" not in ask(emulator, "2022-11-15", f"charges/{charge['id']}")


def test_lists_and_expanded_objects_are_said_too(emulator: RunningEmulator) -> None:
    made = ask(emulator, None, "payment_intents", PAID)
    page = ask(emulator, BEFORE_CHARGES, "payment_intents?limit=1&expand[]=data.latest_charge")
    [found] = page["data"]
    assert found["id"] == made["id"]
    assert found["latest_charge"]["refunds"]["total_count"] == 0
    assert found["charges"]["total_count"] == 1


def test_error_speaks_the_version_of_its_request(emulator: RunningEmulator) -> None:
    form = {**PAID, "payment_method": "pm_card_visa_chargeDeclined"}
    error = ask(emulator, BEFORE_CHARGES, "payment_intents", form, status=402)
    assert [c["status"] for c in error["payment_intent"]["charges"]["data"]] == ["failed"]


def test_customer_holds_lists_before_2020_08(emulator: RunningEmulator) -> None:
    made = ask(emulator, OLDEST, "customers", {"source": "tok_visa"})
    assert [card["id"] for card in made["sources"]["data"]] == [made["default_source"]]
    assert (made["subscriptions"]["data"], made["tax_ids"]["data"]) == ([], [])
    assert "sources" not in ask(emulator, "2020-08-27", f"customers/{made['id']}")


def test_coupons_of_customers_and_of_codes_stand_as_they_did(emulator: RunningEmulator) -> None:
    coupon = ask(emulator, None, "coupons", {"percent_off": "12.5"})
    form = {"coupon": coupon["id"]}
    customer = ask(emulator, "2025-02-24.acacia", "customers", form)
    assert customer["discount"]["coupon"]["percent_off"] == 12.5
    assert ask(emulator, None, "customers", form, status=400)["param"] == "coupon"
    today = ask(emulator, None, f"customers/{customer['id']}")
    assert today["discount"]["source"] == {"coupon": coupon["id"], "type": "coupon"}
    code = ask(emulator, "2025-08-27.basil", "promotion_codes", form)
    assert (code["coupon"]["id"], "promotion" in code) == (coupon["id"], False)
    assert ask(emulator, None, f"promotion_codes/{code['id']}")["promotion"]["type"] == "coupon"


def test_checkout_speaks_older_versions(emulator: RunningEmulator) -> None:
    form = {
        "line_items[0][price_data][currency]": "usd",
        "line_items[0][price_data][unit_amount]": 1500,
        "line_items[0][price_data][product_data][name]": "Tea",
        "line_items[0][quantity]": 1,
        "success_url": "https://shop.example.com/done",
    }
    old = ask(emulator, OLDEST, "checkout/sessions", form)
    assert old["payment_intent"].startswith("pi_")
    assert (old["customer_creation"], old["ui_mode"]) == ("always", "hosted")
    assert (old["shipping"], "shipping_details" in old) == (None, False)
    given = {**form, "ui_mode": "hosted", "payment_method_types[]": "card"}
    dahlia = ask(emulator, "2026-02-25.clover", "checkout/sessions", given)
    assert (dahlia["payment_intent"], dahlia["payment_method_types"]) == (None, ["card"])
    assert ask(emulator, None, "checkout/sessions", form)["ui_mode"] == "hosted_page"


def test_features_of_a_product_have_their_older_name(emulator: RunningEmulator) -> None:
    form = {"name": "Tea", "features[0][name]": "Hot"}
    made = ask(emulator, "2023-10-16", "products", form)
    assert (made["features"], "marketing_features" in made) == ([{"name": "Hot"}], False)
    assert ask(emulator, None, f"products/{made['id']}")["marketing_features"] == [{"name": "Hot"}]


def test_events_speak_the_version_of_their_endpoint(emulator: RunningEmulator) -> None:
    with receiver() as old, receiver() as plain:
        for url, more in ((old.url, {"api_version": BEFORE_CHARGES}), (plain.url, {})):
            form = {"url": url, "enabled_events[]": "payment_intent.succeeded", **more}
            ask(emulator, None, "webhook_endpoints", form)
        made = ask(emulator, None, "payment_intents", PAID)
        assert emulator.wait_delivered()
        [event], [today] = ([json.loads(body) for body, _ in r.bodies] for r in (old, plain))
    assert (event["id"], event["api_version"]) == (today["id"], BEFORE_CHARGES)
    assert event["data"]["object"]["charges"]["data"][0]["id"] == made["latest_charge"]
    assert today["api_version"] == API_VERSION
    assert "charges" not in today["data"]["object"]


def test_request_is_of_the_keys_own_account(emulator: RunningEmulator) -> None:
    assert raw(emulator, "GET", "/v1/balance", Stripe_Account=emulator.account).status == 200
    other = raw(emulator, "GET", "/v1/balance", Stripe_Account="acct_nobody")
    assert (other.status, json.loads(other.body)["error"]["code"]) == (403, "account_invalid")
    connected = json.loads(raw(emulator, "POST", "/v1/accounts", {"type": "standard"}).body)["id"]
    refusal = raw(emulator, "GET", "/v1/balance", Stripe_Account=connected)
    assert (refusal.status, b"not emulated" in refusal.body) == (400, True)


def test_account_of_an_older_version_answers_and_tells_by_it() -> None:
    with start_emulator() as running:
        running.control("POST", "settings", {"api_version": BEFORE_CHARGES})
        answer = raw(running, "POST", "/v1/payment_intents", PAID)
        made = json.loads(answer.body)
        assert answer.headers["stripe-version"] == BEFORE_CHARGES
        assert made["charges"]["total_count"] == 1
        [event] = json.loads(raw(running, "GET", "/v1/events?type=payment_intent.succeeded").body)[
            "data"
        ]
        assert event["api_version"] == BEFORE_CHARGES
        assert event["data"]["object"]["charges"]["total_count"] == 1
        newer = raw(running, "GET", f"/v1/payment_intents/{made['id']}", Stripe_Version=API_VERSION)
        assert "charges" not in json.loads(newer.body)
