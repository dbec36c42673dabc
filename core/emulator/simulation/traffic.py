"""Live traffic: purchases now, on order or as a trickle, told to webhooks like any other."""

from __future__ import annotations

import random
import threading

from core.emulator.runtime.engine import Engine
from core.emulator.simulation import purchases
from core.emulator.simulation.orders import Shop
from core.emulator.simulation.shoppers import Population, Shopper
from core.emulator.state.unit_of_work import Context

_REMEMBERED = 400


class Traffic:
    """Customers who buy while the emulator runs."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._shop: Shop | None = None
        self._lock = threading.Lock()
        self._per_minute = 0
        self._changed = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None

    @property
    def per_minute(self) -> int:
        return self._per_minute

    def run(self, payments: int, seed: int | None = None) -> int:
        """So many purchases now; how many succeeded at once."""
        with self._lock:
            shop = self._known_shop()
            if seed is not None:
                shop.chance.seed(seed)
            return sum(self._one(shop) for _ in range(payments))

    def _one(self, shop: Shop) -> bool:
        def do(ctx: Context) -> bool:
            ctx.unattended = True
            intent = purchases.buy(ctx, shop)
            ctx.tx.db.executemany("INSERT OR REPLACE INTO labels VALUES (?, ?, ?)", shop.labels)
            shop.labels.clear()
            self._engine.store.set_meta("next_order", str(shop.next_order))
            return bool(intent["status"] == "succeeded")

        return self._engine.work(do)

    def _known_shop(self) -> Shop:
        """The shop with the customers that the store knows, so that they come back."""
        if self._shop is None:
            chance = random.Random(self._engine.seed)
            people = Population(chance)
            self._engine.work(lambda ctx: _remember(ctx, people))
            order = int(self._engine.store.meta("next_order") or 1001)
            self._shop = Shop(chance, people, next_order=order)
        return self._shop

    def forget(self) -> None:
        """After a history was written: read the customers anew."""
        with self._lock:
            self._shop = None

    def trickle(self, per_minute: int) -> None:
        """Background purchases at this rate; 0 stops them."""
        self._per_minute = per_minute
        self._changed.set()
        if per_minute and self._thread is None:
            self._thread = threading.Thread(target=self._loop, daemon=True, name="emulator-trickle")
            self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._changed.set()
        if self._thread:
            self._thread.join(timeout=5)

    def _loop(self) -> None:
        pace = random.Random(self._engine.seed)
        while not self._stopping:
            rate = self._per_minute
            wait = pace.expovariate(rate / 60) if rate else None
            if self._changed.wait(wait):
                self._changed.clear()
                continue
            self.run(1)


def _remember(ctx: Context, people: Population) -> None:
    rows = ctx.tx.db.execute(
        "SELECT pending, body FROM objects WHERE object = 'customer'"
        " AND instr(body, '\"shopper\":') > 0 ORDER BY created DESC, seq DESC LIMIT ?",
        (_REMEMBERED,),
    ).fetchall()
    for customer in ctx.tx.keep_rows(rows):
        shopper = Shopper(**customer["_"]["shopper"])
        people.known.append(shopper)
        people.next_user = max(people.next_user, shopper.user_id + 1)
