"""Where a refund can be cut off: each place raises, as if the process were gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from core.actions import refund_approvals, refund_records, refunds, sending
from core.gateway.client import Gateway


class Killed(BaseException):
    """The process ended here: nothing that catches errors by name sees it."""


def killed(*_args: Any, **_named: Any) -> Any:
    raise Killed


def after(work: Callable[..., Any]) -> Callable[..., Any]:
    """Do the work, then end."""

    def done_then_killed(*args: Any, **named: Any) -> Any:
        work(*args, **named)
        raise Killed

    return done_then_killed


def _reply_lost(patch: pytest.MonkeyPatch) -> None:
    """Stripe acts, its answer is lost, and the process ends before the second try."""
    once = Gateway._once

    def first_only(self: Gateway, method: str, path: str, params: Any) -> Any:
        answer = once(self, method, path, params)
        if method == "post":
            raise Killed
        return answer

    patch.setattr(Gateway, "_once", first_only)


def _at(*places: tuple[Any, str], then: bool = False) -> Callable[[pytest.MonkeyPatch], None]:
    """End where these functions begin, or where they have done their work."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        for module, name in places:
            patch.setattr(module, name, after(getattr(module, name)) if then else killed)

    return plant


_BEGIN = ((refunds, "begin"), (refund_approvals, "begin"))
#: Each place, in the order in which a refund passes them.
PLACES: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "before the first transaction": _at((refunds, "_write_down"), (refund_approvals, "_approve")),
    "in it, before the operation": _at(*_BEGIN),
    "in it, after the operation": _at(*_BEGIN, then=True),
    "after it": _at((refund_records, "send")),
    "before the call": _at((Gateway, "post")),
    "during the call": _reply_lost,
    "after the call": _at((sending, "record")),
    "in the second, before the mirror": _at((sending, "apply")),
    "in the second, after the mirror": _at((sending, "apply"), then=True),
    "in the second, before its end": _at((sending, "_audit")),
    "after the second": _at((refund_records, "send"), then=True),
}
#: Places that a refund passes once Stripe has acted.
ACTED = tuple(PLACES)[5:]
#: Places before which nothing stays written.
UNWRITTEN = tuple(PLACES)[:3]


@contextmanager
def cut_off(place: str) -> Iterator[None]:
    """Whatever runs inside ends at this place."""
    with pytest.MonkeyPatch.context() as patch:
        PLACES[place](patch)
        try:
            yield
        except Killed:
            return
    raise AssertionError(f"nothing passed {place}")
