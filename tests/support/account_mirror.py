"""The whole spine in a test: an emulator, a database, and the worker's steps by hand."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select
from tenacity import wait_none

from core import clock
from core.db import migrate
from core.db.engine import open_engine, reading, retrying, writing
from core.db.tables import balance_transactions, payments, revenue_daily
from core.emulator.server import RunningEmulator
from core.events.store import parse_envelope, store
from core.gateway.budget import Budget
from core.gateway.client import Gateway
from core.inbox.event_processor import apply_inbox
from core.ledger.booking import Scope
from core.mirror.apply import BookingContext
from core.mirror.backfill import Learned, backfill
from core.mirror.ledger_walk import catch_up
from core.mirror.refresh import refresh
from tests.support.newest_schema import laid

KEY = "sk_test_dummy"
LIVE_KEY = "sk_live_dummy"
#: One of each way that a payment can go, in each currency that the account settles.
TOKENS = (
    "pm_card_visa",
    "pm_card_mastercard",
    "pm_card_chargeDeclinedInsufficientFunds",
    "pm_card_createDispute",
    "pm_card_threeDSecure2Required",
    "pm_card_riskLevelElevated",
)
AMOUNTS = {"usd": 4200, "eur": 3100, "cny": 25000, "jpy": 5200, "kwd": 12340, "gbp": 2700}


@dataclass
class Spine:
    """A console that learns from an emulator."""

    emulator: RunningEmulator
    engine: Engine
    gateway: Gateway
    books: BookingContext

    def drain(self, *, ledger: bool = True) -> None:
        """Run the worker's steps until nothing is left to do."""
        for _ in range(200):
            busy = apply_inbox(self.engine, self.books).any
            busy = refresh(self.engine, self.gateway, self.books) > 0 or busy
            if not busy:
                break
        else:
            raise AssertionError("the inbox did not come to rest")
        if ledger:
            catch_up(self.engine, self.gateway, self.books)

    def sync(self, days: int = 90) -> Learned:
        since = clock.now() - timedelta(days=days)
        return backfill(
            self.engine, self.gateway, self.books, since=since, report=lambda progress: None
        )

    def events(self) -> list[dict[str, Any]]:
        """Every event that Stripe has, oldest first."""
        found = [event for page in self.gateway.pages("/v1/events") for event in page]
        return found[::-1]

    def deliver(self, events: Iterable[dict[str, Any]]) -> None:
        incoming = [parse_envelope(json.dumps(event).encode()) for event in events]

        def write() -> None:
            with writing(self.engine) as connection:
                for event in incoming:
                    store(connection, [event], source="webhook", received_at=clock.now())

        retrying(write)

    def ledger_at_stripe(self) -> list[dict[str, Any]]:
        return [row for page in self.gateway.pages("/v1/balance_transactions") for row in page]


def connect(emulator: RunningEmulator, url: str, zone: str = "UTC", *, live: bool = False) -> Spine:
    """A new console on a database, for a running emulator, with a test key or a live one."""
    engine = open_engine(laid(url))
    migrate.upgrade(engine)
    gateway = Gateway(
        LIVE_KEY if live else KEY,
        livemode=live,
        api_base=emulator.base_url,
        budget=Budget(rate=100_000),
        wait=wait_none(),
    )
    return Spine(emulator, engine, gateway, BookingContext(Scope(ZoneInfo(zone))))


def do_business(spine: Spine, seed: int, count: int = 24) -> None:
    """Payments of every kind in every currency, some captured, refunded or canceled later."""
    dice = random.Random(seed)
    post, done = spine.gateway.post, []
    for number in range(count):
        currency = list(AMOUNTS)[number % len(AMOUNTS)]
        manual = dice.random() < 0.2
        done.append(
            post(
                "/v1/payment_intents",
                idempotency_key=f"create-{seed}-{number}",
                amount=AMOUNTS[currency] + 10 * dice.randrange(500),
                currency=currency,
                automatic_payment_methods={"enabled": True, "allow_redirects": "never"},
                capture_method="manual" if manual else "automatic",
                metadata={"order_id": str(number), "user_id": f"user{dice.randrange(5)}"},
            )["id"]
        )
    for payment in done:
        token = dice.choice(TOKENS)
        attempt(spine, payment, token, f"confirm-{payment}")
    spine.emulator.settle()
    for payment in done:
        follow_up(spine, payment, dice)
    spine.emulator.settle()


def attempt(spine: Spine, payment: str, token: str, key: str) -> None:
    from core.errors import CardDeclined

    path = f"/v1/payment_intents/{payment}"
    try:
        answer = spine.gateway.post(f"{path}/confirm", idempotency_key=key, payment_method=token)
    except CardDeclined:
        return
    if answer["status"] == "requires_action":
        spine.emulator.control(
            "POST", f"payment_intents/{payment}/authenticate", {"outcome": "succeed"}
        )


def follow_up(spine: Spine, payment: str, dice: random.Random) -> None:
    from core.errors import StripeRefused

    path = f"/v1/payment_intents/{payment}"
    state = spine.gateway.get(path, expand=["latest_charge"])
    if state["status"] == "requires_capture":
        verb = dice.choice(["capture", "cancel"])
        spine.gateway.post(f"{path}/{verb}", idempotency_key=f"{verb}-{payment}")
    elif state["status"] == "requires_payment_method" and dice.random() < 0.5:
        attempt(spine, payment, "pm_card_visa", f"again-{payment}")
    elif state["status"] == "succeeded" and dice.random() < 0.5:
        share = state["amount"] if dice.random() < 0.5 else state["amount"] // 20 * 10
        try:
            spine.gateway.post(
                "/v1/refunds",
                idempotency_key=f"refund-{payment}",
                payment_intent=payment,
                amount=share,
            )
        except StripeRefused:
            assert state["latest_charge"]["disputed"]


def picture(engine: Engine) -> dict[str, Any]:
    """What the mirror says, without what may differ between two roads to the same state."""
    hidden = {"as_of", "updated_at", "facet", "first_seen_at"}
    found: dict[str, Any] = {}
    with reading(engine) as connection:
        for row in connection.execute(select(payments)).mappings():
            found[row["stripe_id"]] = {k: v for k, v in row.items() if k not in hidden}
        for row in connection.execute(select(balance_transactions)).mappings():
            found[row["stripe_id"]] = {k: v for k, v in row.items() if k not in hidden}
    return found


def kept_sums(engine: Engine) -> dict[tuple[str, str], tuple[int, int, int, int]]:
    """revenue_daily summed by currency and category: gross, fee, net, count."""
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    with reading(engine) as connection:
        for row in connection.execute(select(revenue_daily)).mappings():
            total = sums[row["currency"], row["reporting_category"]]
            for place, name in enumerate(("gross_minor", "fee_minor", "net_minor", "count")):
                total[place] += row[name]
    return {key: tuple(total) for key, total in sums.items()}


def stripe_sums(rows: Iterable[dict[str, Any]]) -> dict[tuple[str, str], tuple[int, ...]]:
    """The same, from Stripe's own rows."""
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for row in rows:
        total = sums[row["currency"], row["reporting_category"]]
        for place, figure in enumerate((row["amount"], row["fee"], row["net"], 1)):
            total[place] += figure
    return {key: tuple(total) for key, total in sums.items()}
