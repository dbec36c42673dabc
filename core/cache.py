"""Short-lived copies and counters: in this process, or in Redis where several share them.

A cache that does not answer is an empty one: nothing here is the only copy of anything.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from redis import Redis
from redis.exceptions import RedisError

_log = logging.getLogger(__name__)

#: How many entries a process keeps; the oldest go first.
MOST = 10_000
_REDIS_SECONDS = 0.5


class Cache(Protocol):
    """Text under a key for some seconds, and counters that start anew after some seconds."""

    def get(self, key: str) -> str | None:
        """What was put there and is not too old."""

    def put(self, key: str, value: str, seconds: int) -> None:
        """Keep a value for so many seconds."""

    def drop(self, key: str) -> None:
        """Forget a value."""

    def count(self, key: str, seconds: int) -> int:
        """Add one to a counter that lives for so many seconds from its first; what it is now."""


class ProcessCache:
    """A cache of this process alone; safe for several threads."""

    def __init__(self, tick: Callable[[], float] = time.monotonic, most: int = MOST) -> None:
        self._tick = tick
        self._most = most
        self._kept: OrderedDict[str, tuple[float, str]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> str | None:
        with self._lock:
            return self._living(key)

    def put(self, key: str, value: str, seconds: int) -> None:
        with self._lock:
            self._keep(key, self._tick() + seconds, value)

    def drop(self, key: str) -> None:
        with self._lock:
            self._kept.pop(key, None)

    def count(self, key: str, seconds: int) -> int:
        with self._lock:
            before = self._living(key)
            ends = self._kept[key][0] if before is not None else self._tick() + seconds
            now = int(before or "0") + 1
            self._keep(key, ends, str(now))
            return now

    def _living(self, key: str) -> str | None:
        ends, value = self._kept.get(key, (0.0, ""))
        if ends > self._tick():
            return value
        self._kept.pop(key, None)
        return None

    def _keep(self, key: str, ends: float, value: str) -> None:
        self._kept[key] = (ends, value)
        self._kept.move_to_end(key)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)


class RedisCache:
    """A cache that all processes and machines share."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(
            url,
            socket_timeout=_REDIS_SECONDS,
            socket_connect_timeout=_REDIS_SECONDS,
            decode_responses=True,
        )

    def get(self, key: str) -> str | None:
        try:
            found = self._redis.get(_named(key))
        except RedisError as error:
            _unanswered(error)
            return None
        return found if isinstance(found, str) else None

    def put(self, key: str, value: str, seconds: int) -> None:
        try:
            self._redis.set(_named(key), value, ex=seconds)
        except RedisError as error:
            _unanswered(error)

    def drop(self, key: str) -> None:
        try:
            self._redis.delete(_named(key))
        except RedisError as error:
            _unanswered(error)

    def count(self, key: str, seconds: int) -> int:
        try:
            with self._redis.pipeline() as pipe:
                pipe.set(_named(key), 0, ex=seconds, nx=True)
                pipe.incr(_named(key))
                return int(pipe.execute()[1])
        except RedisError as error:
            _unanswered(error)
            return 1


def open_cache(redis_url: str) -> Cache:
    """Redis where an address is given, else this process."""
    return RedisCache(redis_url) if redis_url else ProcessCache()


def _named(key: str) -> str:
    return f"tillwatch:{key}"


def _unanswered(error: RedisError) -> None:
    _log.warning("Redis does not answer: %s", type(error).__name__)
