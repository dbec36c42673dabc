"""The cache: short-lived, counted, never the only copy; in the process, or in Redis."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from core.cache import ProcessCache, open_cache
from tests.support.receivers import free_port, wait_until


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


def test_a_redis_that_does_not_answer_is_an_empty_cache():
    away = open_cache(f"redis://127.0.0.1:{free_port()}/0")
    away.put("k", "v", 60)
    away.drop("k")
    assert away.get("k") is None
    assert away.count("c", 60) == 1


def test_values_and_counters_end():
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
