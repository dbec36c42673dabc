"""Every operation that Stripe publishes is served, or refused by name: none is unknown.

The list is of stripe-mock 0.203.0; `tests/clients/stripe_mock.py` walks it beside the mock itself.
"""

from __future__ import annotations

import json
import re

import pytest

from core.emulator.http import params, routes
from core.emulator.state.errors import ApiError
from core.emulator.versions import table
from tests.support.emulator_books import context
from tests.support.openapi_operations import TARGET

_PUBLISHED = json.loads(TARGET.read_text(encoding="utf-8"))
OPERATIONS: dict[str, list[str]] = _PUBLISHED["operations"]
#: The same with an id in it that nobody has.
ALL = {name: re.sub(r"\{\w+\}", "x_none", name) for name in OPERATIONS}


def test_no_operation_is_unknown() -> None:
    unknown = []
    with context() as books:
        for name, asked in ALL.items():
            method, path = asked.split(" ")
            if routes.match(method, path) is not None:
                continue
            try:
                books.api(method, path.removeprefix("/v1/"))
            except ApiError as refusal:
                if not re.match(r"not emulated: |No such ", str(refusal)):
                    unknown.append((name, str(refusal)))
    assert unknown == []


def test_no_parameter_is_unknown() -> None:
    unknown = []
    for name, published in OPERATIONS.items():
        found = routes.match(*ALL[name].split(" "))
        if found is None or found[0].params is None:
            continue
        entry = found[0].params
        known = {key.rstrip("!?") for key in params._table(entry)}
        known |= {key.rstrip("!?") for key in table.parameters(_PUBLISHED["version"], entry)}
        unknown += [(name, one) for one in published if one.rstrip("!") not in known]
    assert unknown == []


def test_older_names_lead_to_the_same_objects() -> None:
    with context() as books:
        ada = books.api("POST", "customers", source="tok_visa")["id"]
        [card] = books.api("GET", f"customers/{ada}/cards")["data"]
        assert books.api("GET", f"customers/{ada}/cards/{card['id']}") == card
        sold = books.pay("usd", 5000, "pm_card_visa")
        back = books.api("POST", f"charges/{sold}/refund", amount=100)
        assert (back["object"], back["amount_refunded"]) == ("charge", 100)
        [refund] = books.api("GET", f"charges/{sold}/refunds")["data"]
        told = books.api("POST", f"charges/{sold}/refunds/{refund['id']}", metadata={"a": "b"})
        assert told["metadata"] == {"a": "b"}
        with pytest.raises(ApiError, match="No dispute for charge"):
            books.api("GET", f"charges/{sold}/dispute")
        disputed = books.pay("usd", 5000, "pm_card_createDispute")
        books.control.settle({})
        dispute = books.api("GET", f"charges/{disputed}/dispute")
        assert dispute["charge"] == disputed
        assert books.api("POST", f"charges/{disputed}/dispute/close")["status"] == "lost"


def test_reversals_and_discounts_are_read_alone() -> None:
    with context() as books:
        books.api("POST", "topups", amount=9000, currency="usd")
        account = books.api("POST", "accounts", type="standard", country="US")["id"]
        given = {"amount": 900, "currency": "usd", "destination": account}
        sent = books.api("POST", "transfers", **given)["id"]
        back = books.api("POST", f"transfers/{sent}/reversals", amount=100)
        path = f"transfers/{sent}/reversals/{back['id']}"
        assert books.api("POST", path, metadata={"a": "b"})["metadata"] == {"a": "b"}
        assert books.api("GET", path)["amount"] == 100
        with pytest.raises(ApiError, match="No such transfer_reversal"):
            books.api("GET", f"transfers/tr_none/reversals/{back['id']}")
        ada = books.api("POST", "customers", name="Ada")["id"]
        with pytest.raises(ApiError, match="No such discount"):
            books.api("GET", f"customers/{ada}/discount")
        with pytest.raises(ApiError, match=r"not emulated: POST /v1/customers/.*/cash_balance"):
            books.api("POST", f"customers/{ada}/cash_balance")


def test_secret_of_an_intent_is_its_own() -> None:
    with context() as books:
        intent = books.api(
            "POST", "payment_intents", amount=2000, currency="usd", payment_method="pm_card_visa"
        )
        path = f"payment_intents/{intent['id']}/confirm"
        back = {"return_url": "https://shop.example.com/back"}
        with pytest.raises(ApiError, match="client_secret provided does not match"):
            books.api("POST", path, client_secret="pi_1_secret_2", **back)
        paid = books.api("POST", path, client_secret=intent["client_secret"], **back)
        assert paid["status"] == "succeeded"
        given = {"amount": 900, "currency": "usd", "source": "tok_visa"}
        with pytest.raises(ApiError, match="not emulated: card"):
            books.api("POST", "charges", card="tok_visa", **given)
