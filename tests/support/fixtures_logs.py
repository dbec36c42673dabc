"""Calls and events for tests of the developers' screens."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import Connection

from core import clock
from core.db.tables import api_requests, events, operations

_numbers = count(1)


def call(conn: Connection, **given: Any) -> int:
    """A row of the API log: a GET of a payment that took 120 ms just now; its number."""
    number = next(_numbers)
    row = {
        "livemode": False,
        "method": "GET",
        "path": f"/v1/payment_intents/pi_{number:06d}",
        "status": 200,
        "error": None,
        "duration_us": 120_000,
        "attempt": 1,
        "request_id": f"req_{number:06d}",
        "idempotency_key": None,
        "started_at": clock.now(),
    } | given
    return int(conn.execute(api_requests.insert().values(row)).inserted_primary_key[0])


def operation(conn: Connection, key: str, actor: str, **given: Any) -> None:
    """An operation that succeeded under a key."""
    at = clock.now()
    row = {
        "id": key,
        "kind": "refund.create",
        "livemode": False,
        "idempotency_key": key,
        "params": "{}",
        "state": "succeeded",
        "actor": actor,
        "outcome": json.dumps({"facts": {"id": "re_77", "status": "succeeded"}}),
        "stripe_id": "re_77",
        "attempts": 1,
        "next_attempt_at": at,
        "created_at": at,
        "updated_at": at,
    } | given
    conn.execute(operations.insert().values(row))


def event(conn: Connection, *, subject: Any = None, **given: Any) -> str:
    """An event of the inbox that was applied: a payment succeeded a minute ago; its id."""
    number = next(_numbers)
    at: datetime = given.get("received_at", clock.now() - timedelta(minutes=1))
    stripe_id = given.get("stripe_id", f"evt_{number:06d}")
    kind = given.get("type", "payment_intent.succeeded")
    told = subject or {"id": f"pi_{number:06d}", "object": "payment_intent", "livemode": False}
    document = {
        "id": stripe_id,
        "object": "event",
        "type": kind,
        "created": clock.to_unix(at),
        "livemode": given.get("livemode", False),
        "data": {"object": told},
    }
    row = {
        "stripe_id": stripe_id,
        "type": kind,
        "livemode": False,
        "object_id": told["id"],
        "source": "webhook",
        "body": json.dumps(document).encode(),
        "created_at": at,
        "received_at": at,
        "state": "applied",
        "attempts": 0,
        "next_attempt_at": at,
        "applied_at": at,
        "duration_us": 900,
    } | given
    conn.execute(events.insert().values(row))
    return stripe_id
