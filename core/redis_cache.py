"""The cache in Redis, which all processes and machines share."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

_log = logging.getLogger(__name__)

#: What Redis may cost whoever asks it, all in all: its name, a connection, the answer.
SECONDS = 0.5
#: So long nobody asks a Redis that did not answer; then one does, and the others go on without.
REST_SECONDS = 10.0
_ASKERS = 8

T = TypeVar("T")


class RedisCache:
    """A cache that all processes and machines share."""

    def __init__(self, url: str, tick: Callable[[], float] = time.monotonic) -> None:
        self._redis = _client(url)
        self._circuit = _Circuit(tick)
        # The client's time-outs are for each step, and there is none for the name of the host: its
        # calls are made in threads, and what has not come by then is waited for no longer.
        self._askers = ThreadPoolExecutor(_ASKERS, "redis")

    def get(self, key: str) -> str | None:
        found = self._ask(lambda: self._redis.get(_named(key)), None)
        return found if isinstance(found, str) else None

    def put(self, key: str, value: str, seconds: int) -> None:
        self._ask(lambda: self._redis.set(_named(key), value, ex=seconds), None)

    def drop(self, key: str) -> None:
        self._ask(lambda: self._redis.delete(_named(key)), None)

    def count(self, key: str, seconds: int) -> int:
        def counted() -> int:
            with self._redis.pipeline() as pipe:
                pipe.set(_named(key), 0, ex=seconds, nx=True)
                pipe.incr(_named(key))
                return int(pipe.execute()[1])

        return self._ask(counted, 1)

    def _ask(self, question: Callable[[], T], otherwise: T) -> T:
        """The answer; `otherwise` when it does not come in time, or none is waited for now."""
        if not self._circuit.lets_through():
            return otherwise
        asked = self._askers.submit(question)
        try:
            answer = asked.result(SECONDS)
        except (RedisError, TimeoutError) as error:
            asked.cancel()
            self._circuit.break_for(type(error).__name__)
            # Others in the pool may be to a Redis that is gone without a word.
            self._redis.connection_pool.disconnect(inuse_connections=False)
            return otherwise
        self._circuit.close()
        return answer


class _Circuit:
    """Whether Redis is asked; safe for several threads."""

    def __init__(self, tick: Callable[[], float]) -> None:
        self._tick = tick
        self._lock = threading.Lock()
        self._rests_until: float | None = None

    def lets_through(self) -> bool:
        """Whether to ask now: of all that come once the rest is over, the first alone."""
        with self._lock:
            if self._rests_until is None:
                return True
            if self._tick() < self._rests_until:
                return False
            self._rests_until = self._tick() + REST_SECONDS
            return True

    def break_for(self, reason: str) -> None:
        """Nobody asks for a while."""
        with self._lock:
            is_new = self._rests_until is None
            self._rests_until = self._tick() + REST_SECONDS
        if is_new:
            _log.warning("Redis does not answer: %s; the cache is empty until it does", reason)

    def close(self) -> None:
        """Redis answered: everybody asks again."""
        with self._lock:
            was_open = self._rests_until is not None
            self._rests_until = None
        if was_open:
            _log.info("Redis answers again")


def answers(url: str) -> bool:
    """Whether a Redis answers at this address, and may be used with what it says."""
    try:
        with _client(url) as connection:
            return bool(connection.ping())
    except (RedisError, ValueError):
        return False


def _client(url: str) -> Redis:
    """A client that tries once: its own ten tries would make of one time-out eleven."""
    return Redis.from_url(
        url,
        socket_timeout=SECONDS,
        socket_connect_timeout=SECONDS,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )


def _named(key: str) -> str:
    return f"tillwatch:{key}"
