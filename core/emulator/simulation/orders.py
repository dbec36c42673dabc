"""What every simulated purchase is made of: an order, an attempt, a price, a likely decline."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from core import money
from core.emulator.resources import behaviours, customers, fees, payment_methods
from core.emulator.resources.behaviours import Behaviour
from core.emulator.resources.payment_intents import api as payment_intents
from core.emulator.simulation.shoppers import Population, Shopper
from core.emulator.simulation.weighted import drawing
from core.emulator.state.errors import ApiError
from core.emulator.state.store import Obj, dump
from core.emulator.state.tasks import Task
from core.emulator.state.unit_of_work import Context, hidden

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
_DECLINES = {
    "insufficient_funds": 38,
    "generic_decline": 22,
    "do_not_honor": 12,
    "incorrect_cvc": 7,
    "expired_card": 5,
    "transaction_not_allowed": 4,
    "processing_error": 3,
    "card_velocity_exceeded": 2,
    "lost_card": 2,
    "stolen_card": 2,
    "try_again_later": 2,
    "pickup_card": 1,
}
_decline_code = drawing(list(_DECLINES), _DECLINES.values())
_OWN_CODES = ("incorrect_cvc", "expired_card", "processing_error")


@dataclass
class Shop:
    """What a run of purchases shares."""

    chance: random.Random
    people: Population
    next_order: int = 1
    labels: list[tuple[str, str, str]] = field(default_factory=list)

    def label(self, intent: Obj, label: str, **detail: Any) -> None:
        self.labels.append((intent["id"], label, dump(detail)))


def order(ctx: Context, shop: Shop, shopper: Shopper, amount: int, *, manual: bool = False) -> Obj:
    """A payment intent with the shop's metadata; members have a customer object."""
    if shopper.member and shopper.customer is None:
        made = customers.create(ctx, {"name": shopper.name, "email": shopper.email})
        shopper.customer = made["id"]
    params: dict[str, Any] = {
        "amount": amount,
        "currency": shopper.currency,
        "description": f"Order {shop.next_order}",
        "receipt_email": shopper.email,
        "metadata": {
            "order_id": str(shop.next_order),
            "user_id": str(shopper.user_id),
            "ip_address": shopper.ip,
        },
    }
    if manual:
        params["capture_method"] = "manual"
    if shopper.customer:
        params["customer"] = shopper.customer
    shop.next_order += 1
    return payment_intents.create(ctx, params)


def attempt(
    ctx: Context, intent: Obj, shopper: Shopper, behaviour: Behaviour | None, risk: int
) -> bool:
    """Confirm with the shopper's payment method; whether the money is or will be ours."""
    method_id = shopper.payment_method or _method(ctx, shopper)
    ctx.script = {"risk_score": risk, **({"behaviour": behaviour} if behaviour else {})}
    try:
        payment_intents.confirm(ctx, intent["id"], {"payment_method": method_id})
    except ApiError as declined:
        if not declined.keep:
            raise
        return False
    finally:
        ctx.script = {}
    return True


def _method(ctx: Context, shopper: Shopper) -> str:
    if shopper.method == "card":
        data = {
            "exp_year": shopper.exp_year,
            "exp_month": 1 + shopper.user_id % 12,
            "last4": shopper.last4,
        }
        made = payment_methods.from_card(ctx, shopper.card(), data, shopper.holder)
        made["card"]["checks"]["cvc_check"] = "pass"
    else:
        made = payment_methods.from_data(ctx, {"type": shopper.method})
    made["billing_details"] |= {"email": shopper.email, "name": shopper.name}
    made["billing_details"]["address"]["country"] = shopper.country
    made["customer"] = shopper.customer
    shopper.payment_method = str(made["id"])
    if shopper.customer:
        customer = ctx.need("customer", shopper.customer)
        hidden(customer)["shopper"] = shopper.saved()
        ctx.tx.touch(customer)
    return shopper.payment_method


def basket(chance: random.Random, shopper: Shopper) -> int:
    """An amount in minor units of the shopper's currency, around 45 dollars."""
    cents = int(4_500 * chance.lognormvariate(0, 0.75)) * shopper.spends // 100
    return in_currency(max(300, min(cents, 400_000)), shopper.currency)


def in_currency(cents: int, currency: str) -> int:
    """About so many US cents, at a price a shop in that currency would set."""
    if currency == "usd":
        return cents
    minor = fees.unconverted(cents, fees.rate_between(currency, "usd"))
    step = {"jpy": 10, "cny": 10, "kwd": 50}.get(currency, money.multiple(currency))
    return max(-(-fees.smallest(currency) // step) * step, minor // step * step)


def decline(chance: random.Random) -> Behaviour:
    code = _decline_code(chance)
    if code in _OWN_CODES:
        return behaviours.decline(code)
    return behaviours.decline("card_declined", code)


def risk_score(chance: random.Random, *, high: bool) -> int:
    if high:
        return min(99, max(20, int(chance.gauss(68, 14))))
    return min(64, int(chance.expovariate(1 / 14)))


def dispute_later(ctx: Context, chance: random.Random, intent: Obj, reason: str) -> None:
    delay = chance.randint(2, 30) * DAY_MS + chance.randint(0, 20) * HOUR_MS
    answers = chance.random() < 0.6
    after = chance.randint(1, 7) * DAY_MS
    ctx.later(
        delay,
        Task.DISPUTE_ORDER,
        intent=intent["id"],
        reason=reason,
        answer_ms=after if answers else 0,
        won=chance.random() < 0.45,
        decision_days=chance.randint(8, 30),
    )
