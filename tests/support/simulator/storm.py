"""What happens in a run, drawn from its seed: business, people, deliveries, workers, weather."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import select

from core.access.principals import Caller
from core.actions.operations.call import OPERATION_LEASE
from core.actions.refunds import approvals, cancel
from core.actions.refunds import ask as refunds
from core.actions.refunds.validation import NewRefund
from core.db.engine import reading
from core.db.tables import operations
from core.errors import TillwatchError
from core.gateway.client import KEY_LASTS
from core.money import Money, plain
from tests.support.emulator_books import quietly
from tests.support.simulator.interleaving import go_between
from tests.support.simulator.shop import Process, Shop
from tests.support.simulator.watches import A_DAY

#: How a customer pays: by these cards, and by bank debits that end in these ways, seconds later.
CARDS = (
    *("pm_card_visa",) * 6,
    "pm_card_chargeDeclined",
    "pm_card_createDispute",
    "pm_card_pendingRefund",
    "pm_card_refundFail",
)
DEBITS = ("success", "success", "insufficientFunds", "dispute")
#: Minor units. Most are within an asker's limit, and few two of them together.
AMOUNTS = (900, 20_000)
CURRENCIES = ("usd", "usd", "eur", "jpy")
ROUNDS = 36


@dataclass
class Asked:
    """A refund that somebody wants: the same request until its answer is known."""

    caller: Caller
    wanted: NewRefund
    request_id: str
    answered: bool = False


@dataclass
class Storm:
    """One run's story so far; `blow` makes the next thing happen."""

    shop: Shop
    dice: random.Random
    asked: list[Asked] = field(default_factory=list)
    payments: list[str] = field(default_factory=list)
    #: Of each payment.
    currencies: dict[str, str] = field(default_factory=dict)
    #: Webhooks on their way; a lost one is not among them.
    under_way: list[dict[str, Any]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def begin(self) -> None:
        """A shop that has a few payments already, under some weather."""
        while len(self.payments) < 3:
            self.pay()
        self.shop.receive(self.shop.new_events())
        _work_off(self)
        self.change_weather()

    def blow(self) -> None:
        """The next thing."""
        things: dict[Callable[[], None], int] = {
            self.pay: 4,
            self.ask: 8,
            self.ask_again: 4,
            self.decide: 4,
            self.business_outside: 3,
            self.deliver: 10,
            self.work: 22,
            self.wait: 6,
            self.shift_clock: 2,
            self.change_weather: 2,
        }
        [thing] = self.dice.choices(list(things), list(things.values()))
        thing()

    def note(self, what: str) -> None:
        self.told.append(f"{self.shop.times.now():%d %H:%M:%S} {what}")

    def pay(self) -> None:
        """A customer pays at the shop: nothing of it goes wrong, for it is not ours."""
        dice = self.dice
        currency = dice.choice(CURRENCIES)
        amount = 10 * dice.randrange(*(end // 10 for end in AMOUNTS))
        if dice.random() < 0.2:
            token, kinds = f"pm_usBankAccount_{dice.choice(DEBITS)}", ["us_bank_account"]
            order = partial(self._take, "usd", amount, token, payment_method_types=kinds)
        else:
            order = partial(self._take, currency, amount, dice.choice(CARDS))
        quietly(order)

    def _take(self, currency: str, amount: int, token: str, **params: Any) -> None:
        outside = self.shop.outside
        charge = outside.pay(currency, amount, token, **params)
        self.payments.append(outside.api("GET", f"charges/{charge}")["payment_intent"])
        self.currencies[self.payments[-1]] = currency
        self.note(f"{self.payments[-1]} paid: {amount} {currency} {token}")

    def ask(self) -> None:
        """Somebody asks for a refund of a payment, whole or in part."""
        wish = self.new_wish()
        self._endanger(self.shop.web, "ask")
        self.send_wish(wish, self.shop.web)

    def new_wish(self) -> Asked:
        """A refund of one of the last payments, whole or in part."""
        payment, caller = self.dice.choice(self.payments[-4:]), self.dice.choice(self._askers)
        return self._wish(
            caller, payment, self._share(payment) if self.dice.random() < 0.6 else None
        )

    def rival_wish(self, one: Asked) -> Asked:
        """As much as its asker may have in a day, in the same currency, often of one payment."""
        before = str(one.wanted.payment_intent_id)
        asked = {each.wanted.payment_intent_id for each in self.asked}
        currency = self.currencies[before]
        same = [each for each in self.payments if self.currencies[each] == currency]
        others = [each for each in same if each not in asked] or same
        payment = self.dice.choice([before, *others[-2:]])
        amount = self.shop.outside.api("GET", f"payment_intents/{payment}")["amount"]
        return self._wish(one.caller, payment, plain(Money(min(amount, A_DAY), currency)))

    def _wish(self, caller: Caller, payment: str, amount: str | None) -> Asked:
        wanted = NewRefund(payment, amount, "requested_by_customer")
        request_id = f"00000000-0000-4000-8000-{len(self.asked):012d}"
        self.asked.append(Asked(caller, wanted, request_id))
        return self.asked[-1]

    @property
    def _askers(self) -> tuple[Caller, Caller]:
        return self.shop.people.asking

    def _share(self, payment: str) -> str:
        intent = self.shop.outside.api("GET", f"payment_intents/{payment}")
        minor = max(10, intent["amount"] * self.dice.choice((10, 30, 50, 70)) // 1000 * 10)
        return plain(Money(minor, intent["currency"]))

    def ask_again(self) -> None:
        """Whoever got no answer asks again, by the same request; so do some who got one."""
        open_ = [one for one in self.asked if not one.answered]
        if self.asked:
            self._endanger(self.shop.web, "ask")
            self.send_wish(self.dice.choice(open_ or self.asked), self.shop.web)

    def send_wish(self, one: Asked, process: Process) -> None:
        """Ask for it through one of the processes."""
        step = partial(
            refunds.ask,
            process.context,
            one.caller,
            one.wanted,
            livemode=False,
            request_id=one.request_id,
        )
        said = self.shop.guarded(process, step)
        one.answered = one.answered or isinstance(said, refunds.RefundRequest | TillwatchError)
        self.note(f"ask {one.request_id[-2:]} {one.wanted.payment_intent_id} -> {_short(said)}")

    def decide(self) -> None:
        """A lead approves or refuses something, or an asker takes something back."""
        if not self.asked:
            return
        one, web = self.dice.choice(self.asked[-6:]), self.shop.web
        context, lead, key = web.context, self.shop.people.lead, one.request_id
        step: Callable[[], Any] = partial(approvals.approve, context, lead, key)
        chance = self.dice.random()
        if chance < 0.15:
            step = partial(approvals.refuse, context, lead, key, "not now")
        elif chance < 0.3:
            step = partial(cancel.cancel, context, one.caller, key)
        self._endanger(web, "decide")
        said = self.shop.guarded(web, step)
        self.note(f"decide {key[-2:]} {step.func.__name__} -> {_short(said)}")  # type: ignore[attr-defined]

    def business_outside(self, about: str | None = None) -> None:
        """What happens at Stripe without us: payouts, banks' answers, disputes that end.

        `about`: where something can happen to this object or to its charge or payment, that.
        """
        orders = self._orders()
        own = [order for order, *ids in orders if about in ids]
        order_ = self.dice.choice(own or [order for order, *_ in orders])
        taken = quietly(order_)
        self.note(f"outside {order_.func.__name__} {order_.args} {taken}")

    def _orders(self) -> list[tuple[partial[Any], *tuple[str | None, ...]]]:
        """What may happen at Stripe, each with the ids that it is about."""
        others, api = self.shop.control.others, self.shop.outside.everything
        orders: list[Any] = [(partial(others.run_payouts, {}), None)]
        for one in api("disputes"):
            status = self.dice.choice(("won", "lost", "under_review"))
            order = partial(others.bring_dispute, {"status": status}, one["id"])
            orders.append((order, one["id"], one["charge"], one["payment_intent"]))
        for one in api("refunds"):
            status = self.dice.choice(("succeeded", "failed"))
            order = partial(others.refund, {"status": status}, one["id"])
            orders.append((order, one["id"], one["charge"], one["payment_intent"]))
        for one in api("charges"):
            if one["payment_method_details"]["type"] != "card":
                order = partial(others.settle_charge, {"status": "failed"}, one["id"])
                orders.append((order, one["id"], one["payment_intent"]))
            elif one["paid"] and self.dice.random() < 0.2:
                order = partial(others.dispute, {"charge": one["id"]})
                orders.append((order, one["id"], one["payment_intent"]))
        return orders

    def deliver(self) -> None:
        """Some webhooks arrive: late, in any order, twice, or never."""
        dice = self.dice
        for event in self.shop.new_events():
            copies = dice.choices((0, 1, 2, 3), (15, 65, 15, 5))[0]
            self.under_way += [event] * copies
        dice.shuffle(self.under_way)
        count = dice.randint(0, len(self.under_way))
        arriving, later = self.under_way[:count], self.under_way[count:]
        self._endanger(self.shop.web, "deliver")
        if arriving and self.shop.receive(arriving) is True:
            self.under_way = later
            self.note(f"{count} webhooks")

    def work(self) -> None:
        """A worker makes one of its steps."""
        worker = self.dice.choice(self.shop.workers)
        steps = worker.steps()
        often = {"apply": 8, "refresh": 8, "operations": 6, "ledger": 3}
        [name] = self.dice.choices(list(steps), [often.get(each, 1) for each in steps])
        self._endanger(worker, name)
        self.step(worker, name)

    def step(self, process: Process, name: str) -> None:
        """One step of a process by its name."""
        said = self.shop.guarded(process, process.steps()[name])
        self.note(f"worker {process.number} {name} -> {_short(said)}")

    def _endanger(self, process: Process, doing: str) -> None:
        """Some steps end in the middle, some stand still while others go on and leases end."""
        chance = self.dice.random()
        if chance < 0.2:
            self.shop.points.order(dies_in=int(self.dice.expovariate(1 / 6)))
        elif chance < (0.7 if doing == "ask" else 0.5):
            between = partial(go_between, self, process, doing)
            self.shop.points.order_pause(self.dice.randrange(5), between)

    def wait(self) -> None:
        self.shop.advance(self.dice.choice((1, 4, 20, 60, 200, 900, 4_000)))

    def shift_clock(self) -> None:
        """Our clock is set to another time: ahead, behind, or right."""
        minutes = self.dice.choice((0, 0, -120, -20, -2, 2, 20, 120))
        self.shop.times.skew = timedelta(minutes=minutes)
        self.note(f"the clock is {minutes} min off")

    def change_weather(self) -> None:
        """Stripe's answers go wrong from now on, this often in a hundred."""
        self.shop.wire.trouble = self.dice.choice((0, 5, 20, 60))
        self.note(f"trouble {self.shop.wire.trouble} %")


def _short(said: Any) -> str:
    return f"{type(said).__name__} {getattr(said, 'state', said)}"[:150]


def calm(storm: Storm) -> None:
    """Nothing goes wrong any more and everybody goes on: until nothing is left to do.

    What was lost stays lost. `AssertionError` when it does not come to rest.
    """
    shop = storm.shop
    shop.wire.trouble, shop.times.skew = 0, timedelta()
    shop.stripe.faults.clear()
    shop.points.clear()
    storm.note("calm")
    shop.advance(60)
    for one in storm.asked:
        # What cannot be approved any more, after a dispute perhaps, is refused.
        context, lead, key = shop.web.context, shop.people.lead, one.request_id
        shop.guarded(shop.web, partial(approvals.approve, context, lead, key))
        shop.guarded(shop.web, partial(approvals.refuse, context, lead, key, "too late"))
    for pause in (5, 960, 3_600):
        shop.advance(pause)
        _work_off(storm)
    if _is_anything_open(shop):
        # What Stripe refused, and said by a 500 that it keeps, is known when its key has ended.
        shop.advance(KEY_LASTS.total_seconds())
        _work_off(storm)


def _is_anything_open(shop: Shop) -> bool:
    with reading(shop.web.engine) as connection:
        found = connection.execute(select(operations).where(OPERATION_LEASE.open).limit(1))
        return found.first() is not None


def _work_off(storm: Storm) -> None:
    """One worker goes on until it finds nothing that is due."""
    worker = storm.shop.workers[0]
    steps = worker.steps()
    for name in ("poll", "ledger", "gaps", "expiry", "upkeep"):
        _calmly(storm, name, steps[name])
    for _ in range(20):
        busy = _calmly(storm, "apply", lambda: steps["apply"]().any)
        busy = _calmly(storm, "refresh", steps["refresh"]) or busy
        busy = _calmly(storm, "operations", steps["operations"]) or busy
        if not busy:
            return


def _calmly(storm: Storm, name: str, step: Callable[[], Any]) -> bool:
    said = storm.shop.guarded(storm.shop.workers[0], step)
    if isinstance(said, TillwatchError):
        storm.note(f"calm {name} -> {_short(said)}")
        return False
    return bool(said)
