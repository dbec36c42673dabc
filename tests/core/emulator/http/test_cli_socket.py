"""What Stripe's CLI hears by its socket: events, thin ones, requests; and what it may say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import stripe
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from core.emulator.server import RunningEmulator, start_emulator
from core.emulator.state.versions import API_VERSION
from tests.support.emulator_clients import client_of, pay, raw
from tests.support.receivers import wait_until


@pytest.fixture
def emulator() -> Iterator[RunningEmulator]:
    with start_emulator() as running:
        yield running


def session(emulator: RunningEmulator, *features: str, filters: str = "") -> dict[str, Any]:
    form = "&".join(f"websocket_features[]={feature}" for feature in features)
    form += f"&device_name=here{f'&filters={filters}' if filters else ''}"
    answer = raw(emulator, "POST", "/v1/stripecli/sessions", form.encode())
    assert answer.status == 200, answer.body
    found: dict[str, Any] = json.loads(answer.body)
    return found


def socket_of(opened: dict[str, Any]) -> ClientConnection:
    return connect(
        f"{opened['websocket_url']}?websocket_feature=x",
        additional_headers={"Websocket-Id": opened["websocket_id"]},
        subprotocols=["stripecli-devproxy-v1"],  # type: ignore[list-item]
    )


def next_of(socket: ClientConnection) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(socket.recv(timeout=10))
    return found


def test_events_come_signed_in_two_versions(emulator: RunningEmulator) -> None:
    emulator.control("POST", "settings", {"api_version": "2022-08-01"})
    opened = session(emulator, "webhooks")
    assert opened["default_version"] == "2022-08-01"
    with socket_of(opened) as socket:
        assert socket.subprotocol == "stripecli-devproxy-v1"
        paid = pay(client_of(emulator))
        first, latest = next_of(socket), next_of(socket)
    assert (first["endpoint"], latest["endpoint"]) == (
        {"api_version": None},
        {"api_version": API_VERSION},
    )
    for message, version in ((first, "2022-08-01"), (latest, API_VERSION)):
        signed = message["http_headers"]["Stripe-Signature"]
        event = stripe.Webhook.construct_event(message["event_payload"], signed, opened["secret"])
        assert (event.type, event.api_version) == ("payment_intent.created", version)
        assert event.data.object["id"] == paid.id
        assert ("charges" in event.data.object) is (version < API_VERSION)


def test_events_wait_for_a_socket_that_is_away(emulator: RunningEmulator) -> None:
    opened, client = session(emulator, "webhooks"), client_of(emulator)
    for name in ("Tea", "Milk"):
        client.v1.products.create({"name": name})
        with socket_of(opened) as socket:
            events = [json.loads(next_of(socket)["event_payload"]) for _ in range(2)]
        assert {event["data"]["object"]["name"] for event in events} == {name}


def test_thin_event_names_its_object_and_can_be_fetched(emulator: RunningEmulator) -> None:
    with socket_of(session(emulator, "v2_events")) as socket:
        made = client_of(emulator).v1.customers.create({"name": "Ada"})
        message = next_of(socket)
    event = json.loads(message["payload"])
    assert (message["type"], event["type"]) == ("v2_event", "v1.customer.created")
    assert event["related_object"]["url"] == f"/v1/customers/{made.id}"
    assert (
        json.loads(raw(emulator, "GET", f"/v2/core/events/{event['id']}").body)["id"] == event["id"]
    )


def test_what_is_rolled_back_is_not_told(emulator: RunningEmulator) -> None:
    with socket_of(session(emulator, "webhooks")) as socket:
        answer = raw(
            emulator,
            "POST",
            "/v1/customers",
            {"name": "A", "cash_balance[settings][reconciliation_mode]": "manual"},
        )
        assert b"not emulated" in answer.body
        client_of(emulator).v1.products.create({"name": "Tea"})
        assert json.loads(next_of(socket)["event_payload"])["type"] == "product.created"


def test_requests_are_told_as_the_filters_say(emulator: RunningEmulator) -> None:
    filters = json.dumps({"filter_status_code_type": ["400"], "filter_http_method": ["POST"]})
    with socket_of(session(emulator, "request_logs", filters=filters)) as socket:
        raw(emulator, "GET", "/v1/charges/ch_none")
        raw(emulator, "POST", "/v1/customers", {"name": "Ada"})
        raw(emulator, "POST", "/v1/customers", {"nme": "Ada"})
        log = json.loads(next_of(socket)["event_payload"])
    assert (log["method"], log["status"], log["url"]) == ("POST", 400, "/v1/customers")
    assert (log["error"]["code"], log["error"]["param"]) == ("parameter_unknown", "nme")


def test_event_is_sent_again_to_the_cli(emulator: RunningEmulator) -> None:
    opened = session(emulator, "webhooks")
    client_of(emulator).v1.products.create({"name": "Tea"})
    with socket_of(opened) as socket:
        event = json.loads(next_of(socket)["event_payload"])
        next_of(socket)
        answer = raw(emulator, "POST", f"/v1/events/{event['id']}/retry", {"for_stripecli": "true"})
        assert json.loads(answer.body)["id"] == event["id"]
        assert json.loads(next_of(socket)["event_payload"])["id"] == event["id"]


def test_answers_of_receivers_are_kept(emulator: RunningEmulator) -> None:
    answer = {"type": "webhook_response", "status": 302, "notification_id": "evt_1"}
    with socket_of(session(emulator, "webhooks")) as socket:
        for text in ("{", "[]", json.dumps({"type": "event_ack"}), json.dumps(answer)):
            socket.send(text)
        wait_until(lambda: emulator.control("GET", "stripecli")["answers"])
    [kept] = emulator.control("GET", "stripecli")["answers"]
    assert (kept["status"], kept["notification_id"]) == (302, "evt_1")


def test_unknown_session_is_told_so(emulator: RunningEmulator) -> None:
    opened = session(emulator, "webhooks")
    with pytest.raises(InvalidStatus) as refusal:
        socket_of({**opened, "websocket_id": "cliws_none"})
    body = json.loads(refusal.value.response.body)
    assert body["error"]["message"] == "Unknown WebSocket ID."


def test_filters_that_are_no_json_are_refused(emulator: RunningEmulator) -> None:
    answer = raw(emulator, "POST", "/v1/stripecli/sessions", {"filters": "{"})
    assert (answer.status, json.loads(answer.body)["error"]["param"]) == (400, "filters")
