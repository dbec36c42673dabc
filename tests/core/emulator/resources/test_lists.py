"""Lists: cursors bring every object once, filters and bounds hold, `expand` fills what it names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import stripe

from core.emulator.server import RunningEmulator, start_emulator
from tests.support.emulator_clients import client_of, pay, raw

#: Three payments in each of these seconds, apart by this many.
MOMENTS, APART, EACH = 9, 100, 3


@dataclass
class Shop:
    """A running emulator with payments of known ids, newest first, and times."""

    emulator: RunningEmulator
    client: stripe.StripeClient
    intents: list[str]
    times: list[int]
    customer: str


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with start_emulator() as emulator:
        client = client_of(emulator)
        emulator.control("POST", "clock", {"frozen": True})
        customer = client.v1.customers.create({"name": "Ada", "email": "ada@example.com"}).id
        made, times = [], []
        for moment in range(MOMENTS):
            emulator.advance(APART)
            paid = [pay(client, customer=customer) if moment == 4 else pay(client)]
            paid += [pay(client) for _ in range(EACH - 1)]
            made += [intent.id for intent in paid]
            times.append(paid[0].created)
        yield Shop(emulator, client, made[::-1], times, customer)


def get(shop: Shop, path: str) -> tuple[int, dict[str, Any]]:
    answer = raw(shop.emulator, "GET", f"/v1/{path}")
    return answer.status, json.loads(answer.body)


def ids(page: Any) -> list[str]:
    return [item["id"] for item in page["data"]]


def refusal(shop: Shop, path: str) -> tuple[int, str | None, str | None]:
    status, body = get(shop, path)
    return status, body["error"].get("param"), body["error"].get("code")


def test_page_is_ten_newest_first(shop: Shop) -> None:
    _, page = get(shop, "payment_intents")
    assert ids(page) == shop.intents[:10]
    assert (page["object"], page["has_more"], page["url"]) == ("list", True, "/v1/payment_intents")


@pytest.mark.parametrize("limit", [1, 4, 9, 26, 27, 28, 100])
def test_cursor_forward_brings_every_object_once(shop: Shop, limit: int) -> None:
    found: list[str] = []
    cursor, more = "", True
    while more:
        _, page = get(shop, f"payment_intents?limit={limit}{cursor}")
        found += ids(page)
        more, cursor = page["has_more"], f"&starting_after={page['data'][-1]['id']}"
    assert found == shop.intents


@pytest.mark.parametrize("limit", [1, 4, 13, 26, 100])
def test_cursor_backward_brings_every_object_once(shop: Shop, limit: int) -> None:
    found, more = [shop.intents[-1]], True
    while more:
        _, page = get(shop, f"payment_intents?limit={limit}&ending_before={found[0]}")
        found = ids(page) + found
        more = page["has_more"]
    assert found == shop.intents


@pytest.mark.parametrize("limit", [3, 100])
def test_auto_paging_of_the_sdk_brings_every_object_once(shop: Shop, limit: int) -> None:
    page = shop.client.v1.payment_intents.list({"limit": limit})
    assert [intent.id for intent in page.auto_paging_iter()] == shop.intents
    back = shop.client.v1.payment_intents.list({"limit": limit, "ending_before": shop.intents[-1]})
    assert [intent.id for intent in back.auto_paging_iter()] == shop.intents[-2::-1]


def test_object_made_while_paging_is_not_in_the_way(shop: Shop) -> None:
    _, first = get(shop, "customers?limit=1")
    for name in ("B", "C"):
        shop.client.v1.customers.create({"name": name})
    _, rest = get(shop, f"customers?starting_after={ids(first)[0]}")
    assert rest["data"] == []
    _, newer = get(shop, f"customers?ending_before={ids(first)[0]}&limit=1")
    assert [c["name"] for c in newer["data"]] == ["B"]


@pytest.mark.parametrize("limit", ["0", "-1", "101", "abc", "1.5", ""])
def test_limit_outside_1_to_100_is_refused(shop: Shop, limit: str) -> None:
    assert refusal(shop, f"payment_intents?limit={limit}")[:2] == (400, "limit")


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("created={0}", (0, 1)),
        ("created[gte]={2}", (2, 9)),
        ("created[gt]={2}", (3, 9)),
        ("created[lte]={2}", (0, 3)),
        ("created[lt]={2}", (0, 2)),
        ("created[gte]={1}&created[lt]={4}", (1, 4)),
        ("created[gt]={8}", (9, 9)),
    ],
)
def test_created_filter_takes_its_range(shop: Shop, query: str, wanted: tuple[int, int]) -> None:
    _, page = get(shop, f"payment_intents?limit=100&{query.format(*shop.times)}")
    oldest_first = shop.intents[::-1][wanted[0] * EACH : wanted[1] * EACH]
    assert ids(page) == oldest_first[::-1]


def test_cursor_and_filters_hold_together(shop: Shop) -> None:
    window: Any = {"created": {"gte": shop.times[3], "lt": shop.times[7]}, "limit": 5}
    page = shop.client.v1.payment_intents.list(window)
    found = [intent.id for intent in page.auto_paging_iter()]
    assert found == shop.intents[::-1][9:21][::-1]


def test_objects_are_found_by_what_they_belong_to(shop: Shop) -> None:
    _, mine = get(shop, f"payment_intents?customer={shop.customer}")
    [intent] = mine["data"]
    _, charges = get(shop, f"charges?payment_intent={intent['id']}")
    assert ids(charges) == [intent["latest_charge"]]
    _, by_mail = get(shop, "customers?email=ada@example.com")
    assert ids(by_mail) == [shop.customer]
    _, events = get(shop, "events?type=payment_intent.*&limit=100")
    assert {e["type"].partition(".")[0] for e in events["data"]} == {"payment_intent"}
    _, nothing = get(shop, "charges?payment_intent=pi_none")
    assert (nothing["data"], nothing["has_more"]) == ([], False)


@pytest.mark.parametrize(
    ("path", "param", "code"),
    [
        ("payment_intents?colour=red", "colour", "parameter_unknown"),
        ("refunds?created[near]=5", "created[near]", "parameter_unknown"),
        ("charges?starting_after=ch_none", "starting_after", "resource_missing"),
        ("charges?ending_before=ch_none", "ending_before", "resource_missing"),
        ("charges?starting_after=a&ending_before=b", "starting_after", None),
        ("payment_intents?expand[]=latest_charge", "expand", None),
        ("payment_intents?expand[]=data.colour", "expand", None),
        ("payment_intents?expand[]=data.amount", "expand", None),
        ("payment_intents?expand[]=data.latest_charge.colour", "expand", None),
        ("payment_intents?expand[]=data.a.b.c.d.e", "expand", None),
        ("payment_intents?expand=data.latest_charge", "expand", None),
    ],
)
def test_what_a_list_does_not_know_is_refused(
    shop: Shop, path: str, param: str, code: str | None
) -> None:
    assert refusal(shop, path) == (400, param, code)


def test_cursor_of_another_kind_is_missing(shop: Shop) -> None:
    path = f"charges?starting_after={shop.intents[0]}"
    assert refusal(shop, path) == (400, "starting_after", "resource_missing")


def test_expansion_goes_four_levels_and_no_further(shop: Shop) -> None:
    shop.emulator.settle()
    four = "latest_charge.balance_transaction.source.customer"
    _, page = get(shop, f"payment_intents?customer={shop.customer}&expand[]=data.{four}")
    charge = page["data"][0]["latest_charge"]
    assert charge["balance_transaction"]["source"]["customer"]["id"] == shop.customer
    assert charge["customer"] == shop.customer
    assert refusal(shop, f"payment_intents?expand[]=data.{four}.default_source")[1] == "expand"
    status, one = get(shop, f"payment_intents/{shop.intents[0]}?expand[]={four}")
    assert (status, one["latest_charge"]["object"]) == (200, "charge")


def test_two_expansions_of_one_object_are_both_filled(shop: Shop) -> None:
    shop.emulator.settle()
    path = f"payment_intents/{shop.intents[0]}?expand[]=latest_charge.balance_transaction"
    _, intent = get(shop, f"{path}&expand[]=latest_charge.refunds&expand[]=payment_method")
    assert intent["payment_method"]["object"] == "payment_method"
    assert intent["latest_charge"]["refunds"]["object"] == "list"
    assert intent["latest_charge"]["balance_transaction"]["source"] == intent["latest_charge"]["id"]


def test_hundred_payments_come_with_their_own_charges() -> None:
    with start_emulator() as emulator:
        emulator.control("POST", "clock", {"frozen": True})
        emulator.traffic(160)
        client = client_of(emulator)
        page = client.v1.payment_intents.list(
            {"limit": 100, "expand": ["data.latest_charge", "data.payment_method"]}
        )
        assert (len(page.data), page.has_more) == (100, True)
        tried = [intent for intent in page.data if intent.latest_charge is not None]
        assert len(tried) > 80
        for intent in tried:
            charge: Any = intent.latest_charge
            assert (charge.payment_intent, charge.amount) == (intent.id, intent.amount)
            assert charge.paid == (intent.status in ("succeeded", "requires_capture"))
        plain = client.v1.payment_intents.list({"limit": 100}).data
        assert [i.latest_charge for i in plain] == [
            i.latest_charge.id if isinstance(i.latest_charge, stripe.Charge) else None
            for i in page.data
        ]
