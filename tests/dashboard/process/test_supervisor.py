"""The supervisor: starts in order, restarts what dies, leaves nothing running."""

import asyncio
import os
import signal
import socket
import time
from dataclasses import replace

import pytest

from core.errors import Misconfigured
from dashboard.process import ports, supervisor
from dashboard.process.supervisor import Service, Supervisor
from tests.support.receivers import free_port


def small(name, manner=""):
    port = free_port()
    return Service(name, (str(port), manner), port=port, module="tests.support.small_service")


class Said(list):
    def __call__(self, name, line):
        self.append((name, line))


async def until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_service_is_ready_when_start_returns_and_gone_after_stop():
    async def story():
        said, service = Said(), small("one")
        keeper = Supervisor(said)
        await keeper.start(service)
        assert ports.answers(service.port)
        pid = keeper.pid("one")
        await until(lambda: ("one", f"pid {pid}") in said)
        await keeper.stop()
        assert not ports.answers(service.port)
        assert not is_running(pid)

    asyncio.run(story())


def test_services_start_beside_each_other_and_one_that_cannot_is_the_error():
    async def story():
        said, one, two = Said(), small("one"), small("two")
        keeper = Supervisor(said)
        await keeper.start_all([one, two])
        assert ports.answers(one.port)
        assert ports.answers(two.port)
        with pytest.raises(Misconfigured, match="three ended with exit code 3"):
            await keeper.start_all([small("three", "broken"), small("four")])
        left = [keeper.pid(name) for name in ("one", "two", "four")]
        await keeper.stop()
        assert not any(is_running(pid) for pid in left if pid)

    asyncio.run(story())


def test_service_that_dies_starts_again():
    async def story():
        said, service = Said(), small("one")
        keeper = Supervisor(said)
        await keeper.start(service)
        for _ in range(2):
            pid = keeper.pid("one")
            os.kill(pid, signal.SIGKILL)
            await until(lambda pid=pid: keeper.pid("one") != pid and ports.answers(service.port))
        assert sum("starts again" in line for _, line in said) == 2
        await keeper.stop()
        assert not ports.answers(service.port)

    asyncio.run(story())


def test_service_that_started_again_is_told_what_the_first_one_was():
    async def story():
        told = []

        async def tell():
            told.append(ports.answers(service.port))

        service = replace(small("one"), on_restart=tell)
        keeper = Supervisor(Said())
        await keeper.start(service)
        assert told == []
        os.kill(keeper.pid("one"), signal.SIGKILL)
        await until(lambda: told)
        assert told == [True]
        await keeper.stop()

    asyncio.run(story())


def test_service_that_will_not_end_is_ended(monkeypatch):
    monkeypatch.setattr(supervisor, "_STOP_SECONDS", 0.5)

    async def story():
        keeper, service = Supervisor(Said()), small("one", "stubborn")
        await keeper.start(service)
        pid = keeper.pid("one")
        started = time.monotonic()
        await keeper.stop()
        assert time.monotonic() - started < 5
        await until(lambda: not is_running(pid))

    asyncio.run(story())


def test_service_that_cannot_start_is_named_with_its_exit_code():
    async def story():
        said = Said()
        keeper = Supervisor(said)
        with pytest.raises(Misconfigured, match="one ended with exit code 3"):
            await keeper.start(small("one", "broken"))
        await until(lambda: ("one", "this cannot work") in said)
        await keeper.stop()

    asyncio.run(story())


def test_line_that_is_too_long_does_not_silence_a_service():
    async def story():
        said = Said()
        keeper = Supervisor(said)
        await keeper.start(small("one", "talkative"))
        await until(lambda: ("one", "still here") in said)
        await keeper.stop()

    asyncio.run(story())


def test_run_gives_the_exit_code():
    async def story():
        keeper = Supervisor(Said())
        assert await keeper.run(small("one", "broken")) == 3
        await keeper.stop()

    asyncio.run(story())


def test_port_that_is_taken_is_named_with_its_setting():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(Misconfigured, match=f"port {port} is taken.*UI_PORT"):
            ports.refuse_taken({"RECEIVER_PORT": free_port(), "UI_PORT": port})


def test_two_settings_with_one_port_are_refused():
    port = free_port()
    with pytest.raises(Misconfigured, match=f"UI_PORT and RECEIVER_PORT are both {port};"):
        ports.refuse_taken({"UI_PORT": port, "RECEIVER_PORT": port})


def test_two_settings_with_one_port_are_named_though_another_program_has_it_too():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        wanted = {"UI_PORT": port, "RECEIVER_PORT": free_port(), "EMULATOR_PORT": port}
        with pytest.raises(Misconfigured, match=f"UI_PORT and EMULATOR_PORT are both {port};"):
            ports.refuse_taken(wanted)
