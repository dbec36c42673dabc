"""Writes months of plausible business into the past, through the same functions as live calls.

Weekly rhythm, growth, hours of the day, declines with retries, refunds, disputes, early fraud
warnings, stolen cards and card-testing bursts, labelled beside the objects (`/_control/labels`).
The same seed, clock and state give the same history.
"""

from __future__ import annotations

import gc
import heapq
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.emulator.resources import balance
from core.emulator.resources.events import RETENTION_S
from core.emulator.runtime import scheduled_tasks
from core.emulator.runtime.engine import Engine
from core.emulator.simulation import fraud_patterns, purchases
from core.emulator.simulation.orders import Shop
from core.emulator.simulation.shoppers import Population, Shopper
from core.emulator.simulation.weighted import drawing
from core.emulator.state.store import Tx, dump
from core.emulator.state.tasks import Task
from core.emulator.state.unit_of_work import Context
from core.emulator.versions import table

_BATCH = 2_000
_DAY_MS = balance.DAY * 1000
#: Monday to Sunday, and the hours of the day in UTC.
_WEEK = (100, 97, 99, 104, 121, 108, 71)
_HOURS = (
    14,
    10,
    8,
    7,
    8,
    11,
    17,
    26,
    38,
    49,
    55,
    57,
    58,
    60,
    62,
    64,
    66,
    67,
    65,
    60,
    52,
    42,
    31,
    21,
)
_hour = drawing(range(24), _HOURS)
_GROWTH = 0.8
_BURST_EVERY_DAYS = 13
_LEAST_UNIT_MS = 600_000

_NOTHING: dict[str, Any] = {}
_Item = tuple[int, int, str, dict[str, Any]]


@dataclass
class Simulation:
    """Things to do at virtual times, done in batches of one transaction each."""

    engine: Engine
    shop: Shop
    end_ms: int
    heap: list[_Item] = field(default_factory=list)
    _pushed: int = 0
    #: When somebody buys, the last first, and their place among what was pushed.
    _arrivals: list[int] = field(default_factory=list)
    _place: int = 0

    def push(self, at_ms: int, kind: str, args: dict[str, Any]) -> None:
        self._pushed += 1
        heapq.heappush(self.heap, (at_ms, self._pushed, kind, args))

    def expect(self, arrivals: list[int]) -> None:
        """Somebody buys at each of these times, which are sorted; as if pushed one by one."""
        self._pushed += 1
        self._place, self._arrivals = self._pushed, arrivals[::-1]

    def due(self) -> bool:
        """Whether there is more to do up to the end."""
        return bool(self._arrivals) or (bool(self.heap) and self.heap[0][0] <= self.end_ms)

    def _next(self) -> _Item:
        arrivals = self._arrivals
        if arrivals and not (self.heap and self.heap[0][:2] < (arrivals[-1], self._place)):
            return arrivals.pop(), self._place, "buy", _NOTHING
        return heapq.heappop(self.heap)

    def batch(self) -> int:
        """Do the next items in one transaction; how many purchases were among them."""
        # No search for cycles among the objects of a batch: there are none, and all end with it.
        collects = gc.isenabled()
        gc.disable()
        try:
            with self.engine.store.lock:
                return self._batch()
        finally:
            if collects:
                gc.enable()

    def _batch(self) -> int:
        engine, bought = self.engine, 0
        tx = Tx(engine.store)
        ctx = self._context(tx)
        for _ in range(_BATCH):
            if not self.due():
                break
            ctx.now_ms, _, kind, args = self._next()
            bought += self._do(ctx, kind, args)
        tx.db.executemany("INSERT OR REPLACE INTO labels VALUES (?, ?, ?)", self.shop.labels)
        self.shop.labels.clear()
        engine.store.set_meta("counter", str(engine.ids.counter))
        tx.commit()
        return bought

    def _do(self, ctx: Context, kind: str, args: dict[str, Any]) -> int:
        if kind == "buy":
            purchases.buy(ctx, self.shop)
        elif kind == "test_cards":
            fraud_patterns.testing_attempt(ctx, self.shop, args["tester"])
        else:
            scheduled_tasks.run(ctx, kind, args)
            return 0
        return 1

    def _context(self, tx: Tx) -> Context:
        engine = self.engine
        return Context(
            tx=tx,
            ids=engine.ids,
            now_ms=0,
            schedule=self.push,
            announce=lambda ctx, event: 0,  # told to nobody: the console reads lists
            account=engine.account,
            base_url=engine.base_url,
            events_since=self.end_ms // 1000 - RETENTION_S,
            version=engine.switches.api_version,
            ledger_version=engine.switches.api_version,
            answer_at=table.answer_at,
            switches=engine.switches,
            late_rows=engine.late_rows,
            unattended=True,
        )

    def hand_over(self) -> None:
        """What lies beyond the end becomes the emulator's own tasks."""
        engine = self.engine
        with engine.store.lock:
            rows = [
                (at, kind, dump(args))
                for at, _, kind, args in sorted(self.heap[:], key=_order)
                if kind != Task.DAILY_PAYOUTS
            ]
            engine.store.db.execute("BEGIN")
            engine.store.db.executemany(
                "INSERT INTO tasks (at_ms, kind, args) VALUES (?, ?, ?)", rows
            )
            engine.schedule_payouts(self.end_ms)
            engine.store.set_meta("next_order", str(self.shop.next_order))
            engine.store.db.execute("COMMIT")
        engine.wake.set()


def _order(item: _Item) -> tuple[int, int]:
    return item[:2]


def write(
    engine: Engine, days: int, per_day: int, seed: int, *, hard: Sequence[str] = ()
) -> Iterator[dict[str, int]]:
    """Run `days` × `per_day` purchases up to now; yields `{"done", "total"}` after each batch.

    `hard` names cases of `core.emulator.simulation.hard_cases` to run in between; they take no
    chance from the rest, whose orders stay the same.
    """
    chance = random.Random(seed)
    end_ms = engine.clock.now_ms()
    start_ms = end_ms - days * _DAY_MS
    first_order = int(engine.store.meta("next_order") or 1001)
    shop = Shop(chance, Population(chance), next_order=first_order)
    simulation = Simulation(engine, shop, end_ms)
    total, done = days * per_day, 0
    bursts = _bursts(chance, start_ms, end_ms, total)
    for at_ms, tester in bursts:
        simulation.push(at_ms, "test_cards", {"tester": tester})
    simulation.expect(arrivals(chance, start_ms, end_ms, total - len(bursts)))
    for at_ms, args in _hard(hard, seed, start_ms, end_ms):
        simulation.push(at_ms, Task.HARD_CASE, args)
    midnight = (start_ms // _DAY_MS + 1) * _DAY_MS
    simulation.push(midnight, Task.DAILY_PAYOUTS, {})
    with engine.store.bulk():
        while simulation.due():
            done += simulation.batch()
            yield {"done": done, "total": total}
    simulation.hand_over()
    yield {"done": total, "total": total}


def _hard(
    names: Sequence[str], seed: int, start_ms: int, end_ms: int
) -> list[tuple[int, dict[str, Any]]]:
    """Each case once a month, at least once, in the first two thirds."""
    span = end_ms - start_ms
    unit_ms = max(_LEAST_UNIT_MS, min(_DAY_MS, span // 30))
    planned = []
    for name in names:
        for number in range(max(1, span // (30 * _DAY_MS))):
            own = f"{seed}:{name}:{number}"
            at = start_ms + int(span * random.Random(own).uniform(0.05, 0.65))
            planned.append((at, {"name": name, "seed": own, "unit_ms": unit_ms}))
    return planned


def arrivals(chance: random.Random, start_ms: int, end_ms: int, count: int) -> list[int]:
    """Times of purchases: growing, weekly, by hour of the day; sorted."""
    first, last = start_ms // _DAY_MS, end_ms // _DAY_MS
    days = range(first, last + 1)
    weights = [
        _WEEK[(day + 3) % 7] * (1 + _GROWTH * (day - first) / max(1, last - first)) for day in days
    ]
    times: list[int] = []
    while len(times) < count:
        wanted = count - len(times)
        for day in chance.choices(days, weights, k=wanted):
            at = day * _DAY_MS + _hour(chance) * 3_600_000 + chance.randrange(3_600_000)
            if start_ms <= at < end_ms:
                times.append(at)
    return sorted(times)


def _bursts(
    chance: random.Random, start_ms: int, end_ms: int, total: int
) -> list[tuple[int, Shopper]]:
    """Attempts of card testers: some minutes each, about one burst a fortnight."""
    people = Population(chance, next_user=900_001)
    attempts: list[tuple[int, Shopper]] = []
    span = end_ms - start_ms
    for _ in range(max(1, span // (_BURST_EVERY_DAYS * _DAY_MS))):
        tester = people.new()
        begins = start_ms + chance.randrange(max(1, span - 3_600_000))
        size = min(chance.randint(30, 80), total // 12)
        length = chance.randint(6, 25) * 60_000
        attempts += [(begins + chance.randrange(length), tester) for _ in range(size)]
    return [(at, tester) for at, tester in attempts if at < end_ms]
