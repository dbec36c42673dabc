"""Balance transactions that Stripe lists later than their `created`, on order.

Rows of payouts never wait: what they took would be paid out once more meanwhile.
"""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass
from typing import Any

from core.emulator.state.errors import refused

_PAYOUT = "payout"


@dataclass
class LateRow:
    """One order: the next `count` rows that fit wait so many seconds; None means until cleared."""

    seconds: int
    type: str | None
    reporting_category: str | None
    count: int | None


class LateRows:
    """The orders that stand, taken one by one."""

    def __init__(self) -> None:
        self._orders: list[LateRow] = []
        self._lock = threading.Lock()

    def order(self, body: dict[str, Any]) -> None:
        """Add one: `{"seconds", "type"?, "reporting_category"?, "count"=1}`."""
        for name in body.keys() - {"seconds", "type", "reporting_category", "count"}:
            raise refused(f"Received unknown parameter: {name}", name, "parameter_unknown")
        seconds, count = body.get("seconds"), body.get("count", 1)
        if type(seconds) is not int or seconds < 1:
            raise refused("seconds must be a positive whole number", "seconds")
        if not (count is None or (type(count) is int and count > 0)):
            raise refused("count must be null or a positive whole number", "count")
        for name in ("type", "reporting_category"):
            if not isinstance(body.get(name), str | None):
                raise refused(f"{name} must be null or a string", name)
        if str(body.get("type")).startswith(_PAYOUT):
            raise refused("Rows of payouts cannot be late.", "type")
        made = LateRow(seconds, body.get("type"), body.get("reporting_category"), count)
        with self._lock:
            self._orders.append(made)

    def clear(self) -> None:
        with self._lock:
            self._orders.clear()

    def take(self, kind: str, category: str) -> int:
        """How many seconds a row that is written now waits before it is listed; 0 mostly."""
        if not self._orders or kind.startswith(_PAYOUT):
            return 0
        with self._lock:
            for order in self._orders:
                if order.type in (None, kind) and order.reporting_category in (None, category):
                    if order.count is not None:
                        order.count -= 1
                    self._orders = [other for other in self._orders if other.count != 0]
                    return order.seconds
        return 0

    def pending(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(order) for order in self._orders]
