"""Stripe's lists over HTTP, of whatever objects are put into them: odd ones too.

The emulator's objects are always right. What stands here is served as it is: without an id, with a
currency that is a number, or no object at all. Lists are ordered, filtered and paged as Stripe
does; a page that is to go on behind an object that is gone is refused as Stripe refuses it.
"""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, Table, select
from tenacity import wait_none

from core import clock
from core.clock import NEVER
from core.db.engine import open_engine, reading
from core.db.tables import stale_objects
from core.gateway.budget import Budget
from core.gateway.client import Gateway
from core.inbox.event_processor import apply_inbox
from core.ledger.booking import Scope
from core.mirror.apply import BookingContext
from core.mirror.backfill import Learned, backfill
from core.mirror.ledger_walk import catch_up, fill_gaps
from core.mirror.refresh import refresh
from tests.support.newest_schema import laid

Json = dict[str, Any]
Query = dict[str, list[str]]
Answer = tuple[int, Any]
Fault = Callable[[str, Query], Answer | None]

PATHS = {
    "/v1/customers": "customer",
    "/v1/payment_intents": "payment_intent",
    "/v1/charges": "charge",
    "/v1/refunds": "refund",
    "/v1/disputes": "dispute",
    "/v1/payouts": "payout",
    "/v1/radar/early_fraud_warnings": "early_fraud_warning",
    "/v1/reviews": "review",
    "/v1/balance_transactions": "balance_transaction",
    "/v1/events": "event",
}


@dataclass
class Entry:
    """One object: where it is listed, when, and what is served of it."""

    kind: str
    own: str
    created: int
    body: Any
    payout: str | None = None


@dataclass
class StripeLists:
    """The objects that Stripe has. `faults` are asked first for every request."""

    entries: dict[str, Entry] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    asked: list[tuple[str, Query]] = field(default_factory=list)
    balance: Json | None = None
    base_url: str = ""

    def put(self, kind: str, body: Json, *, payout: str | None = None) -> Json:
        """Put an object into the list of its kind, or in the place of one with the same id."""
        self.entries[body["id"]] = Entry(kind, body["id"], body["created"], body, payout)
        return body

    def answer(self, path: str, query: Query) -> Answer:
        """What Stripe answers to a GET."""
        self.asked.append((path, query))
        for fault in list(self.faults):
            said = fault(path, query)
            if said is not None:
                return said
        if path == "/v1/balance":
            return 200, self.balance or self._balance()
        for start, kind in PATHS.items():
            if path == start:
                return self._page(kind, query)
            if path.startswith(f"{start}/"):
                return self._one(kind, path.removeprefix(f"{start}/"), query)
        return 404, missing(path)

    def _one(self, kind: str, own: str, query: Query) -> Answer:
        found = self.entries.get(own)
        if found is None or found.kind != kind:
            return 404, missing(own)
        return 200, self._shown(found, query)

    def _page(self, kind: str, query: Query) -> Answer:
        order = {own: place for place, own in enumerate(self.entries)}
        rows = [one for one in self.entries.values() if one.kind == kind]
        rows.sort(key=lambda one: (one.created, order[one.own]), reverse=True)
        for name, holds in _BOUNDS.items():
            for value in query.get(f"created[{name}]", ()):
                rows = [one for one in rows if holds(one.created, int(value))]
        for value in query.get("payout", ()):
            rows = [one for one in rows if one.payout == value]
        for name in ("charge", "currency"):
            for value in query.get(name, ()):
                rows = [one for one in rows if one.body.get(name) == value]
        for after in query.get("starting_after", ()):
            if after not in self.entries:
                return 400, missing(after, "starting_after")
            place = next((n for n, one in enumerate(rows) if one.own == after), len(rows))
            rows = rows[place + 1 :]
        limit = int(query.get("limit", ["10"])[0])
        data = [self._shown(one, query) for one in rows[:limit]]
        return 200, {"object": "list", "data": data, "has_more": len(rows) > limit}

    def _shown(self, entry: Entry, query: Query) -> Any:
        body = copy.deepcopy(entry.body)
        for name in query.get("expand[0]", ()):
            name = name.removeprefix("data.")
            inner = body.get(name) if isinstance(body, dict) else None
            if isinstance(inner, str) and inner in self.entries:
                body[name] = copy.deepcopy(self.entries[inner].body)
        return body

    def _balance(self) -> Json:
        sums: dict[str, int] = {}
        for one in self.entries.values():
            if one.kind == "balance_transaction":
                sums[one.body["currency"]] = sums.get(one.body["currency"], 0) + one.body["net"]
        parts = [{"amount": net, "currency": currency} for currency, net in sums.items()]
        return {"object": "balance", "livemode": False, "available": parts, "pending": []}


_BOUNDS: dict[str, Callable[[int, int], bool]] = {
    "gte": lambda a, b: a >= b,
    "lte": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "lt": lambda a, b: a < b,
}


def missing(own: str, param: str = "id") -> Json:
    """Stripe's words for what it does not have."""
    return {
        "error": {
            "type": "invalid_request_error",
            "code": "resource_missing",
            "message": f"No such object: '{own}'",
            "param": param,
        }
    }


def lacking(right: str) -> Answer:
    """Stripe's words to a restricted key without a right."""
    return 403, {
        "error": {
            "type": "invalid_request_error",
            "message": "The provided key does not have the required permissions for this endpoint"
            f" on account 'acct_1'. Having the '{right}' permission would allow this request to"
            " continue.",
        }
    }


@contextmanager
def serving() -> Iterator[StripeLists]:
    """Stripe's lists on a port of this machine."""
    lists = StripeLists()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body are sent apart: the second would wait 40 ms for word of the first.
        disable_nagle_algorithm = True

        def log_message(self, *_args: Any) -> None:
            """Says nothing."""

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            code, body = lists.answer(url.path, parse_qs(url.query))
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    lists.base_url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield lists
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Mirror:
    """A console that learns from these lists, with the worker's steps by hand."""

    stripe: StripeLists
    engine: Engine
    gateway: Gateway
    books: BookingContext

    def sync(self, days: int = 90) -> Learned:
        since = clock.now() - timedelta(days=days)
        return backfill(self.engine, self.gateway, self.books, since=since, report=lambda _: None)

    def rest(self) -> None:
        """Apply and read again until nothing is due."""
        for _ in range(100):
            busy = apply_inbox(self.engine, self.books).any
            if not (refresh(self.engine, self.gateway, self.books) > 0 or busy):
                return
        raise AssertionError("there is always more to be read again")

    def walk(self) -> None:
        catch_up(self.engine, self.gateway, self.books)
        fill_gaps(self.engine, self.gateway, self.books)
        self.rest()

    def rows(self, table: Table) -> dict[str, Json]:
        with reading(self.engine) as connection:
            found = connection.execute(select(table)).mappings()
            return {row["stripe_id"]: dict(row) for row in found}

    def waiting(self) -> list[Json]:
        with reading(self.engine) as connection:
            return [dict(row) for row in connection.execute(select(stale_objects)).mappings()]

    def parked(self) -> dict[tuple[str, str], str]:
        """What is parked, and why."""
        return {
            (row["kind"], row["stripe_id"]): row["last_error"]
            for row in self.waiting()
            if row["next_attempt_at"] >= NEVER
        }


def mirror_of(stripe: StripeLists, url: str, *, livemode: bool = False) -> Mirror:
    """A new console on a database, for these lists."""
    gateway = Gateway(
        "sk_live_x" if livemode else "sk_test_x",
        livemode=livemode,
        api_base=stripe.base_url,
        budget=Budget(rate=100_000),
        wait=wait_none(),
    )
    return Mirror(
        stripe, open_engine(laid(url)), gateway, BookingContext(Scope(ZoneInfo("UTC"), 0))
    )


# Objects in Stripe's shapes, as the pinned API version writes them. What has no `livemode` there
# has none here.


def intent(number: int, created: int, **given: Any) -> Json:
    return {
        "id": f"pi_{number:05}",
        "object": "payment_intent",
        "livemode": False,
        "created": created,
        "status": "succeeded",
        "amount": 1000 + number,
        "amount_received": 1000 + number,
        "amount_capturable": 0,
        "currency": "usd",
        "latest_charge": f"ch_{number:05}",
        "customer": None,
        "metadata": {"order_id": str(number)},
        "last_payment_error": None,
        "next_action": None,
        "canceled_at": None,
    } | given


def charge(number: int, created: int, **given: Any) -> Json:
    return {
        "id": f"ch_{number:05}",
        "object": "charge",
        "livemode": False,
        "created": created,
        "status": "succeeded",
        "amount": 1000 + number,
        "amount_captured": 1000 + number,
        "amount_refunded": 0,
        "currency": "usd",
        "captured": True,
        "disputed": False,
        "refunded": False,
        "payment_intent": f"pi_{number:05}",
        "balance_transaction": f"txn_{number:05}",
        "customer": None,
        "billing_details": {"email": f"user{number}@example.com", "name": "A", "address": {}},
        "payment_method_details": {
            "type": "card",
            "card": {"brand": "visa", "last4": "4242", "country": "US", "funding": "credit"},
        },
        "outcome": {"type": "authorized", "risk_level": "normal", "risk_score": 5},
        "failure_code": None,
    } | given


def ledger_row(number: int, created: int, source: str | None, **given: Any) -> Json:
    amount = given.pop("amount", 1000 + number)
    fee = given.pop("fee", 59)
    return {
        "id": f"txn_{number:05}",
        "object": "balance_transaction",
        "amount": amount,
        "fee": fee,
        "net": amount - fee,
        "currency": "usd",
        "created": created,
        "available_on": created + 86_400,
        "status": "pending",
        "type": "charge",
        "reporting_category": "charge",
        "balance_type": "payments",
        "exchange_rate": None,
        "description": None,
        "source": source,
        "fee_details": [],
    } | given


def refund(number: int, created: int, of: int, **given: Any) -> Json:
    return {
        "id": f"re_{number:05}",
        "object": "refund",
        "amount": 100,
        "currency": "usd",
        "created": created,
        "status": "succeeded",
        "charge": f"ch_{of:05}",
        "payment_intent": f"pi_{of:05}",
        "balance_transaction": None,
        "reason": None,
        "metadata": {},
    } | given


def dispute(number: int, created: int, of: int, **given: Any) -> Json:
    return {
        "id": f"du_{number:05}",
        "object": "dispute",
        "livemode": False,
        "amount": 1000 + of,
        "currency": "usd",
        "created": created,
        "status": "needs_response",
        "charge": f"ch_{of:05}",
        "payment_intent": f"pi_{of:05}",
        "reason": "fraudulent",
        "is_charge_refundable": False,
        "balance_transactions": [],
        "evidence_details": {"due_by": created + 864_000, "submission_count": 0},
    } | given


def payout(number: int, created: int, **given: Any) -> Json:
    return {
        "id": f"po_{number:05}",
        "object": "payout",
        "livemode": False,
        "amount": 5000 + number,
        "currency": "usd",
        "created": created,
        "arrival_date": created + 86_400,
        "status": "paid",
        "automatic": False,
        "method": "standard",
        "failure_code": None,
        "balance_transaction": None,
    } | given


def warning(number: int, created: int, of: int, **given: Any) -> Json:
    return {
        "id": f"issfr_{number:05}",
        "object": "radar.early_fraud_warning",
        "livemode": False,
        "created": created,
        "charge": f"ch_{of:05}",
        "payment_intent": f"pi_{of:05}",
        "fraud_type": "misc",
        "actionable": True,
    } | given


def review(number: int, created: int, of: int, **given: Any) -> Json:
    return {
        "id": f"prv_{number:05}",
        "object": "review",
        "livemode": False,
        "created": created,
        "charge": f"ch_{of:05}",
        "payment_intent": f"pi_{of:05}",
        "open": True,
        "reason": "rule",
        "opened_reason": "rule",
        "closed_reason": None,
    } | given


def customer(number: int, created: int, **given: Any) -> Json:
    return {
        "id": f"cus_{number:05}",
        "object": "customer",
        "livemode": False,
        "created": created,
        "email": f"user{number}@example.com",
        "name": "A",
        "address": {"country": "US"},
    } | given
