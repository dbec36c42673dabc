"""Fraud in simulated business: stolen cards, and bursts of card testing."""

from __future__ import annotations

import random

from core.emulator.resources import behaviours
from core.emulator.resources.behaviours import Behaviour, Kind
from core.emulator.simulation import orders
from core.emulator.simulation.orders import Shop
from core.emulator.simulation.shoppers import Shopper
from core.emulator.state.store import Obj
from core.emulator.state.tasks import Task
from core.emulator.state.unit_of_work import Context


def stolen_card(ctx: Context, shop: Shop) -> Obj:
    """A stranger with somebody else's card: a large order, from a far address."""
    chance = shop.chance
    thief = shop.people.new()
    thief.method, thief.member = "card", False
    thief.currency, thief.country = "usd", chance.choice(("US", "US", "CA", "DE"))
    amount = orders.in_currency(chance.randint(18_000, 240_000), thief.currency)
    intent = orders.order(ctx, shop, thief, amount)
    risk = orders.risk_score(chance, high=True)
    shop.label(intent, "stolen_card", user_id=thief.user_id)
    blocked = risk >= 75 and chance.random() < 0.8
    behaviour = Behaviour(Kind.HIGHEST_RISK) if blocked else None
    if orders.attempt(ctx, intent, thief, behaviour, risk):
        follow_fraud(ctx, chance, intent)
    return intent


def follow_fraud(ctx: Context, chance: random.Random, intent: Obj) -> None:
    """The owner of the card notices: a warning, a dispute, or a refund in time."""
    draw = chance.random()
    if draw < 0.6:
        kind = chance.choice(("made_with_stolen_card", "unauthorized_use_of_card"))
        delay = chance.randint(8, 90) * orders.HOUR_MS
        ctx.later(delay, Task.WARN, charge=intent["latest_charge"], fraud_type=kind)
    if draw < 0.2:
        delay = chance.randint(10, 100) * orders.HOUR_MS
        ctx.later(delay, Task.ASK_REFUND, intent=intent["id"], percent=100, reason="fraudulent")
    elif draw < 0.8:
        orders.dispute_later(ctx, chance, intent, "fraudulent")


def testing_attempt(ctx: Context, shop: Shop, tester: Shopper) -> Obj:
    """One attempt of a card-testing burst: a small amount, a fresh card, mostly declined."""
    chance = shop.chance
    card = shop.people.new()
    card.user_id, card.ip, card.email = tester.user_id, tester.ip, tester.email
    card.method, card.member, card.currency, card.country = "card", False, "usd", "US"
    intent = orders.order(ctx, shop, card, chance.choice((50, 75, 100, 100, 150, 199, 200)))
    shop.label(intent, "card_testing", user_id=tester.user_id)
    draw = chance.random()
    behaviour, least = None, 0
    if draw < 0.55:
        code = chance.choice(("generic_decline", "do_not_honor"))
        behaviour = behaviours.decline("card_declined", code)
    elif draw < 0.75:
        behaviour = behaviours.decline("incorrect_cvc")
    elif draw < 0.87:
        behaviour, least = Behaviour(Kind.HIGHEST_RISK), 75
    risk = max(least, 60 + chance.randint(0, 39))
    if orders.attempt(ctx, intent, card, behaviour, risk):
        follow_fraud(ctx, chance, intent)
    return intent
