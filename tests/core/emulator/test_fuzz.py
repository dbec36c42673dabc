"""Whatever a client sends to any route, the answer is Stripe's: an object or an error, no crash."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from typing import Any
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st

from core.emulator.http import params, routes
from core.emulator.http.api import call
from core.emulator.resources import checkout_payments, payment_methods
from core.emulator.state.errors import ApiError
from core.emulator.state.unit_of_work import Context
from tests.support.emulator_books import DirectClient, context, faults, quietly
from tests.support.hosted_pages import item
from tests.support.sdk_shapes import faults as shape_faults

ODD = [
    "",
    "0",
    "-1",
    "1",
    "2000",
    "9" * 18,
    "abc",
    "é漢",
    "\x00",
    "true",
    "a" * 5001,
    "1.5",
    "%",
    "'",
]
KNOWN = {
    "currency": ["usd", "eur", "cny", "jpy", "kwd", "gbp", "xxx"],
    "payment_method": ["pm_card_visa", "pm_card_createDispute", "pm_sepa_debit", "pm_paypal"],
    "capture_method": ["manual", "automatic"],
    "url": ["https://shop.example.com/hook"],
    "return_url": ["https://shop.example.com/back"],
    "success_url": ["https://shop.example.com/thanks"],
    "mode": ["payment"],
    "ui_mode": ["hosted_page"],
}
#: Parameters that make other calls possible, given more often than the rest.
OFTEN = (
    "amount",
    "confirm",
    "payment_method",
    "return_url",
    "charge",
    "payment_intent",
    "customer",
    "line_items",
    "price_data",
    "product_data",
    "unit_amount",
    "quantity",
    "success_url",
)


class Client:
    """Sends calls drawn from a seed, using ids of earlier answers."""

    def __init__(self, books: DirectClient, seed: int) -> None:
        self.books, self.chance = books, random.Random(seed)
        self.ids: dict[str, list[str]] = defaultdict(lambda: ["x_none"])

    def one(self) -> None:
        """One call of a random route; any answer but an object or `ApiError` raises."""
        route = self.chance.choice(routes.ROUTES)
        kind = _noun(route.path).split("/")[0][:-1]
        path = route.path.replace("{id}", self._id(kind))
        table = params._table(route.params)
        encoded = "&".join(_flat(self._object(table, 0)))
        try:
            answer = self.books.engine.work(
                lambda ctx: call(ctx, route.method, path, encoded), request_id="req_fuzz"
            )
        except ApiError as refusal:
            if refusal.status >= 500:
                raise
            return
        if "websocket_id" in answer:
            return  # Stripe's CLI is answered no object
        pages = ("list", "search_result", None)  # a page of API v2 names no kind
        shown = answer["data"] if answer.get("object") in pages else [answer]
        for obj in shown:
            if "deleted" not in obj and not isinstance(obj.get("secret"), str):
                assert shape_faults(obj) == []
            noun = obj["object"].rpartition(".")[2]
            self.ids[noun].append(str(obj.get("id")))

    def pay(self) -> None:
        """A payment that works, so that there is something to ask for."""
        token = self.chance.choice(
            ["pm_card_visa", "pm_card_createDispute", "pm_card_bypassPending"]
        )
        charge = self.books.pay(self.chance.choice(["usd", "gbp"]), 5_000, token)
        self.ids["charge"].append(charge)
        intent = self.books.api("GET", f"charges/{charge}")["payment_intent"]
        self.ids["payment_intent"].append(intent)

    def check_out(self) -> None:
        """A customer at a Checkout Session who pays, is declined, or leaves."""
        line = item(self.chance.choice(["usd", "jpy", "eur"]), 5_000, 2, "Lamp")
        url = "https://shop.example.com/thanks"
        made = self.books.api("POST", "checkout/sessions", success_url=url, line_items=[line])
        self.ids["session"].append(made["id"])
        token = self.chance.choice(KNOWN["payment_method"] + ["pm_card_chargeDeclined", "pm_link"])

        def submit(ctx: Context) -> None:
            session = ctx.need("checkout.session", made["id"])
            method = payment_methods.resolve(ctx, token)
            checkout_payments.submit(ctx, session, method, email="a@b.co", name="", shipping=None)

        quietly(self.books.engine.work, submit)

    def _id(self, kind: str) -> str:
        return self.chance.choice(self.ids[kind][-20:])

    def _object(self, table: dict[str, Any], depth: int) -> dict[str, Any]:
        found = {}
        for name, spec in table.items():
            bare = name.rstrip("!?")
            often = 0.4 if bare in OFTEN else 0.03
            if self.chance.random() < (0.97 if "!" in name else often):
                found[bare] = self._value(params._resolved(spec), bare, depth)
        return found

    def _value(self, spec: Any, name: str, depth: int) -> Any:
        chance = self.chance
        if chance.random() < 0.05 or depth > 4:
            return chance.choice(ODD)
        if isinstance(spec, dict):
            return self._object(spec, depth + 1)
        if isinstance(spec, list):
            kind, *rest = spec
            if kind == "e":
                return chance.choice(rest)
            below = params._resolved(chance.choice(rest))
            count = 1 if kind == "u" else chance.randint(1, 3)
            values = [self._value(below, name, depth + 1) for _ in range(count)]
            return values[0] if kind == "u" else {str(i): v for i, v in enumerate(values)}
        if name in KNOWN:
            return chance.choice(KNOWN[name])
        if name in self.ids:
            return self._id(name)
        simple = {"b": ["true", "false"], "i": ["1", "50", "2000", "1700000000"], "n": ["1.5"]}
        if spec == "m":
            return {"order_id": chance.choice(ODD)}
        return chance.choice(simple[spec]) if spec in simple else chance.choice(ODD)


def _noun(path: str) -> str:
    """A route's path from its noun on: `sessions/{id}/expire`."""
    return re.sub(r"^/v1/((radar|checkout)/)?", "", path)


def _flat(tree: dict[str, Any], prefix: str = "") -> list[str]:
    pairs = []
    for name, value in tree.items():
        key = f"{prefix}[{name}]" if prefix else name
        pairs += _flat(value, key) if isinstance(value, dict) else [f"{key}={quote(value)}"]
    return pairs


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32))
def test_no_call_crashes_or_unbalances_the_books(seed: int) -> None:
    with context() as books:
        client = Client(books, seed)
        for step in range(300):
            client.pay() if step % 25 == 0 else client.one()
            if step % 25 == 12:
                client.check_out()
            if step % 100 == 99:
                books.advance(client.chance.choice((10, 3_600, 300_000)))
        assert faults(books) == []
