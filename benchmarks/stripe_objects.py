"""Made-up events and balance transactions of the size and shape that Stripe sends."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from core import clock
from core.events.store import IncomingEvent, parse_envelope
from core.gateway.snapshots import LedgerEntry

START = datetime(2026, 9, 1, tzinfo=UTC)
CURRENCIES = ("usd", "eur", "cny", "jpy", "kwd")
COUNTRIES = ("US", "DE", "CN", "JP", "KW", "GB", "FR")
#: Stripe's objects carry many fields that are null; they make up most of a body.
_EMPTY = {f"optional_parameter_{number}": None for number in range(45)}


def events(payments: int, seed: int = 1) -> list[IncomingEvent]:
    """About five events a payment, fully shuffled, 3 to 4 KB each."""
    found = [event for number in range(payments) for event in _life(number)]
    random.Random(seed).shuffle(found)
    return found


def _life(number: int) -> Iterator[IncomingEvent]:
    at = clock.to_unix(START + timedelta(seconds=400 * number))
    fails = number % 9 == 0
    yield _event(number, 0, "payment_intent.created", at, _intent(number, at, "created"))
    if fails:
        yield _event(number, 1, "charge.failed", at + 2, _charge(number, at, "failed"))
        failed = _intent(number, at, "failed")
        yield _event(number, 2, "payment_intent.payment_failed", at + 2, failed)
        return
    yield _event(number, 1, "charge.succeeded", at + 2, _charge(number, at, "succeeded"))
    yield _event(number, 2, "payment_intent.succeeded", at + 2, _intent(number, at, "succeeded"))
    yield _event(number, 3, "charge.updated", at + 5, _charge(number, at, "succeeded"))
    if number % 5 == 0:
        yield _event(number, 4, "charge.refunded", at + 90, _charge(number, at, "refunded"))


def _event(number: int, step: int, kind: str, at: int, source: dict[str, Any]) -> IncomingEvent:
    body = {
        "id": f"evt_bench{number:09d}{step}",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": at,
        "data": {"object": source},
        "livemode": True,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
    }
    return parse_envelope(json.dumps(body).encode())


def _intent(number: int, at: int, state: str) -> dict[str, Any]:
    paid = state == "succeeded"
    failure = {"code": "card_declined", "decline_code": "insufficient_funds", "type": "card_error"}
    return _EMPTY | {
        "id": f"pi_bench{number:012d}",
        "object": "payment_intent",
        "livemode": True,
        "created": at,
        "amount": _amount(number),
        "amount_received": _amount(number) if paid else 0,
        "currency": CURRENCIES[number % 5],
        "status": "succeeded" if paid else "requires_payment_method",
        "latest_charge": None if state == "created" else f"ch_bench{number:012d}",
        "last_payment_error": failure if state == "failed" else None,
        "metadata": {"order_id": str(number), "user_id": f"user{number % 300}"},
        "receipt_email": f"customer{number % 700}@example.com",
    }


def _charge(number: int, at: int, state: str) -> dict[str, Any]:
    failed = state == "failed"
    return _EMPTY | {
        "id": f"ch_bench{number:012d}",
        "object": "charge",
        "livemode": True,
        "created": at + 1,
        "payment_intent": f"pi_bench{number:012d}",
        "amount": _amount(number),
        "amount_captured": 0 if failed else _amount(number),
        "amount_refunded": _amount(number) if state == "refunded" else 0,
        "currency": CURRENCIES[number % 5],
        "status": "failed" if failed else "succeeded",
        "captured": not failed,
        "disputed": False,
        "billing_details": {"email": f"customer{number % 700}@example.com", "name": "Ada Example"},
        "outcome": {"type": "authorized", "risk_score": number % 60, "risk_level": "normal"},
        "payment_method_details": {
            "type": "card",
            "card": {
                "brand": "visa",
                "last4": f"{number % 10000:04d}",
                "country": COUNTRIES[number % 7],
                "fingerprint": f"fingerprint{number % 500}",
                "funding": "credit",
            },
        },
    }


def _amount(number: int) -> int:
    return 500 + number * 7919 % 90_000 // 10 * 10


def ledger_page(page: int, size: int = 100) -> list[LedgerEntry]:
    """One page of charges' balance transactions in five currencies."""
    found = []
    for number in range(page * size, (page + 1) * size):
        at = START + timedelta(seconds=90 * number)
        amount, fee = _amount(number), _amount(number) * 29 // 1000 + 30
        found.append(
            LedgerEntry(
                stripe_id=f"txn_bench{number:012d}",
                livemode=True,
                type="charge",
                reporting_category="charge",
                source_id=f"ch_bench{number:012d}",
                charge_id=f"ch_bench{number:012d}",
                amount_minor=amount,
                fee_minor=fee,
                net_minor=amount - fee,
                currency=CURRENCIES[number % 5],
                exchange_rate=None,
                description=None,
                status="available",
                created_at=at,
                available_on=at + timedelta(days=2),
            )
        )
    return found
