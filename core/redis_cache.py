"""The cache in Redis, which all processes and machines share."""

from __future__ import annotations

import logging

from redis import Redis
from redis.exceptions import RedisError

_log = logging.getLogger(__name__)

_SECONDS = 0.5


class RedisCache:
    """A cache that all processes and machines share."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(
            url,
            socket_timeout=_SECONDS,
            socket_connect_timeout=_SECONDS,
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


def answers(url: str) -> bool:
    """Whether a Redis answers at this address, and may be used with what it says."""
    try:
        with Redis.from_url(
            url, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS
        ) as connection:
            return bool(connection.ping())
    except (RedisError, ValueError):
        return False


def _named(key: str) -> str:
    return f"tillwatch:{key}"


def _unanswered(error: RedisError) -> None:
    _log.warning("Redis does not answer: %s", type(error).__name__)
