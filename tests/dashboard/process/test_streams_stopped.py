"""Whole processes: what stops a stream is told within a minute, and goes away by itself."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe
from sqlalchemy import Engine, select

from core import clock
from core.db import migrate
from core.db.engine import open_engine, reading
from core.db.tables import payments
from core.emulator.server import RunningEmulator, start_emulator
from core.reads.overview import streams as reads
from core.reads.overview.attention import needs_you
from dashboard.receiver.webhook import PATH
from tests.support import forked_programs
from tests.support.fixtures_mariadb import installed, new_database, serving
from tests.support.forked_programs import Program
from tests.support.newest_schema import laid
from tests.support.receivers import SECRET, free_port, kill, wait_until

pytestmark = pytest.mark.long

#: Seconds in which it must be told, and be over again.
MINUTE = 60
RIGHT = "rak_payment_intent_read"
#: What Stripe answers to every reading: which stream stops, our error, the right that it names.
#: A 403 is about one object alone: that is put off, and what reads lists stops.
REFUSED: dict[str, tuple[dict[str, Any], str, str, str | None]] = {
    "401": ({"kind": "error", "status": 401}, "refresh", "stripe_key_refused", None),
    "403": (
        {"kind": "error", "status": 403, "permission": RIGHT},
        "ledger",
        "stripe_key_refused",
        RIGHT,
    ),
    "429": ({"kind": "rate_limit"}, "refresh", "stripe_busy", None),
    "500": ({"kind": "error", "status": 500}, "refresh", "stripe_unreachable", None),
}


@dataclass
class Account:
    """An emulator that tells a receiver, a worker beside it, and the database of both."""

    engine: Engine
    emulator: RunningEmulator
    client: httpx.Client
    start_worker: Callable[[], Program]

    def pay(self) -> str:
        made = stripe.StripeClient(
            "sk_test_dummy", base_addresses={"api": self.emulator.base_url}
        ).v1.payment_intents.create(
            {
                "amount": 1234,
                "currency": "usd",
                "payment_method": "pm_card_visa",
                "confirm": True,
                "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            }
        )
        return made.id

    def is_confirmed(self, payment_id: str) -> bool:
        """Read from Stripe itself, not only told by an event."""
        c = payments.c
        query = select(c.state, c.confirmed).where(c.stripe_id == payment_id)
        with reading(self.engine) as connection:
            row = connection.execute(query).first()
        return row is not None and tuple(row) == ("succeeded", True)

    def streams(self) -> dict[str, reads.StreamState]:
        with reading(self.engine) as connection:
            found = reads.stream_states(connection, livemode=False, now=clock.now())
        return {one.name: one for one in found}

    def wrong(self) -> dict[str, reads.StreamState]:
        return {name: one for name, one in self.streams().items() if one.is_wrong}

    def is_fresh(self) -> bool:
        return len(self.streams()) >= 5 and not self.wrong()

    def attention(self) -> list[Any]:
        """What "Needs you" lists of streams."""
        with reading(self.engine) as connection:
            found = needs_you(connection, livemode=False, now=clock.now())
        return [one for one in found if one.kind == "stream_wrong"]

    def metric(self, stream: str) -> float:
        begin = f'tillwatch_stream_failed{{mode="test",stream="{stream}"}} '
        lines = self.client.get("/metrics").text.splitlines()
        return next((float(line[len(begin) :]) for line in lines if line.startswith(begin)), 0.0)


@contextmanager
def account(folder: Path, url: str | None = None) -> Iterator[Account]:
    """A receiver and an emulator that run; the worker is the test's to start."""
    folder.mkdir()
    url = url or f"sqlite:///{folder / 'tillwatch.db'}"
    engine = open_engine(laid(url))
    migrate.upgrade(engine)
    port, log = free_port(), folder / "log"
    with ExitStack() as stack:
        emulator = stack.enter_context(
            start_emulator(seed=5, webhook=f"http://127.0.0.1:{port}{PATH}", webhook_secret=SECRET)
        )
        given = {
            "DATABASE_URL": url,
            "STRIPE_TEST_SECRET_KEY": "sk_test_dummy",
            "STRIPE_TEST_WEBHOOK_SECRET": SECRET,
            "STRIPE_API_BASE": emulator.base_url,
            "VAR_DIR": str(folder / "var"),
            "RECEIVER_PORT": str(port),
        }

        def start(command: str) -> Program:
            process = forked_programs.start(["dashboard", command], os.environ | given, log)
            stack.callback(kill, process, signal.SIGTERM)
            return process

        start("receiver")
        client = stack.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30))
        wait_until(lambda: answers(client))
        yield Account(engine, emulator, client, lambda: start("worker"))
    engine.dispose()


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def test_what_stripe_refuses_is_told_within_a_minute_and_goes_by_itself(tmp_path: Path) -> None:
    with ExitStack() as stack:
        each = {name: stack.enter_context(account(tmp_path / name)) for name in REFUSED}
        for one in each.values():
            one.start_worker()
        for name, one in each.items():
            before = one.pay()
            wait_until(lambda one=one, before=before: one.is_confirmed(before))
            wait_until(one.is_fresh)
            assert one.attention() == []
            assert one.metric(REFUSED[name][1]) == 0.0

        paid = {}
        for name, one in each.items():
            fault = REFUSED[name][0] | {"count": None, "method": "GET", "path": "/v1/*"}
            one.emulator.engine.faults.order(fault)
            paid[name] = one.pay()
        begun = clock.now()
        for name, one in each.items():
            _, stream, error, right = REFUSED[name]
            left = MINUTE - (clock.now() - begun).total_seconds()
            wait_until(lambda one=one, s=stream: s in one.wrong(), seconds=max(left, 1))
            told = one.wrong()[stream]
            assert (told.state, told.error, told.permission) == ("stopped", error, right), name
            assert stream in [listed.stream.name for listed in one.attention()], name
            assert one.metric(stream) == 1.0, name
            assert not one.is_confirmed(paid[name]), name

        for one in each.values():
            one.emulator.engine.faults.clear()
        for name, one in each.items():
            wait_until(lambda one=one, name=name: one.is_confirmed(paid[name]), seconds=MINUTE)
            wait_until(one.is_fresh, seconds=MINUTE)
            assert one.attention() == []
            assert one.metric(REFUSED[name][1]) == 0.0


def test_a_right_without_which_only_sources_are_missing_is_named(tmp_path: Path) -> None:
    right = "rak_balance_transaction_source_read"
    with account(tmp_path / "account") as one:
        one.emulator.engine.denied = frozenset({right})
        one.start_worker()
        one.pay()

        def ledger() -> tuple[str, str | None]:
            found = one.streams().get("ledger")
            return (found.state, found.permission) if found else ("", None)

        wait_until(lambda: ledger() == ("incomplete", right), seconds=MINUTE)
        one.emulator.engine.denied = frozenset()
        one.pay()
        wait_until(lambda: ledger() == ("fresh", None), seconds=MINUTE)


def test_a_killed_worker_is_missed_within_a_minute(tmp_path: Path) -> None:
    with account(tmp_path / "account") as one:
        worker = one.start_worker()
        wait_until(one.is_fresh)
        killed = clock.now()
        kill(worker, signal.SIGKILL)
        wait_until(lambda: len(one.wrong()) >= 5, seconds=MINUTE)
        assert clock.now() - killed > timedelta(seconds=10)
        assert {found.error for found in one.wrong().values()} == {reads.SILENT}
        assert {listed.stream.name for listed in one.attention()} == set(one.wrong())
        one.start_worker()
        wait_until(one.is_fresh, seconds=MINUTE)
        assert one.attention() == []


@pytest.mark.mariadb
def test_a_database_that_is_gone_is_told_at_once_and_outlived(tmp_path: Path) -> None:
    data = tmp_path / "server"
    with ExitStack() as stack:
        folder = stack.enter_context(installed(data))
        serves = stack.enter_context(ExitStack())
        url = new_database(serves.enter_context(serving(data, folder)), "tillwatch")
        one = stack.enter_context(account(tmp_path / "account", url))
        worker = one.start_worker()
        wait_until(one.is_fresh)

        serves.close()
        wait_until(lambda: one.client.get("/readyz").status_code == 503, seconds=MINUTE)
        assert "database" in one.client.get("/readyz").json()["reason"]

        stack.enter_context(serving(data, folder))
        wait_until(lambda: answers(one.client), seconds=MINUTE)
        paid = one.pay()
        wait_until(lambda: one.is_confirmed(paid), seconds=MINUTE)
        wait_until(one.is_fresh, seconds=MINUTE)
        assert worker.poll() is None
