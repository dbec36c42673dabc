"""Faults that a test orders: errors, resets, delays, lost replies, rate limits, saved 500s."""

from __future__ import annotations

import fnmatch
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.emulator.state.errors import ApiError, refused
from core.emulator.state.ids import Ids

KINDS = ("error", "reset", "delay", "lost_reply", "rate_limit", "lock_timeout", "saved_500")
#: The values of `Stripe-Rate-Limited-Reason` (docs.stripe.com/rate-limits).
REASONS = (
    "global-rate",
    "endpoint-rate",
    "global-concurrency",
    "endpoint-concurrency",
    "resource-specific",
)


def _number(value: Any, least: float, most: float) -> bool:
    return type(value) in (int, float) and least <= value <= most


def _text(value: Any) -> bool:
    return value is None or isinstance(value, str)


#: Checked at the order, for a bad one would break every request after it.
_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "count": (lambda v: v is None or (type(v) is int and v > 0), "null or a positive whole number"),
    "method": (_text, "null or a string"),
    "path": (_text, "null or a string"),
    "status": (lambda v: type(v) is int and 400 <= v <= 599, "a whole number from 400 to 599"),
    "seconds": (lambda v: _number(v, 0, 600), "a number from 0 to 600"),
    "probability": (lambda v: _number(v, 0, 1), "a number from 0 to 1"),
    "reason": (lambda v: v in REASONS, f"one of {', '.join(REASONS)}"),
    "permission": (_text, "null or a string"),
}


@dataclass
class Fault:
    """One order. `count` None means until removed; `path` may hold `*`."""

    kind: str
    count: int | None
    method: str | None
    path: str | None
    status: int
    seconds: float
    probability: float
    reason: str
    permission: str | None

    def fits(self, method: str, path: str) -> bool:
        if self.count == 0 or (self.method and self.method != method):
            return False
        return self.path is None or fnmatch.fnmatchcase(path, self.path)


class Faults:
    """The orders that stand, taken one by one."""

    def __init__(self, seed: int) -> None:
        self._ids = Ids(seed)
        self._orders: list[Fault] = []
        self._lock = threading.Lock()

    def order(self, data: dict[str, Any]) -> None:
        """Add one: `{"kind", "count"=1, "method", "path", "status", "seconds", "probability"}`.

        `reason` is why a `rate_limit` says it limits; `permission` the right (`rak_…`) that an
        `error` says a restricted key lacks.
        """
        if data.get("kind") not in KINDS:
            raise refused(f"kind must be one of {', '.join(KINDS)}", "kind")
        for name in data.keys() - {"kind", *_RULES}:
            raise refused(f"Received unknown parameter: {name}", name, "parameter_unknown")
        for name, (fits, rule) in _RULES.items():
            if name in data and not fits(data[name]):
                raise refused(f"{name} must be {rule}", name)
        fault = Fault(
            kind=data["kind"],
            count=data.get("count", 1),
            method=data.get("method"),
            path=data.get("path"),
            status=data.get("status", 500),
            seconds=data.get("seconds", 1),
            probability=data.get("probability", 1),
            reason=data.get("reason", REASONS[0]),
            permission=data.get("permission"),
        )
        with self._lock:
            self._orders.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._orders.clear()

    def take(self, method: str, path: str) -> list[Fault]:
        """The faults that hit this request: all fitting delays, and the first of the others."""
        hits: list[Fault] = []
        with self._lock:
            for fault in self._orders:
                if not fault.fits(method, path):
                    continue
                if fault.kind != "delay" and any(hit.kind != "delay" for hit in hits):
                    continue
                if self._ids.chance().random() >= fault.probability:
                    continue
                if fault.count is not None:
                    fault.count -= 1
                hits.append(fault)
            self._orders = [fault for fault in self._orders if fault.count != 0]
        return hits

    def pending(self) -> list[dict[str, Any]]:
        with self._lock:
            return [vars(fault) for fault in self._orders]


def injected_error(status: int, permission: str | None = None) -> ApiError:
    """What an ordered error says."""
    if permission:
        return ApiError(
            "The provided key 'rk_test_***********emul' does not have the required permissions for"
            f" this endpoint on account 'acct_emulator'. Having the '{permission}' permission would"
            " allow this request to continue.",
            status=status,
            type="invalid_request_error",
            executed=False,
        )
    if status == 429:
        return limited(REASONS[0])
    kind = "api_error" if status >= 500 else "invalid_request_error"
    return ApiError(
        "An unknown error occurred (ordered at the emulator).",
        status=status,
        type=kind,
        executed=False,
    )


def limited(reason: str) -> ApiError:
    """The refusal of a rate or concurrency limiter, which names itself in a header."""
    return ApiError(
        "Request rate limit exceeded. You can learn more about rate limits here"
        " https://stripe.com/docs/rate-limits.",
        status=429,
        code="rate_limit",
        executed=False,
        headers={"Stripe-Rate-Limited-Reason": reason},
    )


def locked() -> ApiError:
    """Another request held the object's lock: also 429, but no limiter's header."""
    return ApiError(
        "This object cannot be accessed right now because another API request or Stripe process is"
        " currently accessing it. If you see this error intermittently, retry the request. If you"
        " see this error frequently and are making multiple concurrent requests to a single object,"
        " make your requests serially or at a lower rate.",
        status=429,
        code="lock_timeout",
        executed=False,
    )


def refusal_of(fault: Fault) -> ApiError | None:
    """What a fault answers instead of the endpoint; None for one that lets it run."""
    if fault.kind == "rate_limit":
        return limited(fault.reason)
    if fault.kind == "lock_timeout":
        return locked()
    return injected_error(fault.status, fault.permission) if fault.kind == "error" else None
