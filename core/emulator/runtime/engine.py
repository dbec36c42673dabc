"""The emulator without HTTP: one store, one clock, one way to run a piece of work."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from core.emulator.resources import (
    balance,
    checkout_payments,
    events,
    other_events,
    webhook_endpoints,
)
from core.emulator.resources.late_balance_transactions import LateRows
from core.emulator.runtime import scheduled_tasks
from core.emulator.runtime.cli_sessions import SNAPSHOTS, THIN, CliSessions
from core.emulator.state import account_settings, versions
from core.emulator.state.clock import EmulatorClock
from core.emulator.state.errors import ApiError
from core.emulator.state.faults import Faults
from core.emulator.state.idempotency import Keys
from core.emulator.state.ids import Ids, account_of
from core.emulator.state.object_damage import Damage
from core.emulator.state.store import Obj, Store, Tx, dump, wire
from core.emulator.state.tasks import Task
from core.emulator.state.unit_of_work import Context
from core.emulator.versions import table

T = TypeVar("T")
#: A task this late was slept through: it runs at its own time, not now.
_CATCH_UP_MS = 5_000


class Engine:
    """State and time, shared by requests, background tasks and deliveries."""

    def __init__(self, path: str, seed: int | None = None) -> None:
        self.store = Store(path)
        saved = self.store.meta("seed")
        if saved is None:
            self.seed = secrets.randbelow(2**31) if seed is None else seed
            self.store.set_meta("seed", str(self.seed))
        else:
            self.seed = int(saved)
        boots = int(self.store.meta("boots") or 0) + 1
        self.store.set_meta("boots", str(boots))
        self.clock = EmulatorClock(self.store)
        self.ids = Ids(self.seed, int(self.store.meta("counter") or 0))
        self._request_ids = Ids(self.seed * 1_000_003 + boots)
        self.account = account_of(self.seed)
        self.base_url = ""
        self.faults = Faults(self.seed)
        self.keys = Keys(self.store)
        self.switches = account_settings.load(self.store)
        self.late_rows = LateRows()
        self.denied: frozenset[str] = frozenset()
        self.damage = Damage()
        self.cli = CliSessions(self.account)
        #: Events of the work under way, told to Stripe's CLI once they are kept: (event, to today).
        self._announced: list[tuple[dict[str, Any], dict[str, Any] | None]] = []
        #: Set when there may be something to do in the background.
        self.wake = threading.Event()
        self.endpoints: list[Obj] = []
        with self.store.lock:
            self._load_endpoints()
            self._start_schedule()

    def close(self) -> None:
        self.store.close()

    def request_id(self) -> str:
        return f"req_{self._request_ids.token(14)}"

    def work(
        self,
        do: Callable[[Context], T],
        *,
        request_id: str | None = None,
        key: str | None = None,
        version: str | None = None,
        finally_: Callable[[T | ApiError], None] | None = None,
    ) -> T:
        """Run `do` in one transaction. A refusal rolls back, unless it keeps what was done.

        `finally_` sees the result or the refusal inside the same transaction (or a fresh one when
        it was rolled back), to keep it under an idempotency key.
        """
        with self.store.lock:
            tx = Tx(self.store)
            counter = self.ids.counter
            try:
                result = do(self.context(tx, request_id, key, version))
            except ApiError as refusal:
                if not refusal.keep:
                    tx.rollback()
                    self._announced.clear()
                    tx = Tx(self.store)
                if finally_:
                    finally_(refusal)
                self._commit(tx, counter)
                raise
            except BaseException:
                tx.rollback()
                self._announced.clear()
                raise
            if finally_:
                finally_(result)
            self._commit(tx, counter)
            return result

    def _commit(self, tx: Tx, counter: int) -> None:
        if self.ids.counter != counter:
            self.store.set_meta("counter", str(self.ids.counter))
            self.wake.set()  # something was made, so events or tasks may wait
        tx.commit()
        for event, latest in self._announced:
            if event["object"] == "event":
                self.cli.snapshot(event, latest)
            else:
                self.cli.thin(event)
        self._announced.clear()

    def context(
        self,
        tx: Tx,
        request_id: str | None = None,
        key: str | None = None,
        version: str | None = None,
    ) -> Context:
        """A context at the clock's time whose events are delivered."""

        def schedule(at_ms: int, kind: str, args: dict[str, Any]) -> None:
            tx.db.execute(
                "INSERT INTO tasks (at_ms, kind, args) VALUES (?, ?, ?)", (at_ms, kind, dump(args))
            )

        return Context(
            tx=tx,
            ids=self.ids,
            now_ms=self.clock.now_ms(),
            schedule=schedule,
            announce=self._announce,
            account=self.account,
            base_url=self.base_url,
            request_id=request_id,
            idempotency_key=key,
            version=version or self.switches.api_version,
            ledger_version=versions.older(version, self.switches.api_version),
            answer_at=table.answer_at,
            switches=self.switches,
            late_rows=self.late_rows,
            denied=self.denied if request_id else frozenset(),
            resend=self._resend,
            open_session=lambda given: self.cli.open(
                given, self.base_url, self.switches.api_version
            ),
            on_checkout_intent=checkout_payments.follow_intent,
        )

    def _announce(self, ctx: Context, event: dict[str, Any]) -> int:
        """Let an event be delivered; to how many endpoints."""
        wanting = [e for e in self.endpoints if webhook_endpoints.wants(e, event["type"])]
        now = self.clock.now_ms()
        event["pending_webhooks"] = len(wanting)
        self._tell_cli(ctx, event)
        ctx.tx.db.executemany(
            "INSERT INTO deliveries (event, endpoint, due_ms, first_ms, body)"
            " VALUES (?, ?, ?, ?, ?)",
            [
                (event["id"], endpoint["id"], now, now, _own_words(ctx, event, endpoint))
                for endpoint in wanting
            ],
        )
        return len(wanting)

    def _resend(self, ctx: Context, event: dict[str, Any], wanted: str | None, cli: bool) -> None:
        now = self.clock.now_ms()
        ids = [e["id"] for e in self.endpoints if wanted in (None, e["id"]) and not cli]
        ctx.tx.db.executemany(
            "INSERT INTO deliveries (event, endpoint, due_ms, first_ms) VALUES (?, ?, ?, ?)",
            [(event["id"], endpoint, now, now) for endpoint in ids],
        )
        ctx.tx.db.execute(
            "UPDATE objects SET pending = pending + ? WHERE id = ?", (len(ids), event["id"])
        )
        if wanted is None:
            self._announced.append((event, None))
        self.wake.set()

    def _tell_cli(self, ctx: Context, event: dict[str, Any]) -> None:
        """Once this work is kept, `stripe listen` hears of the event, in the kinds it asked for."""
        if self.cli.nobody:
            return
        if self.cli.wanting(SNAPSHOTS):
            old_words = ctx.event_at(event, event["api_version"])
            latest = {**event, "api_version": versions.API_VERSION}
            old = event["api_version"] != versions.API_VERSION
            self._announced.append((old_words, latest if old else None))
        about = event["data"]["object"]
        if self.cli.wanting(THIN) and other_events.has_address(ctx, about):
            thin = other_events.thin(ctx, f"v1.{event['type']}", about["id"], None)
            self._announced.append((thin, None))

    def on_the_wire(self, answer: Obj) -> bytes:
        """An answer or an event as it is sent: of a live account, when the switch says so."""
        body = wire(answer)
        if self.switches.livemode:
            body = body.replace(b'"livemode": false', b'"livemode": true')
        return body

    def reload_endpoints(self) -> None:
        """After endpoints changed: who gets events is kept in memory."""
        with self.store.lock:
            self._load_endpoints()

    def _load_endpoints(self) -> None:
        rows = self.store.db.execute(
            "SELECT body FROM objects WHERE object = 'webhook_endpoint' ORDER BY seq"
        ).fetchall()
        self.endpoints = [json.loads(body) for (body,) in rows]

    def _start_schedule(self) -> None:
        known = self.store.db.execute(
            "SELECT 1 FROM tasks WHERE kind = ?", (Task.DAILY_PAYOUTS.value,)
        ).fetchone()
        if known is None:
            self.schedule_payouts(self.clock.now_ms())

    def schedule_payouts(self, now_ms: int) -> None:
        """The next automatic payouts, at the coming midnight UTC."""
        day_ms = balance.DAY * 1000
        name = Task.DAILY_PAYOUTS.value
        self.store.db.execute("DELETE FROM tasks WHERE kind = ?", (name,))
        self.store.db.execute(
            "INSERT INTO tasks (at_ms, kind, args) VALUES (?, ?, '{}')",
            ((now_ms // day_ms + 1) * day_ms, name),
        )

    def next_due_ms(self) -> int | None:
        """When the next task is due, by the emulator's clock."""
        with self.store.lock:
            row = self.store.db.execute("SELECT min(at_ms) FROM tasks").fetchone()
        return None if row is None else row[0]

    def run_due(self, horizon_ms: int | None = None, *, travel: bool = False) -> int:
        """Do every task that has come due (or will by `horizon_ms`); how many.

        `travel`: each runs at its own time, as if the clock had got there; otherwise now.
        """
        done = 0
        while True:
            until = self.clock.now_ms() if horizon_ms is None else horizon_ms
            with self.store.lock:
                row = self.store.db.execute(
                    "SELECT seq, at_ms, kind, args FROM tasks WHERE at_ms <= ?"
                    " ORDER BY at_ms, seq LIMIT 1",
                    (until,),
                ).fetchone()
                if row is None:
                    return done
                self._run_one(*row, travel=travel)
                done += 1

    def _run_one(self, seq: int, at_ms: int, kind: str, args: str, *, travel: bool) -> None:
        def forget(ctx: Context) -> None:
            ctx.tx.db.execute("DELETE FROM tasks WHERE seq = ?", (seq,))

        def do(ctx: Context) -> None:
            forget(ctx)
            if travel or ctx.now_ms - at_ms > _CATCH_UP_MS:
                ctx.now_ms = at_ms
            scheduled_tasks.run(ctx, kind, json.loads(args))
            if kind == Task.DAILY_PAYOUTS:
                self.keys.prune(ctx.now)
                old = (ctx.now - events.RETENTION_S, "event")
                ctx.tx.db.execute("DELETE FROM objects WHERE created < ? AND object = ?", old)

        try:
            self.work(do)
        except ApiError as refusal:
            # What it is about changed since it was planned. A refusal that keeps what was done
            # has kept its end too.
            if not refusal.keep:
                self.work(forget)


def _own_words(ctx: Context, event: dict[str, Any], endpoint: Obj) -> str | None:
    """The event for an endpoint with a version of its own; None where it gets the event itself."""
    version = endpoint["api_version"]
    if version is None or version == event["api_version"]:
        return None
    return dump(ctx.event_at({**event, "api_version": version}, version))
