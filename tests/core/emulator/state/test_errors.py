"""What is wrong with a request is said in Stripe's words, with Stripe's headers, never a 500."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from core.emulator.server import RunningEmulator, start_emulator
from tests.support.emulator_clients import client_of, raw


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with start_emulator() as running:
        yield running


def error_of(body: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(body)["error"]
    return found


@pytest.mark.parametrize("key", ["sk_live_abcdefghijkl", "pk_test_abcdefghijkl", "nonsense"])
def test_key_that_is_no_test_key_is_refused(emulator: RunningEmulator, key: str) -> None:
    with pytest.raises(stripe.AuthenticationError) as caught:
        client_of(emulator, key).v1.balance.retrieve()
    assert caught.value.http_status == 401
    assert key not in str(caught.value) or len(key) <= 8


@pytest.mark.parametrize("header", ["", "Bearer ", "Basic !!!", "Digest x"])
def test_missing_key_is_refused(emulator: RunningEmulator, header: str) -> None:
    answer = raw(emulator, "GET", "/v1/balance", Authorization=header)
    assert answer.status == 401
    assert error_of(answer.body)["type"] == "invalid_request_error"


def test_key_is_taken_as_bearer_as_user_name_and_restricted(emulator: RunningEmulator) -> None:
    user = base64.b64encode(b"sk_test_x:").decode()
    for header in (f"Basic {user}", "Bearer rk_test_x"):
        assert raw(emulator, "GET", "/v1/balance", Authorization=header).status == 200


def test_every_answer_has_a_request_id_of_its_own(emulator: RunningEmulator) -> None:
    answers = [raw(emulator, "GET", path) for path in ("/v1/balance", "/v1/charges/ch_none")]
    ids = [{k.lower(): v for k, v in a.headers.items()}["request-id"] for a in answers]
    assert len(set(ids)) == 2
    assert all(request_id.startswith("req_") for request_id in ids)
    assert ids[1] in error_of(answers[1].body)["request_log_url"]


def test_unknown_object_in_the_path_is_404(emulator: RunningEmulator) -> None:
    answer = raw(emulator, "GET", "/v1/charges/ch_none")
    error = error_of(answer.body)
    assert (answer.status, error["code"], error["param"]) == (404, "resource_missing", "id")
    assert error["message"] == "No such charge: 'ch_none'"
    assert error["doc_url"].endswith("/resource-missing")


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/nothing"), ("PUT", "/v1/charges"), ("POST", "/v1/balance")]
)
def test_unknown_call_is_404_and_named(emulator: RunningEmulator, method: str, path: str) -> None:
    answer = raw(emulator, method, path)
    assert answer.status == 404
    assert f"({method}: {path})" in error_of(answer.body)["message"]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 400),
        (b"amount=%ff", "application/x-www-form-urlencoded", 400),
        (b"\xff\xfe", "application/x-www-form-urlencoded", 400),
        (b"a[b]c=1", "application/x-www-form-urlencoded", 400),
        (b"amount=1&amount[x]=2", "application/x-www-form-urlencoded", 400),
        (b"a" + b"[b]" * 50 + b"=1", "application/x-www-form-urlencoded", 400),
        (b"x" * 1_100_000, "application/x-www-form-urlencoded", 413),
    ],
)
def test_body_that_cannot_be_read_is_refused(
    emulator: RunningEmulator, body: bytes, kind: str, status: int
) -> None:
    answer = raw(emulator, "POST", "/v1/payment_intents", body, Content_Type=kind)
    assert answer.status == status
    assert error_of(answer.body)["type"] == "invalid_request_error"


def test_unknown_expansion_is_refused(emulator: RunningEmulator) -> None:
    answer = raw(emulator, "GET", "/v1/charges?expand[]=data.nothing")
    assert answer.status == 400
    assert error_of(answer.body)["message"] == "This property cannot be expanded (data.nothing)."
