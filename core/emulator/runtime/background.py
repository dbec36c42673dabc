"""Threads beside the server: due tasks, and signed deliveries with retries."""

from __future__ import annotations

import json
import queue
import random
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.emulator.runtime.engine import Engine
from core.emulator.state.unit_of_work import hidden

if TYPE_CHECKING:
    from core.emulator.runtime.webhook_sender import WebhookSender

#: Of a delivery: until the connection stands, and again until each part of the answer.
_TIMEOUT_S = 10
_SENDERS = 4
_GIVE_UP_MS = 3 * 86_400_000
_MAX_BACKOFF_MS = 3_600_000


@dataclass
class Options:
    """How deliveries behave: paused, each sent several times, out of order."""

    paused: bool = False
    duplicate: int = 1
    shuffle: bool = False


class Background:
    """Runs until `stop`; everything it still had to do is in the store."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.options = Options()
        self._stopping = threading.Event()
        self._work: queue.Queue[tuple[int, str, str] | None] = queue.Queue()
        self._busy: set[int] = set()
        self._busy_lock = threading.Lock()
        self._chance = random.Random(engine.seed)
        self._threads = [threading.Thread(target=self._tick, daemon=True, name="emulator-tasks")]
        self._threads += [
            threading.Thread(target=self._send_all, daemon=True, name=f"emulator-sender-{i}")
            for i in range(_SENDERS)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self.engine.wake.set()
        for _ in range(_SENDERS):
            self._work.put(None)
        for thread in self._threads:
            thread.join(timeout=_TIMEOUT_S + 2)

    def idle(self) -> bool:
        """Whether no delivery is being made and none is due."""
        with self._busy_lock:
            return not self._busy and not self._due()

    def _tick(self) -> None:
        engine = self.engine
        while not self._stopping.is_set():
            engine.wake.wait(timeout=0.25)
            engine.wake.clear()
            if self._stopping.is_set():
                return
            engine.run_due()
            self._dispatch()

    def _due(self) -> list[tuple[int, str, str]]:
        with self.engine.store.lock:
            return self.engine.store.db.execute(
                "SELECT seq, event, endpoint FROM deliveries WHERE due_ms <= ?"
                " ORDER BY due_ms, seq LIMIT 500",
                (self.engine.clock.now_ms(),),
            ).fetchall()

    def _dispatch(self) -> None:
        if self.options.paused:
            return
        with self._busy_lock:
            due = [row for row in self._due() if row[0] not in self._busy]
            self._busy.update(row[0] for row in due)
        if self.options.shuffle:
            self._chance.shuffle(due)
        for row in due:
            self._work.put(row)

    def _send_all(self) -> None:
        sender: WebhookSender | None = None
        while True:
            job = self._work.get()
            if job is None or self._stopping.is_set():
                break
            try:
                sender = sender or _new_sender()
                self._deliver(*job, sender)
            finally:
                with self._busy_lock:
                    self._busy.discard(job[0])
        if sender is not None:
            sender.close()

    def _deliver(self, seq: int, event: str, endpoint_id: str, sender: WebhookSender) -> None:
        endpoint = next((e for e in self.engine.endpoints if e["id"] == endpoint_id), None)
        with self.engine.store.lock:
            row = self.engine.store.db.execute(
                "SELECT coalesce(deliveries.body, objects.body) FROM objects JOIN deliveries"
                " ON deliveries.event = objects.id WHERE objects.id = ? AND deliveries.seq = ?",
                (event, seq),
            ).fetchone()
        if endpoint is None or row is None:
            self._forget(seq)
            return
        about = json.loads(row[0])
        if self.engine.damage:
            about = self.engine.damage.applied(about)
        body = self.engine.on_the_wire(about)
        status = ""
        for _ in range(max(1, self.options.duplicate)):
            status = sender.post(endpoint["url"], body, hidden(endpoint)["secret"])
        if status.startswith("2"):
            self._delivered(seq, event)
        else:
            self._retry(seq, status)

    def _delivered(self, seq: int, event: str) -> None:
        db = self.engine.store.db
        with self.engine.store.lock:
            db.execute("BEGIN")
            db.execute("DELETE FROM deliveries WHERE seq = ?", (seq,))
            db.execute("UPDATE objects SET pending = pending - 1 WHERE id = ?", (event,))
            db.execute("COMMIT")

    def _forget(self, seq: int) -> None:
        with self.engine.store.lock:
            self.engine.store.db.execute("DELETE FROM deliveries WHERE seq = ?", (seq,))

    def _retry(self, seq: int, status: str) -> None:
        """1, 2, 4 … seconds and at most an hour apart, for three days; Stripe publishes none."""
        db, now = self.engine.store.db, self.engine.clock.now_ms()
        with self.engine.store.lock:
            row = db.execute(
                "SELECT attempts, first_ms FROM deliveries WHERE seq = ?", (seq,)
            ).fetchone()
            if row is None:
                return
            if now - row[1] > _GIVE_UP_MS:
                self._forget(seq)  # the event stays undelivered: `delivery_success=false`
                return
            wait = min(_MAX_BACKOFF_MS, 1000 * 2 ** min(row[0], 12))
            db.execute(
                "UPDATE deliveries SET attempts = attempts + 1, due_ms = ?, last_status = ?"
                " WHERE seq = ?",
                (now + wait, status[:200], seq),
            )


def _new_sender() -> WebhookSender:
    # Most instances send nothing, and answer sooner without it.
    from core.emulator.runtime.webhook_sender import WebhookSender

    return WebhookSender(_TIMEOUT_S)


def wait_until(condition: Any, seconds: float) -> bool:
    """Poll a condition for so long; whether it came true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
