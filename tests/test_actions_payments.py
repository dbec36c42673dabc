"""Payments by a shop's backend and by developers: what is asked, what is kept, what is refused."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from tenacity import wait_none

from core.access import tokens
from core.access.principals import Caller
from core.actions import payments
from core.actions.desk import Desk, PaymentRules
from core.actions.operations import id_for
from core.actions.payment_rules import NewPayment
from core.bootstrap import Console
from core.cache import ProcessCache
from core.db.engine import reading, writing
from core.db.tables import operations
from core.db.tables import payments as payments_table
from core.emulator.server import start_emulator
from core.errors import (
    CardDeclined,
    IdempotencyKeyReused,
    InvalidInput,
    NotPermitted,
    NotSignedIn,
    OutcomeUnknown,
    StripeRefused,
)
from core.gateway.budget import Budget
from core.gateway.client import Gateway
from core.inbox.apply import Books
from core.ledger.scope import Scope
from tests.fixtures_access import audited, give, person
from tests.spine import KEY

ASKED = NewPayment("12.34", "usd", 42, email="ada@shop.example", metadata={"basket": "7"})
RULES = PaymentRules(frozenset({"usd", "eur", "cny", "gbp"}), Decimal("999999.99"))


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    with start_emulator(state_path=tmp_path_factory.mktemp("emu") / "emulator.db", seed=5) as one:
        yield one


@pytest.fixture
def desk(console: Console, emulator):
    emulator.control("DELETE", "faults")
    return make_desk(console, emulator)


def make_desk(console: Console, emulator) -> Desk:
    gateway = Gateway(
        KEY,
        livemode=False,
        api_base=emulator.base_url,
        budget=Budget(rate=100_000),
        wait=wait_none(),
        read_seconds=2,
    )
    books = Books(Scope(console.settings.zone))
    return Desk(
        console.engine, {False: gateway}, books, RULES, ProcessCache(), "https://shop.example/back"
    )


@pytest.fixture
def shop(console: Console) -> Caller:
    """A backend with a service token."""
    from tests.fixtures_access import email_of

    owner = person(console, "viewer")
    with writing(console.engine) as connection:
        _, secret = tokens.create(
            connection, email=email_of(console, owner), roles=["service"], actor="test"
        )
        return tokens.bearer(connection, secret)


def kept(console: Console, table=operations):
    with reading(console.engine) as connection:
        return connection.execute(select(table)).all()


def at_stripe(desk: Desk, payment_intent_id: str):
    return desk.gateway(False).get(f"/v1/payment_intents/{payment_intent_id}")


def pay(desk: Desk, shop: Caller, token: str, **given):
    made = payments.create(desk, shop, ASKED, livemode=False)
    return payments.confirm(
        desk, shop, made.payment_intent_id, livemode=False, payment_method=token, **given
    )


def test_a_payment_is_created_with_its_metadata_and_shown_at_once(console, desk, shop):
    made = payments.create(desk, shop, ASKED, livemode=False)
    assert made.status == "requires_payment_method"
    assert (made.amount.minor, made.amount.currency) == (1234, "usd")
    assert made.client_secret.startswith(f"{made.payment_intent_id}_secret_")
    notes = at_stripe(desk, made.payment_intent_id)["metadata"]
    assert notes == {
        "basket": "7",
        "email": "ada@shop.example",
        "order_id": "42",
        "tillwatch_operation": made.operation_id,
    }
    (row,) = kept(console, payments_table)
    assert (row.stripe_id, row.order_id, row.status) == (
        made.payment_intent_id,
        "42",
        "requires_payment_method",
    )


def test_the_client_secret_is_kept_nowhere(console, desk, shop):
    made = pay(desk, shop, "pm_card_threeDSecure2Required")
    assert made.next_action["type"] == "redirect_to_url"
    with reading(console.engine) as connection:
        for table in payments_table.metadata.sorted_tables:
            for row in connection.execute(select(table)):
                assert "_secret_" not in repr(tuple(row)), table.name


def test_a_confirmed_payment_is_shown_as_paid_before_any_event(console, desk, shop):
    paid = pay(desk, shop, "pm_card_visa")
    assert paid.status == "succeeded"
    (row,) = kept(console, payments_table)
    assert (row.status, row.card_last4, row.confirmed) == ("succeeded", "4242", True)
    assert [r.outcome for r in audited(console, "payment.confirm")] == ["asked", "succeeded"]


def test_a_decline_is_kept_with_its_codes_and_answers_the_same_again(console, desk, shop):
    made = payments.create(desk, shop, ASKED, livemode=False)
    key = id_for(shop, "confirm", "abc")
    for _ in range(2):
        with pytest.raises(CardDeclined) as caught:
            payments.confirm(
                desk,
                shop,
                made.payment_intent_id,
                livemode=False,
                payment_method="pm_card_chargeDeclinedInsufficientFunds",
                operation_id=key,
            )
        assert caught.value.decline_code == "insufficient_funds"
        assert caught.value.request_id
    charges = desk.gateway(False).get("/v1/charges", payment_intent=made.payment_intent_id)
    assert len(charges["data"]) == 1


def test_the_same_key_creates_once_and_answers_the_same(console, desk, shop):
    key = id_for(shop, "create", "order-42")
    first = payments.create(desk, shop, ASKED, livemode=False, operation_id=key)
    again = payments.create(desk, shop, ASKED, livemode=False, operation_id=key)
    assert first == again
    assert len(kept(console)) == 1


def test_the_same_key_with_another_request_is_refused(desk, shop):
    key = id_for(shop, "create", "order-42")
    payments.create(desk, shop, ASKED, livemode=False, operation_id=key)
    other = NewPayment("12.35", "usd", 42)
    with pytest.raises(IdempotencyKeyReused):
        payments.create(desk, shop, other, livemode=False, operation_id=key)


def test_two_callers_with_one_key_are_two_operations(console, shop):
    assert id_for(shop, "create", "k") != id_for(Caller("another"), "create", "k")
    assert id_for(shop, "create", "k") != id_for(shop, "confirm", "k")
    assert id_for(shop, "create", None) != id_for(shop, "create", None)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": "-1"}, "amount"),
        ({"amount": "1.001"}, "amount"),
        ({"amount": "1.5", "currency": "jpy"}, "amount"),
        ({"amount": "1e9"}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"amount": 12.34}, "amount"),
        ({"amount": "1000000"}, "amount"),
        ({"amount": "0.10"}, "amount"),
        ({"currency": "chf"}, "currency"),
        ({"currency": "usdollar"}, "currency"),
        ({"currency": 7}, "currency"),
        ({"order_id": "42"}, "order_id"),
        ({"order_id": True}, "order_id"),
        ({"order_id": 0}, "order_id"),
        ({"order_id": 2**63}, "order_id"),
        ({"email": "nobody"}, "email"),
        ({"ip_address": "1.2.3"}, "ip_address"),
        ({"user_id": ""}, "user_id"),
        ({"metadata": {"order_id": "1"}}, "metadata"),
        ({"metadata": {"a": 1}}, "metadata"),
        ({"metadata": {"a[b]": "1"}}, "metadata"),
        ({"metadata": {str(n): "x" for n in range(41)}}, "metadata"),
        ({"metadata": [1]}, "metadata"),
    ],
)
def test_bad_input_names_its_field_and_nothing_is_written_or_sent(
    console, desk, shop, emulator, change, field
):
    before = len(desk.gateway(False).get("/v1/payment_intents", limit=100)["data"])
    asked = NewPayment(**(vars(ASKED) | change))
    with pytest.raises(InvalidInput) as caught:
        payments.create(desk, shop, asked, livemode=False)
    assert caught.value.field == field
    assert kept(console) == []
    after = desk.gateway(False).get("/v1/payment_intents", limit=100)["data"]
    assert len(after) == before


def test_capture_takes_what_is_held_and_cancel_lets_it_go(desk, shop):
    asked = NewPayment("12.34", "usd", 42, manual_capture=True)
    ids = [payments.create(desk, shop, asked, livemode=False).payment_intent_id for _ in range(2)]
    for one in ids:
        held = payments.confirm(desk, shop, one, livemode=False, payment_method="pm_card_visa")
        assert held.status == "requires_capture"
    assert payments.capture(desk, shop, ids[0], livemode=False).status == "succeeded"
    assert payments.cancel(desk, shop, ids[1], livemode=False).status == "canceled"
    with pytest.raises(StripeRefused):
        payments.cancel(desk, shop, ids[0], livemode=False)


def test_a_reply_that_is_lost_is_unknown_and_not_sent_by_hand_again(console, desk, shop, emulator):
    emulator.control(
        "POST", "faults", {"kind": "lost_reply", "path": "/v1/payment_intents", "count": 3}
    )
    key = id_for(shop, "create", "lost")
    with pytest.raises(OutcomeUnknown):
        payments.create(desk, shop, ASKED, livemode=False, operation_id=key)
    (row,) = kept(console)
    assert row.state == "unknown"
    with pytest.raises(OutcomeUnknown):
        payments.create(desk, shop, ASKED, livemode=False, operation_id=key)
    assert "_secret_" not in json.dumps(row.outcome)


def test_only_those_with_the_right_take_payments(console, desk):
    for role in ("viewer", "support", "support_lead", "finance", "risk", "admin"):
        caller = Caller(person(console, role))
        with pytest.raises(NotPermitted):
            payments.create(desk, caller, ASKED, livemode=False)
    with pytest.raises(NotSignedIn):
        payments.create(desk, Caller("nobody"), ASKED, livemode=False)
    assert kept(console) == []
    assert {row.outcome for row in audited(console, "payment.create")} == {"refused"}
    developer = Caller(person(console, "developer"))
    assert payments.create(desk, developer, ASKED, livemode=False).status
    with pytest.raises(NotPermitted):
        payments.create(desk, developer, ASKED, livemode=True)


def test_a_role_that_is_taken_away_closes_its_tokens(console, desk):
    from tests.fixtures_access import email_of

    owner = person(console, "developer")
    with writing(console.engine) as connection:
        _, secret = tokens.create(
            connection, email=email_of(console, owner), roles=["developer"], actor="test"
        )
        caller = tokens.bearer(connection, secret)
    assert payments.create(desk, caller, ASKED, livemode=False).status
    give(console, owner, "viewer")
    with pytest.raises(NotPermitted):
        payments.create(desk, caller, ASKED, livemode=False)


def test_a_payment_is_retrieved_from_the_cache_until_something_changes_it(console, desk, shop):
    made = payments.create(desk, shop, ASKED, livemode=False)

    def calls():
        return len(seen)

    seen = []
    gateway = desk.gateways[False]
    original = gateway.get
    gateway.get = lambda path, **params: (seen.append(path), original(path, **params))[1]
    first = payments.retrieve(desk, shop, made.payment_intent_id, livemode=False)
    assert first.status == "requires_payment_method"
    with writing(console.engine) as connection:
        from core.db.tables import stale_objects

        connection.execute(stale_objects.delete())
    payments.retrieve(desk, shop, made.payment_intent_id, livemode=False)
    known = calls()
    assert payments.retrieve(desk, shop, made.payment_intent_id, livemode=False) == first
    assert calls() == known
    payments.confirm(
        desk, shop, made.payment_intent_id, livemode=False, payment_method="pm_card_visa"
    )
    now = payments.retrieve(desk, shop, made.payment_intent_id, livemode=False)
    assert now.status == "succeeded"


def test_an_operation_counts_one_object_at_stripe(console, desk, shop):
    payments.create(desk, shop, ASKED, livemode=False)
    with reading(console.engine) as connection:
        assert connection.scalar(select(func.count()).select_from(operations)) == 1
