"""Short-lived copies and counters: in this process, or in Redis where several share them.

A cache that does not answer is an empty one: nothing here is the only copy of anything.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from core.errors import Misconfigured

#: How many entries a process keeps; the oldest go first.
MOST = 10_000


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


def open_cache(redis_url: str) -> Cache:
    """Redis where an address is given, else this process."""
    if not redis_url:
        return ProcessCache()
    # Its client takes 5 MiB, which a process without Redis need not have.
    from core.redis_cache import RedisCache

    try:
        return RedisCache(redis_url)
    except ValueError:
        raise Misconfigured("REDIS_URL is not redis://HOST:PORT/NUMBER or rediss://…") from None
