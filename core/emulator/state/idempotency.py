"""Idempotency keys: the first answer to a key is every later answer, for 24 hours."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from core.emulator.state.errors import ApiError
from core.emulator.state.store import Store

_LIFETIME_S = 86_400
_MAX_KEY = 255


@dataclass(frozen=True, slots=True)
class Saved:
    """A kept answer."""

    status: int
    body: bytes
    request_id: str


class Keys:
    """The kept answers, and the keys whose first request is still running."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._running: set[str] = set()

    def begin(self, key: str, endpoint: str, encoded: str, now: int) -> Saved | None:
        """The kept answer, or None: then the request runs, until `end`."""
        if len(key) > _MAX_KEY:
            raise ApiError(
                f"Idempotency keys must be at most {_MAX_KEY} characters long.", executed=False
            )
        if key in self._running:
            raise ApiError(
                "There is currently another in-progress request using this Idempotent Key (that"
                " probably means you submitted twice, and the other request is still going"
                f" through): {key}. Please try again later.",
                status=409,
                code="idempotency_key_in_use",
                executed=False,
            )
        with self._store.lock:
            row = self._store.db.execute(
                "SELECT endpoint, params, status, body, request_id, created FROM idempotency"
                " WHERE key = ?",
                (key,),
            ).fetchone()
        if row is None or row[5] < now - _LIFETIME_S:
            self._running.add(key)
            return None
        if row[0] != endpoint:
            raise _mismatch(
                f"Keys for idempotent requests can only be used for the same endpoint they were"
                f" first used for ('{row[0]}' vs '{endpoint}'). Try using a key other than '{key}'"
                " if you meant to execute a different request."
            )
        if row[1] != _digest(encoded):
            raise _mismatch(
                "Keys for idempotent requests can only be used with the same parameters they were"
                f" first used with. Try using a key other than '{key}' if you meant to execute a"
                " different request."
            )
        return Saved(row[2], row[3], row[4])

    def save(self, key: str, endpoint: str, encoded: str, answer: Saved, now: int) -> None:
        """Keep an answer, in the transaction that is open."""
        self._store.db.execute(
            "INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?, ?, ?, ?)",
            (key, endpoint, _digest(encoded), answer.status, answer.body, answer.request_id, now),
        )

    def end(self, key: str) -> None:
        self._running.discard(key)

    def prune(self, now: int) -> None:
        """Forget what is older than a day."""
        self._store.db.execute("DELETE FROM idempotency WHERE created < ?", (now - _LIFETIME_S,))


def _digest(encoded: str) -> str:
    return hashlib.sha256(encoded.encode("utf-8", "surrogateescape")).hexdigest()


def _mismatch(message: str) -> ApiError:
    return ApiError(message, type="idempotency_error", executed=False)
