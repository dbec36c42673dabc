"""An account at Stripe that answers GETs with the objects put into it, in Stripe's own shapes."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import Engine, select
from tenacity import wait_none

from core.db.engine import reading
from core.db.tables import payments, refunds
from core.gateway.budget import Budget
from core.gateway.client import Gateway
from core.mirror.apply import BookingContext
from tests.support.account_mirror import Spine

Json = dict[str, Any]
_PATHS = {
    "payment_intent": "payment_intents",
    "charge": "charges",
    "refund": "refunds",
    "dispute": "disputes",
    "payout": "payouts",
    "customer": "customers",
    "review": "reviews",
    "radar.early_fraud_warning": "radar/early_fraud_warnings",
    "balance_transaction": "balance_transactions",
    "event": "events",
}
_MISSING = {
    "type": "invalid_request_error",
    "code": "resource_missing",
    "message": "No such object",
}


class StripeAccount:
    """Objects by id. Build them with `intent`, `charge` …, change them in place, `put` them."""

    def __init__(self, *, livemode: bool = False) -> None:
        self.livemode = livemode
        self.objects: dict[str, Json] = {}
        self.now = int(time.time())
        self._numbers = itertools.count(1)

    def put(self, *objects: Json) -> Json:
        """Keep objects; the first of them."""
        for one in objects:
            self.objects[one["id"]] = one
        return objects[0]

    def intent(self, amount: int = 10_000, **given: Any) -> Json:
        return self._made(
            "pi",
            "payment_intent",
            -600,
            {
                "livemode": self.livemode,
                "status": "succeeded",
                "amount": amount,
                "amount_received": amount,
                "amount_capturable": 0,
                "currency": "usd",
                "latest_charge": None,
                "metadata": {},
                "last_payment_error": None,
                "next_action": None,
            }
            | given,
        )

    def charge(self, intent: Json | None, **given: Any) -> Json:
        """An attempt of a PaymentIntent, and its latest; without one a payment of its own."""
        amount = given.get("amount", intent["amount"] if intent else 10_000)
        made = self._made(
            "ch",
            "charge",
            -590,
            {
                "livemode": self.livemode,
                "status": "succeeded",
                "amount": amount,
                "amount_captured": amount,
                "amount_refunded": 0,
                "refunded": False,
                "captured": True,
                "disputed": False,
                "currency": intent["currency"] if intent else "usd",
                "payment_intent": intent["id"] if intent else None,
                "balance_transaction": None,
                "billing_details": {"email": "ann@example.com", "name": "Ann"},
                "payment_method_details": {
                    "type": "card",
                    "card": {"brand": "visa", "last4": "4242", "country": "US"},
                },
                "outcome": {"type": "authorized", "risk_level": "normal", "risk_score": 5},
                "metadata": {},
            }
            | given,
        )
        if intent is not None:
            intent["latest_charge"] = made["id"]
        return made

    def refund(self, charge: Json, amount: int, **given: Any) -> Json:
        return self._made(
            "re",
            "refund",
            -300,
            {
                "amount": amount,
                "currency": charge["currency"],
                "status": "succeeded",
                "charge": charge["id"],
                "payment_intent": charge["payment_intent"],
                "balance_transaction": None,
                "reason": None,
                "metadata": {},
            }
            | given,
        )

    def dispute(self, charge: Json, amount: int, status: str, **given: Any) -> Json:
        return self._made(
            "du",
            "dispute",
            -200,
            {
                "livemode": self.livemode,
                "amount": amount,
                "currency": charge["currency"],
                "status": status,
                "charge": charge["id"],
                "payment_intent": charge["payment_intent"],
                "reason": "fraudulent",
                "is_charge_refundable": False,
                "evidence_details": {"due_by": self.now + 900_000, "submission_count": 0},
            }
            | given,
        )

    def row(self, source: Json, amount: int, fee: int = 0, **given: Any) -> Json:
        """A balance transaction of a source, which then names it."""
        made = self._made(
            "txn",
            "balance_transaction",
            -580,
            {
                "amount": amount,
                "fee": fee,
                "net": amount - fee,
                "currency": source["currency"],
                "type": "charge",
                "reporting_category": "charge",
                "balance_type": "payments",
                "status": "pending",
                "available_on": self.now + 86_400,
                "exchange_rate": None,
                "source": source["id"],
                "fee_details": [
                    {"type": "stripe_fee", "amount": fee, "currency": source["currency"]}
                ]
                if fee
                else [],
            }
            | given,
        )
        if source.get("balance_transaction", "") is None:
            source["balance_transaction"] = made["id"]
        return made

    def event(self, type_: str, source: Json, **given: Any) -> Json:
        return self._made(
            "evt",
            "event",
            0,
            {
                "api_version": "2026-10-28.endive",
                "livemode": self.livemode,
                "type": type_,
                "data": {"object": json.loads(json.dumps(source))},
            }
            | given,
        )

    def _made(self, start: str, kind: str, at: int, fields: Json) -> Json:
        number = next(self._numbers)
        return {
            "id": f"{start}_{number:06d}",
            "object": kind,
            "created": self.now + at,
        } | fields

    def answer(self, path: str, asked: dict[str, list[str]]) -> tuple[int, Any]:
        """What Stripe would answer to a GET."""
        wanted = path.removeprefix("/v1/")
        expand = [
            one for name, values in asked.items() if name.startswith("expand") for one in values
        ]
        for kind, start in _PATHS.items():
            if wanted == start:
                return 200, self._page(kind, asked, expand)
            if wanted.startswith(f"{start}/"):
                found = self.objects.get(wanted.removeprefix(f"{start}/"))
                if found is None or found["object"] != kind:
                    return 404, {"error": _MISSING}
                return 200, self._expanded(found, expand)
        return 404, {"error": _MISSING}

    def _page(self, kind: str, asked: dict[str, list[str]], expand: list[str]) -> Json:
        rows = [one for one in self.objects.values() if one["object"] == kind]
        for name in ("charge", "payment_intent", "source", "payout"):
            if name in asked:
                rows = [one for one in rows if one.get(name) == asked[name][0]]
        for name, keeps in (("gte", int.__ge__), ("lte", int.__le__)):
            if bound := asked.get(f"created[{name}]"):
                rows = [one for one in rows if keeps(one["created"], int(bound[0]))]
        rows.sort(key=lambda one: (one["created"], one["id"]), reverse=True)
        if after := asked.get("starting_after"):
            rows = rows[[one["id"] for one in rows].index(after[0]) + 1 :]
        limit = int(asked.get("limit", ["10"])[0])
        data = [self._expanded(one, expand) for one in rows[:limit]]
        return {"object": "list", "data": data, "has_more": len(rows) > limit, "url": "/v1"}

    def _expanded(self, source: Json, names: list[str]) -> Json:
        shown = dict(source)
        for name in (one.removeprefix("data.") for one in names):
            if shown.get(name) in self.objects:
                shown[name] = self.objects[shown[name]]
        return shown


@contextmanager
def served(account: StripeAccount) -> Iterator[str]:
    """The address at which an account answers."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_args: Any) -> None:
            """Tests read their own output."""

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            status, body = account.answer(url.path, parse_qs(url.query))
            raw = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def console_of(account: StripeAccount, base: str, engine: Engine, books: BookingContext) -> Spine:
    """A console that learns from an account."""
    gateway = Gateway(
        "sk_live_dummy" if account.livemode else "sk_test_dummy",
        livemode=account.livemode,
        api_base=base,
        budget=Budget(rate=100_000),
        wait=wait_none(),
    )
    return Spine(None, engine, gateway, books)  # type: ignore[arg-type]  # no emulator behind it


def payment_kept(engine: Engine, payment: Json) -> Any:
    """A payment's row in the mirror."""
    with reading(engine) as connection:
        query = select(payments).where(payments.c.stripe_id == payment["id"])
        return connection.execute(query).one()


def refund_kept(engine: Engine, refund: Json) -> Any:
    """A refund's row in the mirror."""
    with reading(engine) as connection:
        return connection.execute(select(refunds).where(refunds.c.stripe_id == refund["id"])).one()
