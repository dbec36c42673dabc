"""Whatever a client sends, it is told what is wrong: never a 500, nothing sent to Stripe."""

from __future__ import annotations

import json

import pytest

from core.db.tables import operations
from tests.support.fixtures_rest import CREATE, PREFIX

URL = f"{PREFIX}/create-payment-intent"
JSON = "application/json"


@pytest.fixture(scope="module")
def token(shared_api):
    return shared_api.token("service", "support")


@pytest.fixture
def send(shared_api, token):
    """POST raw bytes; afterwards nothing may have been written or sent."""

    def post(raw, content_type=JSON, route="create-payment-intent", **headers):
        given = {"Authorization": f"Bearer {token}"} | headers
        if content_type is not None:
            given["Content-Type"] = content_type
        return shared_api.client.post(f"{PREFIX}/{route}", content=raw, headers=given)

    before = (len(shared_api.rows(operations)), len(shared_api.at_stripe()))
    yield post
    assert (len(shared_api.rows(operations)), len(shared_api.at_stripe())) == before


def error_of(answer, status):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == JSON
    return answer.json()["error"]


def with_value(name, literal):
    """The body of a payment whose field has a value that Python's json may not write."""
    rest = {key: value for key, value in CREATE.items() if key != name}
    return f'{json.dumps(rest)[:-1]}, "{name}": {literal}}}'.encode()


@pytest.mark.parametrize(
    ("name", "literal", "rule"),
    [
        ("amount", '"0"', "must be greater than zero"),
        ("amount", '"-1"', "must be greater than zero"),
        ("amount", '"1.001"', "has more than 2 decimals for USD"),
        ("amount", '"1e9"', "must be a number such as 12.34"),
        ("amount", '"NaN"', "must be a number such as 12.34"),
        ("amount", '"Infinity"', "must be a number such as 12.34"),
        ("amount", '"1,234.00"', "must be a number such as 12.34"),
        ("amount", '"$12"', "must be a number such as 12.34"),
        ("amount", '"１２"', "must be a number such as 12.34"),
        ("amount", '""', "must be a number such as 12.34"),
        ("amount", '"12.34\\n"', "must be a number such as 12.34"),
        ("amount", '"1000000"', "must be at most 999999.99"),
        ("amount", '"0.10"', "must be at least 0.50"),
        ("amount", f'"{"9" * 5000}"', "has too many digits"),
        *(
            ("amount", literal, "must be a decimal string in major units")
            for literal in ("12.34", "12", "NaN", "1e400", "9" * 5000, "null", "true", "[]", "{}")
        ),
        ("currency", '"xxx"', "is not a lower-case currency code that Stripe charges in"),
        ("currency", '"chf"', "must be one of cny, eur, gbp, usd"),
        ("currency", "1", "must be a string"),
        ("currency", "null", "must be a string"),
        *(
            ("order_id", literal, "must be a positive whole number")
            for literal in ('"42"', "42.0", "true", "null", "0", "-1", "NaN", "9" * 5000, "[]")
        ),
        ("order_id", str(2**63), "must be a positive whole number"),
        ("email", '"nobody"', "must be an e-mail address"),
        ("email", f'"a@b.{"c" * 300}"', "must be an e-mail address"),
        ("ip_address", '"1.2.3"', "must be an IPv4 or IPv6 address"),
        ("ip_address", "1", "must be an IPv4 or IPv6 address"),
        ("user_id", '"a\\u0000b"', "must be a printable string of 1 to 64 characters"),
        ("metadata", '{"a": NaN}', "must be a printable string of 1 to 500 characters"),
        ("metadata", '{"order_id": "1"}', "must not have the key order_id: it has its own field"),
        ("metadata", "[]", "must be an object of strings"),
        ("surprise", "1", "is not a field of this request"),
        ("livemode", "true", "is not a field of this request"),
    ],
)
def test_a_bad_value_is_422_and_named(send, name, literal, rule):
    error = error_of(send(with_value(name, literal)), 422)
    assert (error["field"], error["rule"]) == (name, rule)
    assert (error["type"], error["user_action"]) == ("invalid_request_error", "check_details")


def test_half_a_yen_is_not_an_amount(send):
    raw = json.dumps(CREATE | {"amount": "1.5", "currency": "jpy"}).encode()
    assert error_of(send(raw), 422)["field"] == "amount"


@pytest.mark.parametrize("name", sorted(CREATE))
def test_what_is_missing_is_named(send, name):
    raw = json.dumps({key: value for key, value in CREATE.items() if key != name}).encode()
    error = error_of(send(raw), 422)
    assert (error["field"], error["rule"]) == (name, "is required")


def test_a_field_twice_is_refused_whichever_was_meant(send):
    error = error_of(send(b'{"amount": "1.00", "amount": "100.00"}'), 422)
    assert (error["field"], error["rule"]) == ("amount", "appears twice")


def test_an_unknown_name_is_repeated_short_and_fit_to_print(send):
    assert len(error_of(send(json.dumps({"x" * 5000: 1}).encode()), 422)["field"]) == 64
    assert error_of(send(b'{"\\ud83d\\ude00": 1}'), 422)["field"] == "😀"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"NaN",
        b"1" * 5000,
        b"{",
        b"{'amount': 1}",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b'{"amount": "\xc3\x28"}',
        b'{"amount": "\\ud800"}',
        b'{"\\udfff": 1}',
        b'{"\\ud800": 1, "\\ud800": 2}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"metadata": ' + b"[" * 500 + b"]" * 500 + b"}",
        b"\x00",
        b'{"amount": "1\n2"}',
    ],
    ids=lambda raw: repr(raw[:24]),
)
def test_what_is_no_json_object_is_400(send, raw):
    # Python may still read five hundred levels, whose field is then named.
    answer = send(raw)
    assert answer.status_code in (400, 422)
    assert answer.json()["error"]["code"] in ("malformed_request", "invalid_input")
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "content_type",
    [None, "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "é", "/"],
)
def test_another_content_type_is_415(send, content_type):
    headers = {"Content-Type": content_type.encode()} if content_type == "é" else {}
    answer = send(json.dumps(CREATE).encode(), None if headers else content_type, **headers)
    assert error_of(answer, 415)["code"] == "unsupported_media_type"


def test_a_charset_may_stand_beside_the_content_type(send):
    assert error_of(send(b"{}", "Application/JSON; charset=utf-8"), 422)["field"] == "amount"


@pytest.mark.parametrize("key", [b"x" * 256, b"a\tb", b"\xff\x80"])
def test_a_key_that_is_none_is_422(send, key):
    error = error_of(send(json.dumps(CREATE).encode(), **{"Idempotency-Key": key}), 422)
    assert error["field"] == "Idempotency-Key"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"payment_intent_id": "pi_1/../../refunds"}, "payment_intent_id"),
        ({"payment_intent_id": "pi_\n"}, "payment_intent_id"),
        ({"payment_intent_id": None}, "payment_intent_id"),
        ({"payment_intent_id": "pi_1", "payment_method": "card"}, "payment_method"),
        ({"payment_intent_id": "pi_1", "payment_method": {"id": "pm_1"}}, "payment_method"),
        ({"payment_intent_id": "pi_1", "return_url": "javascript:alert(1)"}, "return_url"),
        ({"payment_intent_id": "pi_1", "return_url": "//shop.example"}, "return_url"),
        ({"payment_intent_id": "pi_1", "return_url": "https://[x"}, "return_url"),
    ],
)
def test_a_bad_confirmation_names_its_field(send, body, field):
    answer = send(json.dumps(body).encode(), route="confirm-payment")
    assert error_of(answer, 422)["field"] == field


@pytest.mark.parametrize(
    "path", ["%00", "pi_%00", "pi_" + "x" * 5000, "%ff%fe", "pi_%F0%9F%98%80", "pi_1%0d%0aX:y"]
)
def test_a_path_that_is_no_id_is_422(send, shared_api, token, path):
    answer = shared_api.get(f"payment-intent/{path}", token)
    assert error_of(answer, 422)["field"] == "payment_intent_id"


def test_unknown_routes_and_methods_answer_in_the_same_shape(shared_api, token):
    missing = shared_api.get("nothing", token)
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")
    wrong = shared_api.client.put(URL, json=CREATE)
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (405, "method_not_allowed")
    assert wrong.headers["allow"] == "POST"


def test_a_body_over_the_limit_is_413_before_anything_else(send):
    error = error_of(send(b"x" * (1 << 20) + b"x"), 413)
    assert (error["type"], error["code"]) == ("invalid_request_error", "body_too_large")


def test_a_stream_over_the_limit_is_413(send):
    pieces = (b"x" * 65536 for _ in range(20))
    assert error_of(send(pieces), 413)["code"] == "body_too_large"
