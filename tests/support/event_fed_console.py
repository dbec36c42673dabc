"""A console that is told of payments and disputes by signed events, and what its reads then say."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
from sqlalchemy import Engine

from core import clock
from core.db.engine import reading
from core.inbox.event_processor import apply_inbox
from core.mirror.apply import BookingContext
from core.reads.disputes import list as dispute_list
from core.reads.overview import attention
from core.reads.payments import list as payment_list
from tests.support.receivers import event_body, post

NOW = int(time.time())
DUE = NOW + 9 * 86_400
Json = dict[str, Any]


class Shop:
    """An inbox that is told of payments and disputes, and what the reads then say."""

    def __init__(self, client: httpx.Client, engine: Engine, books: BookingContext) -> None:
        self.client, self.engine, self.books, self.number = client, engine, books, 0

    def tell(self, *sources: Json) -> None:
        """Deliver an event of each object, later than all before it, and apply them."""
        for source in sources:
            self.number += 1
            named = "charge.dispute" if source["object"] == "dispute" else source["object"]
            body = event_body(
                self.number,
                type=f"{named}.updated",
                created=NOW + self.number,
                data={"object": json.loads(json.dumps(source))},
            )
            assert post(self.client, body).status_code == 200
        apply_inbox(self.engine, self.books)

    def read(self, fn: Any, **asked: Any) -> Any:
        """What a read says in test mode."""
        with reading(self.engine) as connection:
            return fn(connection, livemode=False, **asked)

    def views(self, dispute_id: str = "du_1") -> set[str]:
        """The lists that a dispute is in."""
        found = {name: self.read(dispute_list.page, view=name) for name in dispute_list.VIEWS}
        return {n for n, page in found.items() if dispute_id in {r.stripe_id for r in page.rows}}

    def needs(self) -> dict[str, int]:
        """What waits for a person, counted by kind."""
        found = self.read(attention.needs_you, now=clock.from_unix(NOW))
        return {need.kind: need.count for need in found}

    def state(self, payment_id: str = "pi_1") -> str:
        """A payment's state, as its list shows it."""
        with reading(self.engine) as connection:
            rows = payment_list.page(
                connection, query=payment_list.parse(payment_id), livemode=False
            ).rows
        return str(rows[0].state)


def charge(**changes: Any) -> Json:
    """A captured card charge of 100.00 USD."""
    card = {"brand": "visa", "last4": "4242", "country": "US"}
    return {
        "id": "ch_1",
        "object": "charge",
        "livemode": False,
        "created": NOW,
        "amount": 10_000,
        "amount_captured": 10_000,
        "amount_refunded": 0,
        "captured": True,
        "currency": "usd",
        "status": "succeeded",
        "disputed": True,
        "payment_intent": "pi_1",
        "payment_method_details": {"type": "card", "card": card},
    } | changes


def intent(**changes: Any) -> Json:
    """The PaymentIntent of that charge."""
    return {
        "id": "pi_1",
        "object": "payment_intent",
        "livemode": False,
        "created": NOW,
        "amount": 10_000,
        "amount_received": 10_000,
        "currency": "usd",
        "status": "succeeded",
        "latest_charge": "ch_1",
        "receipt_email": "ada@shop.example",
        "metadata": {},
    } | changes


def disputed(**changes: Any) -> Json:
    """A dispute about that charge."""
    card = {"brand": "visa", "case_type": "chargeback", "network_reason_code": "10.4"}
    return {
        "id": "du_1",
        "object": "dispute",
        "livemode": False,
        "created": NOW,
        "amount": 10_000,
        "currency": "usd",
        "status": "needs_response",
        "charge": "ch_1",
        "payment_intent": "pi_1",
        "reason": "fraudulent",
        "is_charge_refundable": False,
        "balance_transactions": [],
        "evidence_details": {"due_by": DUE, "past_due": False, "submission_count": 0},
        "payment_method_details": {"type": "card", "card": card},
    } | changes
