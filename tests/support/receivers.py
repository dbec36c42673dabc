"""Receivers for tests: one in a thread, one as a process, and events signed for them."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from sqlalchemy import select
from stripe import WebhookSignature

from core.db.engine import open_engine, reading
from core.db.inbox_tables import events
from core.db.start import prepare
from core.settings import Settings
from dashboard.asgi.http_protocol import BoundedHttp
from dashboard.receiver.app import create_app
from dashboard.receiver.webhook import PATH
from tests.support import forked_programs
from tests.support.forked_programs import Program
from tests.support.newest_schema import laid

SECRET = "whsec_of_the_tests"


def wait_until(condition: Callable[[], Any], *, seconds: float = 60) -> Any:
    """The condition's first true answer; fails when the limit is reached.

    What takes long is asked for less often: to ask is work too, on the machine that is waited for.
    """
    begun = time.monotonic()
    while (waited := time.monotonic() - begun) < seconds:
        if found := condition():
            return found
        time.sleep(min(max(0.02, waited / 10), 0.25))
    raise AssertionError(f"not within {seconds} s: {condition}")


#: Ports in no order, each given once. They lie below those that the system gives to whoever asks
#: for any: until a process listens where this test wants it, a hundred of those are given away.
#: `random`'s own dice would not do: each process of a shuffled run sets them to the same seed.
_ports = iter(random.SystemRandom().sample(range(20_000, 32_000), 12_000))


def free_port() -> int:
    """A port that nobody listens on."""
    for port in _ports:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


def event_body(number: int | str = 1, **changes: Any) -> bytes:
    """An event as Stripe writes it."""
    event = {
        "id": f"evt_{number}",
        "object": "event",
        "api_version": "2026-10-29.dahlia",
        "created": int(time.time()),
        "data": {"object": {"id": f"pi_{number}", "object": "payment_intent", "amount": 1234}},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": "payment_intent.succeeded",
    }
    return json.dumps(event | changes).encode()


def sign(body: bytes, *, secret: str = SECRET, at: int | None = None) -> dict[str, str]:
    """The header that Stripe sends with a body."""
    text = body.decode("utf-8")
    return {"Stripe-Signature": WebhookSignature.generate_signature_header(text, secret, at)}


def settings_for(var_dir: Path, url: str, **changes: Any) -> Settings:
    """Settings of a receiver that knows the test secret."""
    given: dict[str, Any] = {
        "var_dir": var_dir,
        "database_url": url,
        "stripe_webhook_secret": SECRET,
    }
    return Settings(_env_file=None, **(given | changes))


@contextmanager
def serving(
    settings: Settings, *, grace: int | None = None, most: int | None = None
) -> Iterator[httpx.Client]:
    """A receiver in a thread of this process, and a client for it; with a limit of connections.

    At its end it waits `grace` seconds for requests that are under way; without, for all of them.
    """
    prepare(laid(settings.database))
    config = uvicorn.Config(
        create_app(settings),
        port=0,
        http=BoundedHttp,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=grace,
        limit_concurrency=most,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(20)


def post(
    client: httpx.Client, body: bytes, headers: dict[str, str] | None = None
) -> httpx.Response:
    """Post a webhook, signed unless headers are given."""
    return client.post(PATH, content=body, headers=sign(body) if headers is None else headers)


def stored_ids(url: str) -> list[str]:
    """The ids of all events in the inbox, one for each row."""
    engine = open_engine(url)
    with reading(engine) as connection:
        found = list(connection.execute(select(events.c.stripe_id)).scalars())
    engine.dispose()
    return found


def environment(var_dir: Path, url: str, port: int) -> dict[str, str]:
    """What a receiver process is started with."""
    return os.environ | {
        "VAR_DIR": str(var_dir),
        "DATABASE_URL": url,
        "RECEIVER_PORT": str(port),
        "STRIPE_WEBHOOK_SECRET": SECRET,
    }


def start_process(module: list[str], env: dict[str, str], port: int) -> Program:
    """Start `python -m …` and wait until it listens on its port."""
    log = Path(env["VAR_DIR"]) / f"process{port}.log"
    process = forked_programs.start(module, env, log)

    def listens() -> bool:
        assert process.poll() is None, log.read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_until(listens, seconds=120)
    return process


def kill(process: Program | subprocess.Popen[bytes], how: signal.Signals = signal.SIGKILL) -> None:
    """End a process that this test started, and collect it."""
    process.send_signal(how)
    process.wait(60)
