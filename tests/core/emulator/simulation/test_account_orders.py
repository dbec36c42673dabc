"""What can be ordered of the account: movements, late rows, rights, damage, deletions, events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from core.emulator.resources.balance_movements import CATEGORIES
from core.emulator.runtime.engine import Engine
from core.emulator.server import RunningEmulator, start_emulator
from core.emulator.state.object_damage import WAYS
from tests.support.emulator_books import DAY, context, faults
from tests.support.emulator_clients import KEY, client_of, pay, raw, receiver
from tests.support.sdk_shapes import faults as shape_faults

HOUR = 3_600


@pytest.fixture
def emulator() -> Iterator[RunningEmulator]:
    with start_emulator() as running:
        running.control("POST", "clock", {"frozen": True})
        running.advance(until_morning(running.engine))
        yield running


@pytest.fixture
def client(emulator: RunningEmulator) -> stripe.StripeClient:
    return client_of(emulator)


def until_morning(engine: Engine) -> int:
    """The seconds until an hour from which no midnight, with its payouts, is near."""
    return (6 * HOUR - engine.clock.now_ms() // 1000) % DAY


def order(emulator: RunningEmulator, **body: Any) -> list[dict[str, Any]]:
    given = {"amount": -1000, "currency": "usd", **body}
    found: list[dict[str, Any]] = emulator.control("POST", "balance_transactions", given)[
        "balance_transactions"
    ]
    return found


def get(emulator: RunningEmulator, path: str) -> tuple[int, Any]:
    answer = raw(emulator, "GET", f"/v1/{path}")
    return answer.status, json.loads(answer.body)


def listed(emulator: RunningEmulator) -> list[str]:
    return [row["id"] for row in get(emulator, "balance_transactions?limit=100")[1]["data"]]


@pytest.mark.parametrize(("kind", "category"), sorted(CATEGORIES.items()))
def test_movement_of_each_type_is_a_row_of_its_category(
    emulator: RunningEmulator, kind: str, category: str
) -> None:
    row = order(emulator, type=kind)[0]
    assert (row["type"], row["reporting_category"], row["net"]) == (kind, category, -1000)
    assert shape_faults(row) == []
    expanded = get(emulator, f"balance_transactions/{row['id']}?expand[]=source")[1]
    assert shape_faults(expanded) == []
    assert isinstance(expanded["source"], dict) == (kind in ("topup", "reserve_transaction"))


def test_reserve_is_a_pair_and_has_its_own_balance(emulator: RunningEmulator) -> None:
    rows = order(emulator, type="reserve_hold", amount=-5000)
    assert [(r["balance_type"], r["amount"]) for r in rows] == [
        ("payments", -5000),
        ("risk_reserved", 5000),
    ]
    balance = get(emulator, "balance")[1]
    assert balance["available"][0]["amount"] == -5000
    assert balance["risk_reserved"]["available"] == [{"amount": 5000, "currency": "usd"}]
    order(emulator, type="reserve_release", amount=5000)
    balance = get(emulator, "balance")[1]
    assert balance["available"][0]["amount"] == 0
    assert balance["risk_reserved"]["available"] == [{"amount": 0, "currency": "usd"}]


def test_balances_of_every_kind_are_the_sum_of_their_rows() -> None:
    with context() as books:
        for number, (kind, balance_type) in enumerate(
            (
                ("adjustment", "issuing"),
                ("adjustment", "refund_and_dispute_prefunding"),
                ("adjustment", "payments"),
                ("reserve_hold", None),
                ("issuing_transaction", None),
                ("topup", None),
            )
        ):
            body = {"type": kind, "amount": 700 + number, "currency": "eur"}
            extra = {"balance_type": balance_type, "reporting_category": "other_adjustment"}
            more = extra if balance_type else {}
            books.control.account.movement({**body, **more, "available_in_days": 2})
        assert faults(books) == []
        books.advance(3 * DAY)
        assert faults(books) == []


def test_large_sums_and_coins_of_any_currency_are_held(emulator: RunningEmulator) -> None:
    order(emulator, type="topup", amount=4 * 10**13, currency="idr")
    order(emulator, type="topup", amount=5, currency="usdc")
    held = {p["currency"]: p["amount"] for p in get(emulator, "balance")[1]["available"]}
    assert held == {"usd": 0, "idr": 4 * 10**13, "usdc": 5}


def test_type_that_nobody_knows_takes_a_category(emulator: RunningEmulator) -> None:
    [row] = order(emulator, type="moon_tax", reporting_category="moon_tax")
    assert (row["type"], row["reporting_category"]) == ("moon_tax", "moon_tax")
    with pytest.raises(ValueError, match="reporting_category is needed"):
        order(emulator, type="sun_tax")


def test_parts_of_a_fee_sum_to_it(emulator: RunningEmulator) -> None:
    parts = [{"type": "stripe_fee", "amount": 30}, {"type": "tax", "amount": 6}]
    [row] = order(emulator, type="stripe_fee", amount=0, fee_details=parts)
    assert (row["fee"], row["net"]) == (36, -36)
    assert [part["type"] for part in row["fee_details"]] == ["stripe_fee", "tax"]


def test_charges_have_the_parts_that_were_ordered(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    parts = ["tax", "application_fee", "payment_method_passthrough_fee", "withheld_tax"]
    emulator.control("POST", "settings", {"fee_parts": parts})
    pay(client, "pm_card_bypassPending", amount=10_000)
    emulator.settle()
    [row] = client.v1.balance_transactions.list().data
    amounts = {part.type: part.amount for part in row.fee_details}
    # 2.9 % and 30 cents, of which 21 % tax; 1 %, 0.4 % and 1 % of the charge.
    assert amounts == {
        "stripe_fee": 320,
        "tax": 67,
        "application_fee": 100,
        "payment_method_passthrough_fee": 40,
        "withheld_tax": 100,
    }
    assert (row.fee, row.net) == (627, 10_000 - 627)


# Rows that are listed late.


@pytest.mark.parametrize("kind", ["charge", "stripe_fee", "adjustment"])
def test_late_row_is_listed_hours_after_its_time(
    emulator: RunningEmulator, client: stripe.StripeClient, kind: str
) -> None:
    emulator.control("POST", "late_rows", {"seconds": 3 * HOUR, "type": kind})
    paid = pay(client, "pm_card_bypassPending")
    emulator.settle()
    if kind == "stripe_fee":
        order(emulator, type=kind)
    if kind == "adjustment":
        emulator.control("POST", "disputes", {"charge": paid.latest_charge})
    before = get(emulator, "balance")[1]["available"][0]["amount"]
    seen = listed(emulator)
    emulator.advance(3 * HOUR - 1)
    assert listed(emulator) == seen
    made_at = emulator.control("GET", "state")["now"] - 3 * HOUR + 1
    emulator.advance(1)
    [late] = set(listed(emulator)) - set(seen)
    row = client.v1.balance_transactions.retrieve(late)
    assert (row.type, row.created <= made_at) == (kind, True)
    assert get(emulator, "balance")[1]["available"][0]["amount"] == before + row.net
    assert emulator.control("DELETE", "late_rows") == {"late_rows": []}


def test_books_hold_while_rows_wait() -> None:
    with context() as books:
        books.advance(until_morning(books.engine))
        books.control.account.late_rows({"seconds": 5 * HOUR, "count": None})
        for currency in ("usd", "gbp"):
            books.pay(currency, 5000, "pm_card_bypassPending")
        books.control.settle({})
        books.api("POST", "refunds", charge=books.charges[0], amount=100)
        assert books.everything("balance_transactions") == []
        assert faults(books) == []
        books.advance(6 * HOUR)
        assert len(books.everything("balance_transactions")) == 3
        assert faults(books) == []
        books.advance(5 * DAY)
        assert faults(books) == []


def test_row_made_in_the_past_is_listed_there(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    pay(client)
    emulator.settle()
    [first] = listed(emulator)
    now = emulator.control("GET", "state")["now"]
    [row] = order(emulator, type="stripe_fee", created=now - 50 * HOUR)
    assert listed(emulator) == [first, row["id"]]
    assert client.v1.balance_transactions.retrieve(row["id"]).created == now - 50 * HOUR


# Rights of a restricted key.


@pytest.mark.parametrize(
    ("permission", "refused", "allowed"),
    [
        (
            "rak_balance_transaction_source_read",
            "balance_transactions?expand[]=data.source",
            "balance_transactions",
        ),
        ("rak_charge_read", "charges", "payment_intents"),
        ("rak_charge_read", "payment_intents?expand[]=data.latest_charge", "payouts"),
        ("rak_charge_read", "refunds", "disputes"),
        ("rak_payout_read", "payouts", "balance"),
        ("rak_event_read", "events", "customers"),
    ],
)
def test_missing_right_is_named_as_stripe_names_it(
    emulator: RunningEmulator, permission: str, refused: str, allowed: str
) -> None:
    emulator.control("POST", "permissions", {"denied": [permission]})
    status, body = get(emulator, refused)
    assert status == 403
    assert body["error"]["message"] == (
        "The provided key 'rk_test_*********************' does not have the required permissions"
        f" for this endpoint on account '{emulator.account}'. Having the '{permission}' permission"
        " would allow this request to continue."
    )
    assert body["error"]["type"] == "invalid_request_error"
    assert get(emulator, allowed)[0] == 200
    emulator.control("POST", "permissions", {"denied": []})
    assert get(emulator, refused)[0] == 200


def test_key_that_may_not_write_is_refused_and_nothing_happens(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    paid = pay(client)
    emulator.control("POST", "permissions", {"denied": ["rak_charge_write"]})
    with pytest.raises(stripe.PermissionError):
        client.v1.refunds.create({"payment_intent": paid.id})
    assert client.v1.refunds.list().data == []


# Damaged and deleted objects.


def test_damaged_object_is_damaged_wherever_it_appears(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    paid = pay(client)
    charge = str(paid.latest_charge)
    emulator.control(
        "POST",
        "corrupt",
        {"id": charge, "patch": {"amount": "20.00", "outcome": {"type": 5}}, "remove": ["created"]},
    )
    places = [
        get(emulator, f"charges/{charge}")[1],
        get(emulator, "charges")[1]["data"][0],
        get(emulator, f"payment_intents/{paid.id}?expand[]=latest_charge")[1]["latest_charge"],
        get(emulator, "events?type=charge.succeeded")[1]["data"][0]["data"]["object"],
    ]
    for found in places:
        assert (found["amount"], found["outcome"]["type"]) == ("20.00", 5)
        assert "created" not in found
        assert found["outcome"]["network_status"] == "approved_by_network"
    emulator.control("DELETE", "corrupt")
    assert get(emulator, f"charges/{charge}")[1]["amount"] == 2000


def test_each_way_answers_otherwise_and_leaves_the_page_standing(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    pay(client)
    other = str(pay(client).latest_charge)
    whole = get(emulator, f"charges/{other}")[1]
    seen = []
    for way in range(len(WAYS)):
        emulator.control("POST", "corrupt", {"id": other, "way": way})
        page = get(emulator, "charges")[1]["data"]
        assert len(page) == 2
        assert page[0] != whole
        seen.append(json.dumps(page[0]))
    assert len(set(seen)) == len(WAYS) >= 40


def test_damage_reaches_the_webhook(emulator: RunningEmulator, client: stripe.StripeClient) -> None:
    with receiver() as endpoint:
        emulator.add_webhook(endpoint.url, endpoint.secret)
        customer = client.v1.customers.create({"name": "Ada"})
        emulator.wait_delivered()
        emulator.control("POST", "corrupt", {"id": customer.id, "patch": {"created": "x"}})
        client.v1.customers.update(customer.id, {"name": "Bea"})
        emulator.wait_delivered()
        assert endpoint.events()[-1].data.object["created"] == "x"


def test_deleted_object_is_gone_and_no_cursor(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    first, second, third = (pay(client) for _ in range(3))
    gone = emulator.control("POST", "delete", {"id": second.id})
    assert gone == {"id": second.id, "object": "payment_intent", "deleted": True}
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.retrieve(second.id)
    assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")
    kept = [intent.id for intent in client.v1.payment_intents.list().data]
    assert kept == [third.id, first.id]
    with pytest.raises(stripe.InvalidRequestError) as cursor:
        client.v1.payment_intents.list({"starting_after": second.id})
    assert (cursor.value.http_status, cursor.value.param) == (400, "starting_after")
    charge = client.v1.charges.retrieve(str(second.latest_charge), {"expand": ["payment_intent"]})
    assert charge.payment_intent == second.id


# Events of other kinds, and the other mode.


def test_thin_event_is_signed_and_can_be_fetched(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    paid = pay(client)
    with receiver() as endpoint:
        made = emulator.control(
            "POST",
            "thin_events",
            {
                "type": "v1.charge.succeeded",
                "related": paid.latest_charge,
                "url": endpoint.url,
                "secret": endpoint.secret,
            },
        )
        assert emulator.wait_delivered()
        [(body, signature)] = endpoint.bodies
        told = client.parse_event_notification(body, signature, endpoint.secret)
        assert (told.id, told.type) == (made["id"], "v1.charge.succeeded")
        pay(client)
        emulator.wait_delivered()
        assert len(endpoint.bodies) == 1
    fetched = raw(emulator, "GET", f"/v2/core/events/{made['id']}")
    assert json.loads(fetched.body)["related_object"] == {
        "id": paid.latest_charge,
        "type": "charge",
        "url": f"/v1/charges/{paid.latest_charge}",
    }
    assert client.v1.events.list({"type": "v1.charge.succeeded"}).data == []


def test_event_of_a_connected_account_or_of_an_unknown_kind_is_delivered(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    customer = client.v1.customers.create({"name": "Ada"})
    with receiver() as endpoint:
        emulator.add_webhook(endpoint.url, endpoint.secret)
        emulator.control(
            "POST",
            "events",
            {"type": "customer.updated", "object": customer.id, "account": "acct_other"},
        )
        odd = {"id": "moon_1", "object": "moon", "phase": "full"}
        emulator.control("POST", "events", {"type": "moon.rose", "object": odd, "livemode": True})
        assert emulator.wait_delivered()
        told = {event.type: event.to_dict() for event in endpoint.events()}
        assert told["customer.updated"]["account"] == "acct_other"
        assert (told["moon.rose"]["livemode"], told["moon.rose"]["data"]["object"]) == (True, odd)


def test_live_account_takes_live_keys_and_says_so(emulator: RunningEmulator) -> None:
    emulator.control("POST", "settings", {"livemode": True})
    assert raw(emulator, "GET", "/v1/balance").status == 401
    live = {"Authorization": f"Bearer {KEY.replace('test', 'live')}"}
    client = client_of(emulator, KEY.replace("test", "live"))
    assert pay(client).livemode is True
    assert client.v1.charges.list().data[0].livemode is True
    assert "livemode" not in json.loads(
        raw(emulator, "GET", "/v1/balance_transactions", **live).body
    )
    with receiver() as endpoint:
        emulator.add_webhook(endpoint.url, endpoint.secret)
        pay(client)
        emulator.wait_delivered()
        assert {event.livemode for event in endpoint.events()} == {True}


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("balance_transactions", {"type": "topup", "amount": "1", "currency": "usd"}, "amount"),
        ("balance_transactions", {"type": "topup", "amount": 1, "currency": "USD"}, "currency"),
        (
            "balance_transactions",
            {"type": "x", "amount": 1, "currency": "usd"},
            "reporting_category",
        ),
        ("balance_transactions", {"type": "topup", "colour": 1}, "colour"),
        (
            "balance_transactions",
            {"type": "topup", "amount": 1, "currency": "usd", "balance_type": "gold"},
            "balance_type",
        ),
        (
            "balance_transactions",
            {"type": "topup", "amount": 1, "currency": "usd", "created": 10**12},
            "created",
        ),
        (
            "balance_transactions",
            {"type": "topup", "amount": 1, "currency": "usd", "fee_details": [{"type": "gift"}]},
            "fee_details",
        ),
        ("late_rows", {}, "seconds"),
        ("late_rows", {"seconds": 5, "count": 0}, "count"),
        ("late_rows", {"seconds": 5, "type": "payout_cancel"}, "type"),
        ("permissions", {"denied": ["rak_moon_read"]}, "denied"),
        ("corrupt", {}, "id"),
        ("corrupt", {"id": "x", "way": 400}, "way"),
        ("corrupt", {"id": "x", "patch": 5}, "patch"),
        ("corrupt", {"id": "x", "remove": 5}, "remove"),
        ("delete", {"id": "ch_none"}, "id"),
        ("thin_events", {}, "type"),
        ("thin_events", {"type": "x", "related": "ch_none"}, "related"),
        ("events", {"type": "x"}, "object"),
        ("settings", {"api_version": "new"}, "api_version"),
        ("settings", {"api_version": "2027-01-01"}, "api_version"),
        ("settings", {"fee_parts": ["gift"]}, "fee_parts"),
        ("settings", {"failed_refund_row": "x"}, "failed_refund_row"),
        ("settings", {"livemode": 1}, "livemode"),
        ("charges", {"amount": 100, "currency": "usd", "colour": 1}, "colour"),
        ("charges/ch_none", {"status": "failed"}, "charge"),
        ("charges/ch_none", {"status": "failed", "failure_code": "x"}, "failure_code"),
    ],
)
def test_bad_order_is_refused_by_name(
    emulator: RunningEmulator, path: str, body: dict[str, Any], named: str
) -> None:
    answer = raw(emulator, "POST", f"/_control/{path}", json.dumps(body).encode())
    assert answer.status in (400, 404)
    assert json.loads(answer.body)["error"]["param"] == named
    assert raw(emulator, "GET", "/v1/balance").status == 200


def test_switches_outlive_a_restart(tmp_path: Any) -> None:
    path = tmp_path / "emulator.db"
    given = {"api_version": "2024-06-20", "fee_parts": ["tax"], "livemode": True}
    with start_emulator(state_path=path) as running:
        running.control("POST", "settings", given)
    with start_emulator(state_path=path) as running:
        kept = running.control("GET", "settings")
    assert {name: kept[name] for name in given} == given
