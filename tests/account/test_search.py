"""What Stripe sends is found by what people have of it, from webhook to list, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from core.db.engine import reading
from core.db.tables import payouts
from core.emulator.server import RunningEmulator, start_emulator
from core.errors import CardDeclined
from core.reads.payments import list as payment_list
from core.reads.search.payments.fields import FIELDS, parse
from core.reads.search.query import Query, Term
from tests.support.account_mirror import Spine, connect

#: As long as Stripe keeps a value of metadata, with every sign that a search line has for itself.
ORDER = 'Bestellung "Nr. 17", －：，: <a> \\ ' + "0123456789" * 50
CARD = {"enabled": True, "allow_redirects": "never"}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    folder = tmp_path_factory.mktemp("search")
    with start_emulator(state_path=folder / "emulator.db", seed=41) as running:
        running.history(days=12, per_day=12, seed=5)
        yield running


@pytest.fixture
def spine(emulator: RunningEmulator, database_url: str) -> Iterator[Spine]:
    made = connect(emulator, database_url)
    yield made
    made.engine.dispose()


def ids(spine: Spine, query: Query) -> list[str]:
    found: list[str] = []
    cursor = None
    with reading(spine.engine) as conn:
        while True:
            page = payment_list.page(conn, query=query, livemode=False, cursor=cursor)
            found += [row.stripe_id for row in page.rows]
            cursor = page.older_cursor
            if cursor is None:
                return found


def pay(spine: Spine, **given: Any) -> dict[str, Any]:
    asked = {"amount": 4200, "currency": "usd", "automatic_payment_methods": CARD} | given
    answer: dict[str, Any] = spine.gateway.post(
        "/v1/payment_intents", idempotency_key=str(uuid4()), confirm=True, **asked
    )
    return answer


def test_an_order_of_500_characters_comes_whole_and_is_found(spine: Spine) -> None:
    orders = [ORDER[:499] + end for end in "ab"]
    made = [
        pay(spine, metadata={"order_id": order}, payment_method="pm_card_visa") for order in orders
    ]
    spine.sync()
    for order, payment in zip(orders, made, strict=True):
        for field in ("order", None):
            query = parse(str(Query((Term(field, order, literal=True),), FIELDS)))
            assert payment["id"] in ids(spine, query)
        assert not set(ids(spine, query)) & {one["id"] for one in made if one is not payment}


def test_every_payout_finds_the_payments_that_stripe_lists_in_it(spine: Spine) -> None:
    spine.sync()
    spine.drain()
    with reading(spine.engine) as conn:
        known = list(conn.scalars(payouts.select().with_only_columns(payouts.c.stripe_id)))
    assert known
    for payout in known:
        rows = spine.gateway.get(
            "/v1/balance_transactions", payout=payout, limit=100, expand=["data.source"]
        )
        assert not rows["has_more"]
        paid = {
            row["source"].get("payment_intent")
            for row in rows["data"]
            if row["source"] and row["source"]["object"] != "payout"
        }
        assert set(ids(spine, parse(payout))) == paid - {None}


def test_a_name_leads_to_the_payments_of_all_who_have_it(spine: Spine) -> None:
    spine.sync()
    charges = [one for page in spine.gateway.pages("/v1/charges") for one in page]
    named = [one for one in charges if one["billing_details"]["name"] and one["payment_intent"]]
    assert len(named) > 20
    for charge in named[::9]:
        name = charge["billing_details"]["name"]
        found = ids(spine, parse(f'name:"{name}"'))
        assert charge["payment_intent"] in found
        for word in name.split():
            assert set(found) <= set(ids(spine, parse(word.upper())))
        same = {one["payment_intent"] for one in named if one["billing_details"]["name"] == name}
        assert set(found) <= same


def test_a_code_an_amount_and_an_event_lead_to_the_payment(spine: Spine) -> None:
    good = pay(spine, amount=918_273, payment_method="pm_card_visa")
    with pytest.raises(CardDeclined):
        pay(spine, amount=918_274, payment_method="pm_card_chargeDeclinedInsufficientFunds")
    events = spine.events()
    spine.deliver(events)
    spine.drain()
    for line in ("9,182.73", "$9.182,73", "9182,73", "amount:9,182.73", good["latest_charge"]):
        assert good["id"] in ids(spine, parse(line)), line
    declined = ids(spine, parse("amount:9,182.74 insufficient_funds"))
    assert declined
    assert set(declined) <= set(ids(spine, parse("card_declined")))
    told = [one for one in events if one["data"]["object"]["id"] == good["latest_charge"]]
    assert told
    for event in told:
        assert ids(spine, parse(event["id"])) == [good["id"]]


def test_a_charge_without_an_intent_is_found_by_its_id_and_its_refund(spine: Spine) -> None:
    post = spine.gateway.post
    asked = {"amount": 4300, "currency": "usd", "source": "tok_visa"}
    charge = post("/v1/charges", idempotency_key=str(uuid4()), **asked)
    refund = post("/v1/refunds", idempotency_key=str(uuid4()), charge=charge["id"])
    spine.emulator.settle()
    spine.deliver(spine.events())
    spine.drain()
    charge = spine.gateway.get(f"/v1/charges/{charge['id']}")
    for known in (charge["id"], refund["id"], charge["balance_transaction"]):
        assert ids(spine, parse(known)) == [charge["id"]], known
