"""The emulator knows the parameters that the SDK knows, and refuses others as Stripe does."""

from __future__ import annotations

import json

import pytest

from core.emulator.http import params
from core.emulator.state.errors import ApiError
from tests.support import sdk_params


def refusal(route: str, raw: dict[str, object]) -> dict[str, object]:
    with pytest.raises(ApiError) as caught:
        params.read(route, raw)
    assert caught.value.status == 400
    assert not caught.value.executed
    return caught.value.error


def test_table_is_what_the_sdk_knows() -> None:
    kept = json.loads(sdk_params.TARGET.read_text(encoding="utf-8"))
    assert kept == json.loads(sdk_params.written(sdk_params.whole_table()))


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"amount": "100", "currency": "usd", "foo": "1"}, "foo"),
        ({"amount": "100", "currency": "usd", "shipping": {"nme": "x"}}, "shipping[nme]"),
        (
            {"amount": "1", "currency": "usd", "payment_method_data": {"type": "card", "bic": "x"}},
            "payment_method_data[bic]",
        ),
    ],
)
def test_unknown_parameter_is_refused_by_name(given: dict[str, object], named: str) -> None:
    error = refusal("PaymentIntentCreateParams", given)
    assert error["code"] == "parameter_unknown"
    assert error["message"] == f"Received unknown parameter: {named}"
    assert error["param"] == named


def test_two_unknown_parameters_are_named_together() -> None:
    error = refusal("RefundListParams", {"a": "1", "b": "2"})
    assert error["message"] == "Received unknown parameters: a, b"


def test_missing_parameter_is_named() -> None:
    error = refusal("PaymentIntentCreateParams", {"amount": "100"})
    assert error["message"] == "Missing required param: currency."
    assert error["code"] == "parameter_missing"


@pytest.mark.parametrize("text", ["1.5", "", "abc", "1e3", "NaN", "٣", "0x10", "1" * 30, "1_0"])
def test_amount_that_is_no_integer_is_refused(text: str) -> None:
    error = refusal("PaymentIntentCreateParams", {"amount": text, "currency": "usd"})
    assert error["param"] == "amount"
    assert error["code"] in ("parameter_invalid_integer", "parameter_invalid_empty")


def test_word_outside_its_list_is_refused_with_the_list() -> None:
    error = refusal("RefundCreateParams", {"charge": "ch_1", "reason": "whim"})
    assert error["message"] == (
        "Invalid reason: must be one of duplicate, fraudulent, or requested_by_customer"
    )


def test_boolean_is_true_or_false_only() -> None:
    given = {"amount": "100", "currency": "usd", "confirm": "yes"}
    assert refusal("PaymentIntentCreateParams", given)["message"] == "Invalid boolean: yes"


def test_value_that_may_be_a_boolean_or_a_word_takes_both() -> None:
    base = {"amount": "100", "currency": "usd"}
    table = "PaymentIntentCreateParams"
    assert params.read(table, {**base, "off_session": "true"})["off_session"] is True
    assert params.read(table, {**base, "off_session": "recurring"})["off_session"] == "recurring"


def test_range_and_exact_time_are_both_read() -> None:
    table = "RefundListParams"
    assert params.read(table, {"created": "5"})["created"] == 5
    assert params.read(table, {"created": {"gte": "5"}})["created"] == {"gte": 5}


@pytest.mark.parametrize(
    "metadata",
    [
        {f"k{i}": "v" for i in range(51)},
        {"k" * 41: "v"},
        {"k": "v" * 501},
        {"k": {"nested": "v"}},
        "text",
    ],
)
def test_metadata_beyond_stripes_limits_is_refused(metadata: object) -> None:
    error = refusal("RefundCreateParams", {"charge": "ch_1", "metadata": metadata})
    assert str(error["param"]).startswith("metadata")


def test_metadata_at_the_limits_is_taken() -> None:
    metadata = {f"{i:040}": "v" * 500 for i in range(50)}
    given = {"charge": "ch_1", "metadata": metadata}
    assert params.read("RefundCreateParams", given)["metadata"] == metadata


def test_empty_metadata_unsets_and_empty_value_removes_its_key() -> None:
    assert params.read("RefundUpdateParams", {"metadata": ""}) == {"metadata": None}
    assert params.merged({"a": "1", "b": "2"}, {"a": ""}) == {"b": "2"}
    assert params.merged({"a": "1"}, None) == {}
