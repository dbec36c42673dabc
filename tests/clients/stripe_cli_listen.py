"""`stripe listen`, `events resend` and `logs tail` against the emulator, by the real program."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import stripe

from core.emulator.server import RunningEmulator
from tests.clients.harness import (
    KEY,
    SKIPPED,
    Row,
    Skipped,
    emulator,
    folder,
    npm_install,
    report,
    run,
)
from tests.clients.stripe_cli_trigger import CLI
from tests.support.emulator_clients import Receiver, client_of, pay, receiver

_SECONDS = 30


@contextmanager
def _running(home: Path, words: list[str]) -> Iterator[Path]:
    """A CLI that runs until the end of the block; the file of its output."""
    log = home / f"{words[1]}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            words,
            cwd=home,
            env={
                **os.environ,
                "HOME": str(home),
                "STRIPE_API_KEY": KEY,
                "STRIPE_CLI_TELEMETRY_OPTOUT": "1",
            },
            stdout=out,
            stderr=out,
        )
        try:
            yield log
        finally:
            process.terminate()
            process.wait(10)


def _until(true: Callable[[], bool]) -> bool:
    end = time.monotonic() + _SECONDS
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def _listens(running: RunningEmulator, home: Path, cli: str) -> Iterator[Row]:
    with receiver(running.engine.cli.secret) as ours, receiver() as thin:
        words = [cli, "listen", "--api-base", running.base_url, "--all-snapshot", "--all-thin"]
        words += ["--forward-to", ours.url, "--forward-thin-to", thin.url]
        with _running(home, words) as log:
            if not _until(lambda: "Ready!" in log.read_text()):
                yield Row("listen: session", log.read_text()[-300:])
                return
            yield Row("listen: session")
            yield from _forwards(running, ours, thin, home, cli)


def _forwards(
    running: RunningEmulator, ours: Receiver, thin: Receiver, home: Path, cli: str
) -> Iterator[Row]:
    paid = pay(client_of(running))

    def kinds() -> list[str]:
        return [event.type for event in ours.events()]

    if _until(lambda: "payment_intent.succeeded" in kinds()):
        yield Row("listen: signed snapshot events")
    else:
        yield Row("listen: signed snapshot events", f"came: {kinds()}")
        return
    came = _until(lambda: any(b"v1.payment_intent.succeeded" in body for body, _ in thin.bodies))
    yield Row("listen: thin events", "" if came else f"{len(thin.bodies)} came")
    answered = _until(lambda: any(a["status"] == 200 for a in running.engine.cli.answers))
    yield Row("listen: answers are kept", "" if answered else "none")
    [event] = [e for e in ours.events() if e.type == "payment_intent.succeeded"]
    assert event.data.object["id"] == paid.id
    before = len(ours.bodies)
    words = [cli, "events", "resend", event.id, "--api-base", running.base_url]
    run(words, home, STRIPE_API_KEY=KEY)
    again = _until(lambda: len(ours.bodies) > before)
    same = again and ours.events()[-1].id == event.id
    yield Row("events resend", "" if same else "did not come again")


def _tails(running: RunningEmulator, home: Path, cli: str) -> Iterator[Row]:
    words = [cli, "logs", "tail", "--api-base", running.base_url, "--filter-http-method", "POST"]
    with _running(home, words) as log:
        if not _until(lambda: "Ready!" in log.read_text()):
            yield Row("logs tail", log.read_text()[-300:])
            return
        client = client_of(running)
        client.v1.balance.retrieve()
        with suppress(stripe.CardError):
            pay(client, "pm_card_visa_chargeDeclined")
        told = _until(lambda: "/v1/payment_intents" in log.read_text())
        quiet = "/v1/balance" not in log.read_text()
        yield Row("logs tail", "" if told and quiet else log.read_text()[-300:])


def main() -> int:
    try:
        with folder() as home, emulator() as running:
            npm_install(home, CLI)
            cli = str(home / "node_modules" / ".bin" / "stripe")
            rows = [*_listens(running, home, cli), *_tails(running, home, cli)]
            return report(f"stripe listen ({CLI})", rows)
    except Skipped as missing:
        print(f"== stripe listen: skipped, {missing}")
        return SKIPPED


if __name__ == "__main__":
    sys.exit(main())
