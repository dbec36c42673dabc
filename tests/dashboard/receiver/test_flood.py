"""Floods: oversized bodies cost no memory, malformed webhooks are never accepted."""

import asyncio
import random
import socket
import time
from contextlib import ExitStack

import pytest
from stripe import WebhookSignature

from benchmarks.load import closed_loop
from dashboard.asgi import http_protocol
from dashboard.receiver.webhook import PATH
from tests.support.newest_schema import laid
from tests.support.receivers import (
    SECRET,
    environment,
    event_body,
    free_port,
    kill,
    serving,
    settings_for,
    sign,
    start_process,
    stored_ids,
)

pytestmark = pytest.mark.long

MIB = 1 << 20


@pytest.fixture
def url(tmp_path):
    return laid(f"sqlite:///{tmp_path / 'inbox.db'}")


@pytest.fixture
def receiver(tmp_path, url, request):
    """The process and its port; a planted bug instead when the test asks for one."""
    bug = getattr(request, "param", None)
    module = ["tests.support.planted_receiver", bug] if bug else ["dashboard", "receiver"]
    port = free_port()
    process = start_process(module, environment(tmp_path, url, port), port)
    yield process, port
    kill(process)


def resident_mib(pid):
    """The process's peak of resident memory, in MiB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


async def send_large(port, size, all_but_last, *, declared):
    """POST a body of `size` MiB, declared by its length or in chunks; the answer's status.

    All bodies are under way at once: none ends before each lacks only its last piece.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    length = f"Content-Length: {size * MIB}" if declared else "Transfer-Encoding: chunked"
    writer.write(f"POST {PATH} HTTP/1.1\r\nHost: x\r\n{length}\r\n\r\n".encode())
    piece = b"x" * (MIB // 4)
    for number in range(size * 4):
        if number == size * 4 - 1:
            await all_but_last.wait()
        writer.write(piece if declared else b"%x\r\n%s\r\n" % (len(piece), piece))
        await writer.drain()
    if not declared:
        writer.write(b"0\r\n\r\n")
    status = int((await reader.readline()).split()[1])
    writer.close()
    await writer.wait_closed()
    return status


async def send_all(port, count, size):
    all_but_last = asyncio.Barrier(count)
    return await asyncio.gather(
        *(send_large(port, size, all_but_last, declared=n % 2 == 0) for n in range(count))
    )


def assert_large_bodies_cost_little(receiver, count, size):
    process, port = receiver
    before = resident_mib(process.pid)
    statuses = asyncio.run(send_all(port, count, size))
    assert set(statuses) == {413}
    assert resident_mib(process.pid) - before <= 50


def test_parallel_bodies_of_4_mib_are_413_and_cost_little(receiver, url):
    assert_large_bodies_cost_little(receiver, 40, 4)
    assert stored_ids(url) == []


@pytest.mark.parametrize("receiver", ["greedy"], indirect=True)
def test_receiver_that_reads_whole_bodies_is_caught(receiver):
    with pytest.raises(AssertionError):
        assert_large_bodies_cost_little(receiver, 40, 4)


@pytest.mark.torture
def test_100_parallel_bodies_of_50_mib_are_413_and_cost_little(receiver):
    assert_large_bodies_cost_little(receiver, 100, 50)


@pytest.mark.parametrize("start", [b"", b"GET /", b"GET / HTTP/1.1\r\nX: "])
def test_head_without_end_is_cut_off_and_costs_little(receiver, start):
    process, port = receiver
    before = resident_mib(process.pid)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(start)
        with pytest.raises(OSError):
            connection.sendall(b"x" * (64 << 20))
    assert resident_mib(process.pid) - before <= 5


def test_large_head_in_the_usual_form_is_431(receiver):
    with socket.create_connection(("127.0.0.1", receiver[1])) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 33_000)
        assert connection.recv(100).startswith(b"HTTP/1.1 431 ")


def test_silent_connection_is_closed(tmp_path, url, monkeypatch):
    monkeypatch.setattr(http_protocol, "FIRST_SECONDS", 0.3)
    with (
        serving(settings_for(tmp_path, url)) as client,
        socket.create_connection(("127.0.0.1", client.base_url.port), timeout=10) as silent,
    ):
        silent.sendall(b"GET / HT")
        assert silent.recv(1) == b""
        assert client.get("/healthz").status_code == 200


def test_a_later_head_that_is_slow_is_cut_off_too(tmp_path, url, monkeypatch):
    monkeypatch.setattr(http_protocol, "FIRST_SECONDS", 0.3)
    with (
        serving(settings_for(tmp_path, url)) as client,
        socket.create_connection(("127.0.0.1", client.base_url.port), timeout=10) as slow,
    ):
        slow.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = slow.recv(4096)
        assert answer.startswith(b"HTTP/1.1 200")
        slow.sendall(b"GET /healthz HT")
        assert slow.recv(1) == b""


HELD = {
    "silent": b"",
    "in the head": b"GET /healthz HTTP/1.1\r\nHo",
    "before the body": f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n".encode(),
    "kept alive": b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.mark.parametrize("held", HELD.values(), ids=HELD)
def test_connections_that_are_only_held_turn_no_webhook_away(tmp_path, url, held):
    """Sixty of them where twenty may be at once."""
    with serving(settings_for(tmp_path, url), most=20) as client, ExitStack() as open_:
        for _ in range(60):
            line = socket.create_connection(("127.0.0.1", client.base_url.port), timeout=10)
            open_.enter_context(line)
            line.sendall(held)
            if held.endswith(b"x\r\n\r\n"):
                line.recv(4096)
        body = event_body(1)
        assert client.post(PATH, content=body, headers=sign(body)).status_code == 200


def malformed(random_):
    """One request that must be refused: forged, expired, future, tampered or malformed."""
    now = int(time.time())
    body = event_body(f"refused{random_.randrange(10**9)}")
    at = now + random_.choice([-1, 1]) * random_.randrange(400, 10**9)
    good = WebhookSignature.generate_signature_header(body.decode(), SECRET)
    forged = WebhookSignature.generate_signature_header(body.decode(), "whsec_guess")
    wrong_time = WebhookSignature.generate_signature_header(body.decode(), SECRET, at)
    junk = bytes(random_.randrange(32, 256) for _ in range(random_.randrange(80)))
    cut = random_.randrange(len(body))
    tampered = body[:cut] + bytes([body[cut] ^ 1]) + body[cut + 1 :]
    nested = random_.choice([b"[]", b"null", b"[" * 5000, b"{}", b'"', b"\\ud800"])
    signed = WebhookSignature.generate_signature_header(nested.decode(), SECRET)
    header, body = random_.choice(
        [
            (forged.encode(), body),
            (wrong_time.encode(), body),
            (good.encode(), tampered),
            (good[: random_.randrange(len(good) - 1)].encode(), body),
            (junk, body),
            (junk, junk),
            (signed.encode(), nested),
        ]
    )
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\nStripe-Signature: "
    return head.encode() + header.replace(b"\x7f", b"") + b"\r\n\r\n" + body


def assert_none_is_accepted(receiver, url, count):
    seed = random.SystemRandom().randrange(2**32)
    random_ = random.Random(seed)
    requests = (malformed(random_) for _ in range(count))
    outcome = asyncio.run(closed_loop(receiver[1], requests, 16, 3600))
    assert len(outcome.statuses) == count
    assert set(outcome.statuses) == {400}, f"seed {seed}"
    assert stored_ids(url) == []


def test_malformed_webhooks_are_400_and_leave_nothing(receiver, url):
    assert_none_is_accepted(receiver, url, 3_000)


@pytest.mark.parametrize("receiver", ["trusting"], indirect=True)
def test_receiver_that_checks_no_time_is_caught(receiver, url):
    with pytest.raises(AssertionError):
        assert_none_is_accepted(receiver, url, 500)


@pytest.mark.torture
def test_100_000_malformed_webhooks_are_400_and_leave_nothing(receiver, url):
    assert_none_is_accepted(receiver, url, 100_000)
