"""The cache: short-lived, counted, never the only copy; in the process, or in Redis.

A Redis that is lost or slow costs one time-out, and then nothing until it answers again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time

import pytest

from core.cache import ProcessCache, open_cache
from core.redis_cache import REST_SECONDS, SECONDS, RedisCache, answers
from tests.support.faulty_line import Fault, FaultyLine
from tests.support.receivers import free_port, wait_until

#: What this machine may add to a time-out when others work on it.
SLACK = 0.4
BROKEN = [fault for fault in Fault if fault is not Fault.NONE]


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory):
    server = shutil.which("redis-server")
    if server is None:
        if os.environ.get("CI") == "true":
            pytest.fail("redis-server is not installed; with CI=true it must be", pytrace=False)
        pytest.skip("redis-server is not installed")
    folder, port = tmp_path_factory.mktemp("redis"), free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen([server, *options], stdout=subprocess.DEVNULL)
    url = f"redis://127.0.0.1:{port}/0"
    try:
        wait_until(lambda: _answers(url))
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _answers(url):
    cache = open_cache(url)
    cache.put("probe", "1", 5)
    return cache.get("probe") == "1"


@pytest.fixture(params=["process", "redis"])
def cache(request):
    if request.param == "process":
        return open_cache("")
    return open_cache(request.getfixturevalue("redis_url"))


def test_what_is_put_is_got_until_it_is_dropped(cache):
    assert cache.get("k") is None
    cache.put("k", "值", 60)
    assert cache.get("k") == "值"
    cache.drop("k")
    assert cache.get("k") is None
    cache.drop("k")


def test_a_counter_counts_and_reads_as_text(cache):
    assert [cache.count("c", 60) for _ in range(3)] == [1, 2, 3]
    assert cache.get("c") == "3"
    assert cache.count("other", 60) == 1


def test_replicas_share_redis(redis_url):
    one, other = open_cache(redis_url), open_cache(redis_url)
    one.put("shared", "1", 60)
    assert other.get("shared") == "1"
    assert [one.count("both", 60), other.count("both", 60)] == [1, 2]


def test_values_and_counters_end(cache):
    cache.put("short", "v", 1)
    cache.count("few", 1)
    cache.put("long", "v", 60)
    wait_until(lambda: cache.get("short") is None)
    wait_until(lambda: cache.count("few", 1) == 1)
    assert cache.get("long") == "v"


def test_a_counter_ends_so_long_after_its_first():
    now = [0.0]
    cache = ProcessCache(tick=lambda: now[0])
    cache.put("k", "v", 10)
    assert [cache.count("c", 10), cache.count("c", 10)] == [1, 2]
    now[0] = 9.9
    assert cache.get("k") == "v"
    now[0] = 10.0
    assert cache.get("k") is None
    assert cache.count("c", 10) == 1


def test_the_oldest_goes_first():
    cache = ProcessCache(most=2)
    for key in ("a", "b", "c"):
        cache.put(key, key, 60)
    assert [cache.get(key) for key in ("a", "b", "c")] == [None, "b", "c"]


class Clock:
    """A clock that stands still until it is moved on."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def line(redis_url):
    with FaultyLine(int(redis_url.split(":")[-1].split("/")[0])).running() as running:
        yield running


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def behind(line, clock):
    """A cache whose Redis is behind the line; its connection is made."""
    cache = RedisCache(f"redis://127.0.0.1:{line.port}/0", clock)
    cache.put("kept", "v", 60)
    assert cache.get("kept") == "v"
    return cache


def seconds_of(work):
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def used(cache):
    """Every way to use a cache that has nothing to say."""
    assert cache.get("kept") is None
    cache.put("other", "v", 60)
    cache.drop("other")
    assert cache.count("c", 60) == 1


@pytest.mark.parametrize("fault", BROKEN)
def test_a_lost_redis_costs_one_time_out_and_is_an_empty_cache(line, behind, fault):
    line.set(fault)
    assert seconds_of(lambda: used(behind)) < SECONDS + SLACK
    before = line.asked
    assert seconds_of(lambda: [used(behind) for _ in range(50)]) < SLACK
    assert line.asked == before, "it was asked again at once"


@pytest.mark.parametrize("fault", BROKEN)
def test_a_redis_that_is_back_is_used_again(line, behind, clock, fault):
    line.set(fault)
    behind.get("kept")
    clock.now = REST_SECONDS - 0.1
    line.set(Fault.NONE)
    assert behind.get("kept") is None
    clock.now = REST_SECONDS
    assert behind.get("kept") == "v"
    assert [behind.count("n", 60), behind.count("n", 60)] == [1, 2]
    behind.drop("n")


def test_a_new_redis_behind_connections_that_are_dead_costs_one_time_out(line, behind, clock):
    """Each connection of the pool would cost another one."""
    line.pause = 0.05
    line.set(Fault.SLOW)
    together(4, lambda: behind.get("kept"))
    line.set(Fault.HALF_OPEN)
    assert seconds_of(lambda: behind.get("kept")) < SECONDS + SLACK
    clock.now = REST_SECONDS
    assert behind.get("kept") == "v"
    line.set(Fault.SLOW)
    assert max(together(4, lambda: behind.get("kept"))) < SECONDS
    assert behind.get("kept") == "v"


def test_of_many_that_come_while_it_is_away_one_asks(line, behind, clock):
    line.set(Fault.HANGING)
    assert seconds_of(lambda: together(24, lambda: behind.get("kept"))) < SECONDS + SLACK
    for _ in range(2):
        clock.now += REST_SECONDS
        took = sorted(together(24, lambda: behind.get("kept")))
        assert took[-1] < SECONDS + SLACK
        assert took[-2] < SLACK, "more than one waited"


def test_a_name_that_is_not_told_costs_one_time_out(monkeypatch):
    told = threading.Event()
    monkeypatch.setattr("socket.getaddrinfo", lambda *_args, **_named: told.wait(30) and [])
    cache = open_cache("redis://redis.invalid:6379/0")
    assert seconds_of(lambda: used(cache)) < SECONDS + SLACK
    told.set()


@pytest.mark.parametrize("fault", [Fault.HANGING, Fault.CUT, Fault.REFUSED])
def test_the_check_of_a_lost_redis_costs_one_time_out(line, fault):
    url = f"redis://127.0.0.1:{line.port}/0"
    assert answers(url)
    line.set(fault)
    assert seconds_of(lambda: answers(url)) < SECONDS + SLACK
    assert not answers(url)


def together(many, work):
    """Do it in so many threads at once; the seconds of each."""
    took = []
    threads = [threading.Thread(target=lambda: took.append(seconds_of(work))) for _ in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took
