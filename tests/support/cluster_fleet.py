"""Receivers and workers, each at a node of its own of a cluster, and events sent to them."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import httpx

from dashboard.receiver.webhook import PATH
from tests.support import forked_programs
from tests.support.forked_programs import Program
from tests.support.receivers import environment, free_port, sign

#: A pause between two deliveries of one client: the load lasts as long as the faults do.
PAUSE = 0.05
#: How long an event is sent again, as Stripe does for days.
PATIENCE = 300


@dataclass
class _Member:
    """A process, and how to start it anew."""

    arguments: list[str]
    environment: dict[str, str]
    process: Program


@dataclass
class Fleet:
    """A receiver and a worker at each of these databases; one that ends is started anew, as a
    service is. `ended` counts those that ended by themselves."""

    folder: Path
    urls: Sequence[str]
    stripe: str
    ports: list[int] = field(default_factory=list)
    ended: int = 0
    kills: int = 0

    def __post_init__(self) -> None:
        self._members: list[_Member] = []
        for slot, url in enumerate(self.urls):
            self.ports.append(free_port())
            given = environment(self.folder, url, self.ports[-1]) | {
                "STRIPE_TEST_SECRET_KEY": "sk_test_dummy",
                "STRIPE_API_BASE": self.stripe,
            }
            for arguments in (["receiver"], ["worker", "--slot", str(slot)]):
                self._members.append(_Member(arguments, given, self._started(arguments, given)))

    def _started(self, arguments: list[str], given: dict[str, str]) -> Program:
        return forked_programs.start(["dashboard", *arguments], given, self.folder / "fleet.log")

    def keep_up(self) -> None:
        """Start those anew that have ended."""
        for member in self._members:
            if member.process.poll() is not None:
                self.ended += 1
                member.process = self._started(member.arguments, member.environment)

    def kill_one(self, dice: Random) -> None:
        """End one by `kill -9`."""
        member = dice.choice(self._members)
        member.process.kill()
        member.process.wait()
        member.process = self._started(member.arguments, member.environment)
        self.kills += 1

    def stop(self) -> list[int]:
        """End all in order; their exit codes."""
        for member in self._members:
            member.process.send_signal(signal.SIGTERM)
        return [member.process.wait(60) for member in self._members]

    def said(self) -> str:
        """The end of what they said."""
        return (self.folder / "fleet.log").read_text(errors="replace")[-3000:]


class Senders(threading.Thread):
    """Four clients that deliver bodies to the receivers, each again and elsewhere until it is
    answered 200, as Stripe does. `answered` counts, `refusals` says what else was answered."""

    def __init__(self, ports: Sequence[int], bodies: Sequence[bytes], clients: int = 4) -> None:
        super().__init__(daemon=True)
        self._ports, self._bodies, self._clients = ports, list(bodies), clients
        self.answered = 0
        self.refusals: list[int] = []
        self.given_up: list[bytes] = []

    def run(self) -> None:
        clients = [
            threading.Thread(target=self._client, args=(number,)) for number in range(self._clients)
        ]
        for client in clients:
            client.start()
        for client in clients:
            client.join()

    def _client(self, number: int) -> None:
        with httpx.Client(timeout=20) as client:
            for place, body in enumerate(self._bodies[number :: self._clients]):
                if self._delivered(client, body, place):
                    self.answered += 1
                else:
                    self.given_up.append(body)
                time.sleep(PAUSE)

    def _delivered(self, client: httpx.Client, body: bytes, place: int) -> bool:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            port = self._ports[place % len(self._ports)]
            try:
                status = client.post(
                    f"http://127.0.0.1:{port}{PATH}", content=body, headers=sign(body)
                ).status_code
            except httpx.TransportError:
                status = 0
            if status == 200:
                return True
            self.refusals.append(status)
            place += 1
            time.sleep(PAUSE)
        return False


def size() -> int:
    """How many times larger than in a few minutes the torture of a cluster is: 20 is full size."""
    return int(os.environ.get("GALERA_SIZE", "1"))
