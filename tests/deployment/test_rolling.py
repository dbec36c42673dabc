"""Receivers and workers restarted one after another under load lose nothing and double nothing."""

from __future__ import annotations

import json
import signal
import socket
import threading
from collections import Counter
from contextlib import ExitStack
from random import Random, SystemRandom

import httpx
import pytest
from sqlalchemy import func, select

from core.db.engine import reading
from core.db.tables import events, stale_objects
from core.emulator.server import start_emulator
from core.mirror.ledger_walk import catch_up
from core.mirror.rollups import differences
from dashboard.receiver.webhook import PATH
from tests.support import forked_programs, proxies
from tests.support.account_mirror import connect, kept_sums, picture, stripe_sums
from tests.support.proxies import Site
from tests.support.receivers import (
    environment,
    event_body,
    free_port,
    kill,
    post,
    sign,
    start_process,
    stored_ids,
    wait_until,
)

pytestmark = pytest.mark.long
RECEIVERS, WORKERS, CLIENTS = 2, 3, 4
#: uvicorn, when all is done, lets the signal that it held back end the process; a worker exits.
ENDED = {-signal.SIGTERM, 0}


class Fleet:
    """Receivers and workers over one database, each of which can be restarted alone."""

    def __init__(self, folder, url, stripe, ports):
        self.folder, self.url, self.stripe, self.ports = folder, url, stripe, ports
        self.log = folder / "workers.log"
        self.codes = []
        self.receivers = [self._receiver(port) for port in ports]
        self.workers = [self._worker(slot) for slot in range(WORKERS)]

    def _environment(self, port):
        stripe = {"STRIPE_TEST_SECRET_KEY": "sk_test_dummy", "STRIPE_API_BASE": self.stripe}
        return environment(self.folder, self.url, port) | stripe

    def _receiver(self, port):
        return start_process(["dashboard", "receiver"], self._environment(port), port)

    def _worker(self, slot):
        command = ["dashboard", "worker", "--slot", str(slot)]
        return forked_programs.start(command, self._environment(self.ports[0]), self.log)

    def _ended(self, process):
        kill(process, signal.SIGTERM)
        self.codes.append(process.returncode)

    def restart_receiver(self, number):
        self._ended(self.receivers[number])
        self.receivers[number] = self._receiver(self.ports[number])

    def restart_worker(self, slot):
        self._ended(self.workers[slot])
        self.workers[slot] = self._worker(slot)

    def stop(self):
        for process in (*self.receivers, *self.workers):
            process.send_signal(signal.SIGTERM)
        for process in (*self.receivers, *self.workers):
            self._ended(process)


class Load(threading.Thread):
    """Posts deliveries over TLS through the proxy; what each was answered in the end.

    `again`: one that is answered 5xx is sent again, as Stripe does.
    """

    def __init__(self, site, deliveries, again):
        super().__init__(daemon=True)
        self.site, self.left, self.answers = site, list(deliveries), []
        self.again = again

    def run(self):
        clients = [threading.Thread(target=self._client) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()

    def _client(self):
        with httpx.Client(base_url=self.site.base, verify=self.site.trust, timeout=120) as client:
            while self.left:
                try:
                    body = self.left.pop()
                except IndexError:
                    return
                answer = client.post(PATH, content=body, headers=sign(body))
                while self.again and answer.status_code >= 500:
                    answer = client.post(PATH, content=body, headers=sign(body))
                self.answers.append(answer.status_code)


def restart_all(fleet, load, rounds):
    """Restart each process while deliveries are answered: between two, some more are."""
    turns = [
        *((fleet.restart_receiver, number) for number in range(RECEIVERS)),
        *((fleet.restart_worker, slot) for slot in range(WORKERS)),
    ] * rounds
    share = len(load.left) // (len(turns) + 1)
    for turn, (restart, number) in enumerate(turns):
        wait_until(lambda turn=turn: len(load.answers) >= turn * share, seconds=300)
        restart(number)


def at_rest(engine, total):
    with reading(engine) as connection:
        waiting = select(func.count()).where(events.c.state.in_(["pending", "dead"]))
        kept = select(func.count()).select_from(events)
        stale = select(func.count()).select_from(stale_objects)
        return [connection.scalar(query) for query in (kept, waiting, stale)] == [total, 0, 0]


def roll(proxy, url, folder, *, payments, copies, rounds):
    seed = SystemRandom().randrange(10**6)
    with (
        start_emulator(state_path=folder / "emulator.db", seed=31) as emulator,
        ExitStack() as ends,
    ):
        emulator.traffic(payments, seed=seed)
        emulator.settle()
        # From here on nothing happens at Stripe, so that every comparison is with one state.
        emulator.background.stop()
        spine = connect(emulator, url)
        every = spine.events()
        deliveries = [json.dumps(event).encode() for event in every for _ in range(copies)]
        Random(seed).shuffle(deliveries)
        ports = [free_port() for _ in range(RECEIVERS)]
        site = Site(folder, free_port(), free_port(), free_port(), ports)
        site.make_certificate()
        ends.enter_context(proxies.running(proxy, site))
        fleet = Fleet(folder, url, emulator.base_url, ports)
        ends.callback(fleet.stop)
        load = Load(site, deliveries, again=proxy == "caddy")
        load.start()
        restart_all(fleet, load, rounds)
        load.join()
        wait_until(lambda: at_rest(spine.engine, len(every)), seconds=300)
        ends.close()
        assert Counter(load.answers) == {200: len(deliveries)}, f"seed {seed}"
        assert set(fleet.codes) == ENDED
        assert sorted(stored_ids(url)) == sorted(event["id"] for event in every)
        catch_up(spine.engine, spine.gateway, spine.books)
        true = connect(emulator, f"sqlite:///{folder}/true.db")
        true.sync()
        assert picture(spine.engine) == picture(true.engine), f"seed {seed}"
        assert differences(spine.engine) == []
        assert kept_sums(spine.engine) == stripe_sums(spine.ledger_at_stripe())


@pytest.mark.torture
def test_a_rolling_restart_loses_and_doubles_nothing(database_url, tmp_path):
    roll("nginx", database_url, tmp_path, payments=40, copies=2, rounds=1)


@pytest.mark.torture
@pytest.mark.parametrize("proxy", ["nginx", "caddy"])
def test_many_rolling_restarts(proxy, database_url, tmp_path):
    roll(proxy, database_url, tmp_path, payments=3000, copies=4, rounds=4)


@pytest.fixture
def receiver(tmp_path):
    url, port = f"sqlite:///{tmp_path / 'tillwatch.db'}", free_port()
    process = start_process(["dashboard", "receiver"], environment(tmp_path, url, port), port)
    yield process, port, url
    if process.poll() is None:
        kill(process)


def test_a_request_under_way_is_answered_before_the_end(receiver):
    process, port, url = receiver
    body = event_body("late")
    head = f"POST {PATH} HTTP/1.1\r\nHost: here\r\nContent-Length: {len(body)}\r\n"
    signed = "".join(f"{name}: {value}\r\n" for name, value in sign(body).items())
    with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
        line.sendall(f"{head}{signed}\r\n".encode() + body[:40])
        # It has the head of the request when it answers another one that came later.
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            assert post(client, event_body("early")).status_code == 200
        process.send_signal(signal.SIGTERM)
        wait_until(lambda: refuses(port))
        assert process.poll() is None
        line.sendall(body[40:])
        answer = line.recv(4096)
    assert answer.startswith(b"HTTP/1.1 200")
    assert process.wait(60) in ENDED
    assert sorted(stored_ids(url)) == ["evt_early", "evt_late"]


def refuses(port):
    """Whether new connections are turned away."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
