"""A budget per endpoint, well under Stripe's own limits."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable

#: Stripe allows 25 requests a second for each endpoint by default.
REQUESTS_PER_SECOND = 20.0
#: How many calls an idle endpoint may take at once; with the rate they stay under 25 a second.
BURST = 4

#: By their prefixes: `payment_intents` itself would pass for an id.
_ID = re.compile(
    r"/(?:pi|ch|py|pyr|re|dp|du|po|issfr|prv|cus|txn|evt|pm|cs|we|in|file|acct)_\w+(?=/|$)"
)


class Budget:
    """Spaces calls to one endpoint so that at most `rate` a second are made."""

    def __init__(
        self,
        rate: float = REQUESTS_PER_SECOND,
        *,
        tick: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gap = 1.0 / rate
        self._tick = tick
        self._sleep = sleep
        self._lock = threading.Lock()
        self._free_at: dict[str, float] = {}

    def spend(self, method: str, path: str) -> float:
        """Wait until the endpoint may be called; the seconds waited."""
        key = endpoint(method, path)
        with self._lock:
            now = self._tick()
            start = max(self._free_at.get(key, 0.0), now - BURST * self._gap)
            self._free_at[key] = start + self._gap
            wait = max(0.0, start - now)
        if wait:
            self._sleep(wait)
        return wait


def endpoint(method: str, path: str) -> str:
    """The endpoint that a path belongs to: ids are taken out."""
    return f"{method.upper()} {_ID.sub('/:id', path)}"
