"""Walks pages of an account's lists into an empty database, and prints the time of a page.

A program of its own, so that it runs with the code of another build: PYTHONPATH says whose. It uses
only what every build has: `backfill`, which asks a gateway for pages. Arguments: the database's URL
and the number of pages of each list.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from core.db import migrate
from core.db.engine import open_engine

try:
    from core.ledger.booking import Scope
    from core.mirror.apply import BookingContext
    from core.mirror.backfill import backfill
except ModuleNotFoundError:  # the earlier build, where they stood elsewhere
    from core.inbox.apply import Books as BookingContext  # type: ignore
    from core.inbox.backfill import backfill  # type: ignore
    from core.ledger.scope import Scope  # type: ignore

START = 1_790_000_000
PAGE = 100
#: Stripe's objects carry many fields that are null; they make up most of a body.
_EMPTY = {f"optional_parameter_{number}": None for number in range(45)}


def charge(number: int) -> dict[str, Any]:
    """A paid card charge, as Stripe writes it."""
    amount = 500 + number * 7919 % 90_000 // 10 * 10
    return _EMPTY | {
        "id": f"ch_page{number:012d}",
        "object": "charge",
        "livemode": True,
        "created": START + number + 1,
        "payment_intent": f"pi_page{number:012d}",
        "amount": amount,
        "amount_captured": amount,
        "amount_refunded": 0,
        "balance_transaction": f"txn_page{number:012d}",
        "currency": "usd",
        "status": "succeeded",
        "captured": True,
        "disputed": False,
        "refunded": False,
        "billing_details": {"email": f"customer{number % 700}@example.com", "name": "Ada Example"},
        "outcome": {"type": "authorized", "risk_score": number % 60, "risk_level": "normal"},
        "payment_method_details": {
            "type": "card",
            "card": {"brand": "visa", "last4": "4242", "country": "US", "funding": "credit"},
        },
    }


def intent(number: int) -> dict[str, Any]:
    """Its PaymentIntent, with the charge expanded."""
    paid = charge(number)
    return _EMPTY | {
        "id": paid["payment_intent"],
        "object": "payment_intent",
        "livemode": True,
        "created": START + number,
        "amount": paid["amount"],
        "amount_received": paid["amount"],
        "currency": "usd",
        "status": "succeeded",
        "latest_charge": paid,
        "metadata": {"order_id": str(number), "user_id": f"user{number % 300}"},
        "receipt_email": f"customer{number % 700}@example.com",
    }


def transaction(number: int) -> dict[str, Any]:
    """Its balance transaction, with the charge as its expanded source."""
    paid = charge(number)
    fee = paid["amount"] * 29 // 1000 + 30
    return {
        "id": paid["balance_transaction"],
        "object": "balance_transaction",
        "created": START + number + 2,
        "available_on": START + number + 172_800,
        "amount": paid["amount"],
        "fee": fee,
        "net": paid["amount"] - fee,
        "currency": "usd",
        "type": "charge",
        "reporting_category": "charge",
        "balance_type": "payments",
        "status": "pending",
        "description": None,
        "exchange_rate": None,
        "fee_details": [
            {"type": "stripe_fee", "amount": fee, "currency": "usd", "application": None}
        ],
        "source": paid,
    }


LISTS = {
    "/v1/charges": charge,
    "/v1/payment_intents": intent,
    "/v1/balance_transactions": transaction,
}


class Lists:
    """Answers for Stripe from texts that are ready: parsing them is part of a page's time."""

    livemode = True

    def __init__(self, pages: int) -> None:
        numbers = range(pages * PAGE - 1, -1, -1)
        self._texts = {
            path: [
                json.dumps(
                    {
                        "object": "list",
                        "data": [make(n) for n in numbers[start : start + PAGE]],
                        "has_more": start + PAGE < len(numbers),
                    }
                )
                for start in range(0, len(numbers), PAGE)
            ]
            for path, make in LISTS.items()
        }
        self._next = dict.fromkeys(LISTS, 0)

    def get(self, path: str, **_params: Any) -> dict[str, Any]:
        """The next page of a list; an empty one of lists that are not measured."""
        if path not in self._texts:
            return {"object": "list", "data": [], "has_more": False}
        place = self._next[path]
        self._next[path] += 1
        found: dict[str, Any] = json.loads(self._texts[path][place])
        return found


def main(url: str, pages: int) -> None:
    """Print the microseconds of time that a page took, as JSON: the mean over its lists."""
    engine = open_engine(url)
    migrate.upgrade(engine)
    books = BookingContext(Scope(ZoneInfo("UTC"), 0))
    since = datetime.fromtimestamp(START, UTC) - timedelta(days=1)
    told: list[tuple[str, int, float]] = []
    backfill(
        engine,
        Lists(pages),  # type: ignore[arg-type]  # all of a gateway that a backfill uses
        books,
        since=since,
        report=lambda progress: told.append((progress.kind, progress.done, time.perf_counter())),
    )
    # The first pages of a list build its statements: that is no page's cost. A build tells of each
    # page, or of several at once.
    spent: dict[str, list[float]] = {}
    for (kind, done, before), (same, later, after) in pairwise(told):
        if kind == same and later > done:
            spent.setdefault(kind, []).append((after - before) * PAGE / (later - done))
    lists = {kind: median(times) * 1e6 for kind, times in spent.items()}
    print(json.dumps(lists | {"wall_us": sum(lists.values()) / len(lists)}))
    engine.dispose()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
