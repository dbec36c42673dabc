"""Requests on behalf of a connected account: empty to read, refused to write; errors of API v2."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import stripe

from core.emulator.server import RunningEmulator, start_emulator
from tests.support.emulator_clients import client_of, pay, raw


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with start_emulator() as running:
        yield running


def test_connected_account_holds_nothing(emulator: RunningEmulator) -> None:
    client = client_of(emulator)
    paid = pay(client)
    account = client.v1.accounts.create({"type": "standard", "country": "US"})
    behalf: stripe.RequestOptions = {"stripe_account": account.id}
    assert client.v1.accounts.retrieve_current(None, behalf).id == account.id
    assert client.v1.charges.list({"limit": 3}, behalf).data == []
    assert client.v1.invoices.list(None, behalf).data == []
    found = client.v1.customers.search({"query": "email:'a@example.com'"}, behalf)
    assert (found.object, found.data) == ("search_result", [])
    with pytest.raises(stripe.InvalidRequestError, match="No such payment_intent") as missing:
        client.v1.payment_intents.retrieve(paid.id, None, behalf)
    assert missing.value.http_status == 404
    with pytest.raises(stripe.InvalidRequestError, match="not emulated: POST /v1/customers on be"):
        client.v1.customers.create({"name": "Ada"}, behalf)


def test_thin_events_are_listed_page_by_page(emulator: RunningEmulator) -> None:
    client = client_of(emulator)
    customer = client.v1.customers.create({"name": "Ada"})
    for related in (customer.id, customer.id, pay(client).id):
        given = {"type": "v1.customer.updated", "related": related}
        emulator.control("POST", "thin_events", given)
    first = client.v2.core.events.list({"object_id": customer.id, "limit": 1})
    assert len(first.data) == 1
    assert len(list(first.auto_paging_iter())) == 2
    assert len(client.v2.core.events.list({"types": ["v1.customer.updated"]}).data) == 3
    assert client.v2.core.events.list({"types": ["v1.other"]}).data == []


def test_errors_of_v2_have_a_code_and_a_message(emulator: RunningEmulator) -> None:
    answer = raw(emulator, "GET", "/v2/core/events/evt_none")
    assert answer.status == 404
    error = json.loads(answer.body)["error"]
    assert sorted(error) == ["code", "message"]
    assert error["code"] == "not_found"
    answer = raw(emulator, "GET", "/v2/core/events?sort=up")
    assert (answer.status, json.loads(answer.body)["error"]["code"]) == (400, "invalid_fields")
    emulator.fault("error", status=429, path="/v2/core/events", count=1)
    with pytest.raises(stripe.RateLimitError) as limited:
        client_of(emulator).v2.core.events.list()
    assert limited.value.json_body["error"]["type"] == "rate_limit"
    with pytest.raises(stripe.StripeError, match="not emulated: POST /v2/core/accounts"):
        client_of(emulator).v2.core.accounts.create({"contact_email": "ada@example.com"})
    assert client_of(emulator).v2.core.accounts.list().data == []
    for path, noun in (("billing/meter_event_session", "billing/meter_event_session"), ("x", "x")):
        told = json.loads(raw(emulator, "POST", f"/v2/{path}").body)["error"]["message"]
        assert told.endswith(f"(the emulator has no {noun})")
