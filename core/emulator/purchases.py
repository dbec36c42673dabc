"""One purchase as a customer makes it: order, attempt, decline, retry, later refund or dispute."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from core import money
from core.emulator import customers, fees, payment_intents, payment_methods
from core.emulator.context import Context, hidden
from core.emulator.errors import ApiError
from core.emulator.shoppers import Population, Shopper
from core.emulator.store import Obj, dump

_HOUR = 3_600_000
_DAY = 24 * _HOUR
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
_OWN_CODES = ("incorrect_cvc", "expired_card", "processing_error")
_REASONS = {
    "fraudulent": 45,
    "product_not_received": 22,
    "product_unacceptable": 12,
    "subscription_canceled": 9,
    "duplicate": 6,
    "credit_not_processed": 6,
}


@dataclass
class Shop:
    """What a run of purchases shares."""

    chance: random.Random
    people: Population
    next_order: int = 1
    labels: list[tuple[str, str, str]] = field(default_factory=list)

    def label(self, intent: Obj, label: str, **detail: Any) -> None:
        self.labels.append((intent["id"], label, dump(detail)))


def buy(ctx: Context, shop: Shop) -> Obj:
    """Somebody buys something now; most of the time it works."""
    chance = shop.chance
    shopper, new = shop.people.pick()
    draw = chance.random()
    if draw < 0.006 and shopper.method == "card":
        return _stolen_card(ctx, shop)
    amount = basket(chance, shopper)
    intent = order(ctx, shop, shopper, amount, manual=draw > 0.972 and shopper.method == "card")
    if 0.006 < draw < 0.04:
        if chance.random() < 0.3:
            ctx.later(_DAY, "abandon", intent=intent["id"])
        return intent
    fails = shopper.method == "card" and chance.random() < (0.10 if new else 0.055)
    does = _decline(chance) if fails else None
    if attempt(ctx, intent, shopper, does, _risk(chance, high=False)):
        after_success(ctx, shop, intent, shopper)
    elif chance.random() < 0.65:
        again = "" if chance.random() < 0.72 else _decline(chance)
        delay = chance.randint(15, 240) * 1000
        ctx.later(delay, "retry", intent=intent["id"], method=shopper.payment_method, does=again)
    return intent


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


def attempt(ctx: Context, intent: Obj, shopper: Shopper, does: str | None, risk: int) -> bool:
    """Confirm with the shopper's payment method; whether the money is or will be ours."""
    method_id = shopper.payment_method or _method(ctx, shopper)
    ctx.script = {"risk_score": risk, **({"does": does} if does else {})}
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
    minor = fees.half_up(Fraction(cents) / Fraction(fees.rate_between(currency, "usd")))
    step = {"jpy": 10, "cny": 10, "kwd": 50}.get(currency, money.multiple(currency))
    return max(-(-fees.smallest(currency) // step) * step, minor // step * step)


def _decline(chance: random.Random) -> str:
    [code] = chance.choices(list(_DECLINES), list(_DECLINES.values()))
    return f"decline:{code}:" if code in _OWN_CODES else f"decline:card_declined:{code}"


def _risk(chance: random.Random, *, high: bool) -> int:
    if high:
        return min(99, max(20, int(chance.gauss(68, 14))))
    return min(64, int(chance.expovariate(1 / 14)))


def after_success(ctx: Context, shop: Shop, intent: Obj, shopper: Shopper) -> None:
    """What may still come: capture, a refund, a dispute by an honest or a friendly fraudster."""
    chance = shop.chance
    if intent["status"] == "requires_capture":
        kind = "capture" if chance.random() < 0.85 else "abandon"
        ctx.later(chance.randint(2, 60) * _HOUR, kind, intent=intent["id"])
        return
    draw = chance.random()
    if draw < 0.036:
        part = 100 if chance.random() < 0.6 else chance.choice((10, 20, 25, 50))
        [reason] = chance.choices(("requested_by_customer", "duplicate"), (92, 8))
        delay = int(chance.expovariate(1 / 4) * _DAY) + _HOUR
        ctx.later(delay, "ask_refund", intent=intent["id"], percent=part, reason=reason)
    elif draw < 0.041 and shopper.method == "card" and intent["status"] == "succeeded":
        [reason] = chance.choices(list(_REASONS), list(_REASONS.values()))
        friendly = chance.random() < 0.5
        if friendly:
            shop.label(intent, "friendly_fraud", reason=reason)
        _dispute_later(ctx, chance, intent, reason)


def _dispute_later(ctx: Context, chance: random.Random, intent: Obj, reason: str) -> None:
    delay = chance.randint(2, 30) * _DAY + chance.randint(0, 20) * _HOUR
    answers = chance.random() < 0.6
    after = chance.randint(1, 7) * _DAY
    ctx.later(
        delay,
        "dispute_order",
        intent=intent["id"],
        reason=reason,
        answer_ms=after if answers else 0,
        won=chance.random() < 0.45,
        decision_days=chance.randint(8, 30),
    )


def _stolen_card(ctx: Context, shop: Shop) -> Obj:
    """A stranger with somebody else's card: a large order, from a far address."""
    chance = shop.chance
    thief = shop.people.new()
    thief.method, thief.member = "card", False
    thief.currency, thief.country = "usd", chance.choice(("US", "US", "CA", "DE"))
    amount = in_currency(chance.randint(18_000, 240_000), thief.currency)
    intent = order(ctx, shop, thief, amount)
    risk = _risk(chance, high=True)
    shop.label(intent, "stolen_card", user_id=thief.user_id)
    does = "highest_risk" if risk >= 75 and chance.random() < 0.8 else None
    if attempt(ctx, intent, thief, does, risk):
        follow_fraud(ctx, chance, intent)
    return intent


def follow_fraud(ctx: Context, chance: random.Random, intent: Obj) -> None:
    """The owner of the card notices: a warning, a dispute, or a refund in time."""
    draw = chance.random()
    if draw < 0.6:
        kind = chance.choice(("made_with_stolen_card", "unauthorized_use_of_card"))
        delay = chance.randint(8, 90) * _HOUR
        ctx.later(delay, "warn", charge=intent["latest_charge"], fraud_type=kind)
    if draw < 0.2:
        delay = chance.randint(10, 100) * _HOUR
        ctx.later(delay, "ask_refund", intent=intent["id"], percent=100, reason="fraudulent")
    elif draw < 0.8:
        _dispute_later(ctx, chance, intent, "fraudulent")


def testing_attempt(ctx: Context, shop: Shop, tester: Shopper) -> Obj:
    """One attempt of a card-testing burst: a small amount, a fresh card, mostly declined."""
    chance = shop.chance
    card = shop.people.new()
    card.user_id, card.ip, card.email = tester.user_id, tester.ip, tester.email
    card.method, card.member, card.currency, card.country = "card", False, "usd", "US"
    intent = order(ctx, shop, card, chance.choice((50, 75, 100, 100, 150, 199, 200)))
    shop.label(intent, "card_testing", user_id=tester.user_id)
    draw = chance.random()
    does = None
    if draw < 0.55:
        does = f"decline:card_declined:{chance.choice(('generic_decline', 'do_not_honor'))}"
    elif draw < 0.75:
        does = "decline:incorrect_cvc:"
    elif draw < 0.87:
        does = "highest_risk"
    risk = 60 + chance.randint(0, 39)
    if attempt(ctx, intent, card, does, max(risk, 75) if does == "highest_risk" else risk):
        follow_fraud(ctx, chance, intent)
    return intent
