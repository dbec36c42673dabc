"""The shop of a simulation: Stripe, one database, and the processes over it, which may die."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, QueuePool, event

from core import clock
from core.access import rights
from core.access.principals import Caller
from core.actions.context import ActionContext
from core.actions.operation_kinds import KINDS
from core.actions.operations.resolve import resolve
from core.actions.refunds import approvals
from core.actions.refunds.limits import Limit
from core.actions.refunds.limits import write as write_limits
from core.cache import ProcessCache
from core.db.engine import open_engine, retrying, writing
from core.emulator.http.control import Control
from core.emulator.runtime.background import Background
from core.emulator.runtime.engine import Engine as Stripe
from core.errors import TillwatchError
from core.events.store import parse_envelope, store
from core.inbox.event_processor import apply_inbox
from core.inbox.poll import poll
from core.ledger.booking import Scope
from core.ledger.upkeep import settle_available
from core.mirror.apply import BookingContext
from core.mirror.ledger_walk import catch_up, fill_gaps
from core.mirror.refresh_loop import RefreshLoop
from tests.support.emulator_books import DirectClient
from tests.support.fixtures_access import make_console, person
from tests.support.fixtures_actions import RULES
from tests.support.refund_crashes import Killed
from tests.support.simulator.failpoints import Failpoints
from tests.support.simulator.times import SimulatedTime, simulated
from tests.support.simulator.watches import A_DAY, watch
from tests.support.simulator.wire import SimulatedGateway, Wire

ZONE = ZoneInfo("UTC")
#: One that serves people and takes webhooks, and workers.
PROCESSES = 3
#: The role of those who ask. What each may give back alone is little: two refunds come near it.
ASKING = rights.SUPPORT
LIMITS = [Limit(ASKING, currency, A_DAY, A_DAY) for currency in ("usd", "eur", "jpy")]


@cache
def _people() -> tuple[bytes, tuple[str, str, str]]:
    """A database with two who ask and one who approves, made once: the file and their ids.

    In a time of its own: a run that made it would not be the run of its seed.
    """
    with TemporaryDirectory() as folder, simulated(0):
        path = Path(folder) / "people.db"
        console = make_console(f"sqlite:///{path}")
        people = tuple(person(console, role) for role in (ASKING, ASKING, rights.SUPPORT_LEAD))
        with writing(console.engine) as connection:
            write_limits(connection, LIMITS, actor="test", now=clock.now())
        console.engine.dispose()
        with closing(sqlite3.connect(path)) as connection:
            watch(connection)
        return path.read_bytes(), (people[0], people[1], people[2])


class Process:
    """One process of ours: what it holds in memory is gone when it dies."""

    def __init__(self, shop: Shop, engine: Engine, number: int) -> None:
        self._shop, self.number = shop, number
        self.engine = engine
        self.start()

    def start(self) -> None:
        """Begin with empty memory, as after a crash."""
        self.gateway = SimulatedGateway(self._shop.wire)
        self.books = BookingContext(Scope(ZONE, self.number))
        self.context = ActionContext(
            self.engine, {False: self.gateway}, self.books, RULES, ProcessCache(), "", step_up=None
        )
        self.refreshing = RefreshLoop(self.engine, self.gateway, self.books)

    def steps(self) -> dict[str, Callable[[], Any]]:
        """The worker's steps by name, as `dashboard/process/worker.py` runs them."""
        engine, gateway, books, context = self.engine, self.gateway, self.books, self.context
        return {
            "apply": partial(apply_inbox, engine, books),
            "refresh": self.refreshing.step,
            "operations": partial(resolve, context, KINDS),
            "poll": partial(poll, engine, gateway),
            "ledger": partial(catch_up, engine, gateway, books),
            "gaps": partial(fill_gaps, engine, gateway, books),
            "expiry": partial(approvals.expire, context),
            "upkeep": lambda: settle_available(engine, at=clock.now()),
        }


def _opened(path: Path, points: Failpoints) -> Engine:
    engine = open_engine(f"sqlite:///{path}", cache_mib=4)

    @event.listens_for(engine, "connect")
    def _quick(connection: Any, _record: Any) -> None:
        # A process that dies loses no write of the system's; and who waits for a lock here would
        # wait for itself.
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA busy_timeout=0")

    points.watch(engine)
    return engine


class Site:
    """A database file and the engine over it, for one run after another.

    An engine keeps what it learned of each statement: anew for each run that would be half of it,
    and so the processes share one. Each piece of work has a connection of its own all the same.
    """

    def __init__(self, folder: Path) -> None:
        self.path, self.points = folder / "shop.db", Failpoints()
        self._file, self.people = _people()
        self.engine = _opened(self.path, self.points)

    def clear(self) -> None:
        """Lay the file anew."""
        self.close()
        self.path.write_bytes(self._file)
        self.points.reset()

    def close(self) -> None:
        pool = self.engine.pool
        assert isinstance(pool, QueuePool)
        # Whoever closes a file's last connection takes its log away, also that of the next run.
        assert pool.checkedout() == 0
        self.engine.dispose()
        for file in self.path.parent.glob(f"{self.path.name}*"):
            file.unlink()


@dataclass(frozen=True)
class People:
    """Who asks for refunds, and who approves them."""

    asking: tuple[Caller, Caller]
    lead: Caller


class Shop:
    """Everything of one run. `close` it at its end."""

    def __init__(self, site: Site, seed: int, times: SimulatedTime) -> None:
        site.clear()
        first, second, lead = site.people
        self.seed, self.times, self.points = seed, times, site.points
        self.stripe = Stripe(":memory:", seed=seed)
        self.control = Control(self.stripe, Background(self.stripe))
        self.outside = DirectClient(self.stripe, self.control)
        self.wire = Wire(self.stripe, self.points, random.Random(f"wire {seed}"))
        self.people = People((Caller(first), Caller(second)), Caller(lead))
        self.web, *self.workers = (
            Process(self, site.engine, number) for number in range(PROCESSES)
        )
        self._events_seen = 0
        self.crashes = 0

    def close(self) -> None:
        self.stripe.close()

    def advance(self, seconds: float) -> None:
        """Let time pass at Stripe and here; what is due there is done at its time."""
        target = self.times.micros + int(seconds * 1_000_000)
        self.stripe.run_due(target // 1000, travel=True)
        self.times.micros = max(self.times.micros, target)

    def guarded(self, process: Process, step: Callable[[], Any]) -> Any:
        """What a step says. An error that we know is waited over, as the loops do; a process that
        dies begins anew. Any other error is a fault of the program, and ends the run."""
        try:
            return step()
        except TillwatchError as error:
            return error
        except Killed as death:
            self.crashes += 1
            process.start()
            return death
        finally:
            self.points.clear()

    def new_events(self) -> list[dict[str, Any]]:
        """The events that Stripe made since this was asked last, oldest first."""
        rows = self.stripe.store.db.execute(
            "SELECT body FROM objects WHERE object = 'event' ORDER BY seq LIMIT -1 OFFSET ?",
            (self._events_seen,),
        ).fetchall()
        self._events_seen += len(rows)
        return [json.loads(body) for (body,) in rows]

    def receive(self, events: list[dict[str, Any]]) -> Any:
        """Webhooks come in, in this order; a failure is for Stripe to send them again."""
        incoming = [parse_envelope(json.dumps(one).encode()) for one in events]

        def write() -> bool:
            with writing(self.web.engine) as connection:
                store(connection, incoming, source="webhook", received_at=clock.now())
            return True

        return self.guarded(self.web, partial(retrying, write))
