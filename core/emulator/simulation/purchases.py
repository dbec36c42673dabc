"""One purchase as a customer makes it: order, attempt, decline, retry, later refund or dispute."""

from __future__ import annotations

from core.emulator.simulation import fraud_patterns, orders
from core.emulator.simulation.orders import Shop
from core.emulator.simulation.shoppers import Shopper
from core.emulator.state.store import Obj
from core.emulator.state.tasks import Task
from core.emulator.state.unit_of_work import Context

_REASONS = {
    "fraudulent": 45,
    "product_not_received": 22,
    "product_unacceptable": 12,
    "subscription_canceled": 9,
    "duplicate": 6,
    "credit_not_processed": 6,
}


def buy(ctx: Context, shop: Shop) -> Obj:
    """Somebody buys something now; most of the time it works."""
    chance = shop.chance
    shopper, new = shop.people.pick()
    draw = chance.random()
    if draw < 0.006 and shopper.method == "card":
        return fraud_patterns.stolen_card(ctx, shop)
    amount = orders.basket(chance, shopper)
    intent = orders.order(
        ctx, shop, shopper, amount, manual=draw > 0.972 and shopper.method == "card"
    )
    if 0.006 < draw < 0.04:
        if chance.random() < 0.3:
            ctx.later(orders.DAY_MS, Task.ABANDON, intent=intent["id"])
        return intent
    fails = shopper.method == "card" and chance.random() < (0.10 if new else 0.055)
    behaviour = orders.decline(chance) if fails else None
    if orders.attempt(ctx, intent, shopper, behaviour, orders.risk_score(chance, high=False)):
        after_success(ctx, shop, intent, shopper)
    elif chance.random() < 0.65:
        again = "" if chance.random() < 0.72 else orders.decline(chance).stored()
        delay = chance.randint(15, 240) * 1000
        ctx.later(delay, Task.RETRY, intent=intent["id"], method=shopper.payment_method, does=again)
    return intent


def after_success(ctx: Context, shop: Shop, intent: Obj, shopper: Shopper) -> None:
    """What may still come: capture, a refund, a dispute by an honest or a friendly fraudster."""
    chance = shop.chance
    if intent["status"] == "requires_capture":
        task = Task.CAPTURE if chance.random() < 0.85 else Task.ABANDON
        ctx.later(chance.randint(2, 60) * orders.HOUR_MS, task, intent=intent["id"])
        return
    draw = chance.random()
    if draw < 0.036:
        part = 100 if chance.random() < 0.6 else chance.choice((10, 20, 25, 50))
        [reason] = chance.choices(("requested_by_customer", "duplicate"), (92, 8))
        delay = int(chance.expovariate(1 / 4) * orders.DAY_MS) + orders.HOUR_MS
        ctx.later(delay, Task.ASK_REFUND, intent=intent["id"], percent=part, reason=reason)
    elif draw < 0.041 and shopper.method == "card" and intent["status"] == "succeeded":
        [reason] = chance.choices(list(_REASONS), list(_REASONS.values()))
        friendly = chance.random() < 0.5
        if friendly:
            shop.label(intent, "friendly_fraud", reason=reason)
        orders.dispute_later(ctx, chance, intent, reason)
