"""Where a refund can be cut off: each place raises, as if the process were gone.

Run as a program it asks for a refund and is gone there, by `kill -9`:
`python -m tests.support.refund_crashes <place> <database> <emulator> <user> <payment> <amount>
<request>`.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from tenacity import wait_none

from core.access.principals import Caller
from core.actions.context import ActionContext
from core.actions.operations import call as operation_call
from core.actions.refunds import approvals as refund_approvals
from core.actions.refunds import ask as refunds
from core.actions.refunds import requests as refund_requests
from core.cache import ProcessCache
from core.db.engine import open_engine
from core.gateway.client import Gateway
from core.ledger.booking import Scope
from core.mirror.apply import BookingContext
from tests.support.account_mirror import KEY
from tests.support.factories import UTC_ZONE
from tests.support.fixtures_actions import RULES


class Killed(BaseException):
    """The process ended here: nothing that catches errors by name sees it."""


def _gone() -> None:
    raise Killed


_end: Callable[[], None] = _gone


def killed(*_args: Any, **_named: Any) -> Any:
    _end()


def after(work: Callable[..., Any]) -> Callable[..., Any]:
    """Do the work, then end."""

    def done_then_killed(*args: Any, **named: Any) -> Any:
        work(*args, **named)
        _end()

    return done_then_killed


def _reply_lost(patch: pytest.MonkeyPatch) -> None:
    """Stripe acts, its answer is lost, and the process ends before the second try."""
    once = Gateway._once

    def first_only(self: Gateway, method: str, path: str, params: Any) -> Any:
        answer = once(self, method, path, params)
        if method == "post":
            _end()
        return answer

    patch.setattr(Gateway, "_once", first_only)


def _at(*places: tuple[Any, str], then: bool = False) -> Callable[[pytest.MonkeyPatch], None]:
    """End where these functions begin, or where they have done their work."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        for module, name in places:
            patch.setattr(module, name, after(getattr(module, name)) if then else killed)

    return plant


_BEGIN = ((refunds, "record"), (refund_approvals, "record"))
#: Each place, in the order in which a refund passes them.
PLACES: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "before the first transaction": _at((refunds, "_write_down"), (refund_approvals, "_approve")),
    "in it, before the operation": _at(*_BEGIN),
    "in it, after the operation": _at(*_BEGIN, then=True),
    "after it": _at((refund_requests, "send")),
    "before the call": _at((Gateway, "post")),
    "during the call": _reply_lost,
    "after the call": _at((operation_call, "record_outcome")),
    "in the second, before the mirror": _at((operation_call, "apply")),
    "in the second, after the mirror": _at((operation_call, "apply"), then=True),
    "in the second, before its end": _at((operation_call, "_audit")),
    "after the second": _at((refund_requests, "send"), then=True),
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


def main(place: str, url: str, emulator: str, user: str, payment: str, *rest: str) -> None:
    """Ask, and be killed at that place."""
    global _end
    _end = partial(os.kill, os.getpid(), signal.SIGKILL)
    amount, request = rest
    gateway = Gateway(KEY, livemode=False, api_base=emulator, wait=wait_none())
    books = BookingContext(Scope(UTC_ZONE))
    context = ActionContext(
        open_engine(url), {False: gateway}, books, RULES, ProcessCache(), "", step_up=None
    )
    PLACES[place](pytest.MonkeyPatch())
    asked = refunds.NewRefund(payment, amount, "duplicate")
    refunds.ask(context, Caller(user), asked, livemode=False, request_id=request)


if __name__ == "__main__":
    main(*sys.argv[1:])
