"""A process that gives money back and is stopped on the way, by SIGSTOP; when it goes on, 25 hours
have passed.

`python -m tests.support.refund_stops <place> <noticed> <checked> <database> <emulator> [<user>
<payment> <amount> <request>]`: it asks for the refund, or without one works off what waits, as the
worker does. `noticed` names the clock that saw the hours pass, `checked` what is left of the check.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tenacity import wait_none

from core import clock
from core.access.principals import Caller
from core.actions.context import ActionContext
from core.actions.operation_kinds import KINDS
from core.actions.operations import call as operation_call
from core.actions.operations import resolve
from core.actions.refunds import ask as refunds
from core.cache import ProcessCache
from core.clock import Deadline
from core.db.engine import open_engine
from core.gateway.budget import Budget
from core.gateway.client import Gateway
from core.ledger.booking import Scope
from core.mirror.apply import BookingContext
from tests.support.account_mirror import KEY
from tests.support.factories import UTC_ZONE
from tests.support.fixtures_actions import RULES

SLEPT = timedelta(hours=25)
#: Either clock may be the one that tells: the wall's is set back, the machine's was not running.
NOTICED = ("both", "wall", "machine")
#: The check as it is, and what would pass for one.
CHECKED = {
    "all": Deadline.passed,
    "nothing": lambda _until: False,
    "the wall clock alone": lambda until: clock.now() >= until.wall,
    "the machine's clock alone": lambda until: clock.machine_seconds() >= until.machine,
}


def stop() -> None:
    """Stand still until somebody lets this process go on."""
    os.kill(os.getpid(), signal.SIGSTOP)
    _slept.append(SLEPT)


def noticing(noticed: str) -> None:
    """From the stop on these clocks are ahead."""
    now, seconds = clock.now, clock.machine_seconds
    if noticed != "machine":
        clock.now = lambda: now() + sum(_slept, timedelta())
    if noticed != "wall":
        clock.machine_seconds = lambda: seconds() + sum(_slept, timedelta()).total_seconds()


_slept: list[timedelta] = []


def _stopped_before(home: Any, name: str) -> Callable[[], None]:
    def plant() -> None:
        work = getattr(home, name)

        def stopped_then_done(*args: Any, **named: Any) -> Any:
            if not _slept:
                stop()
            return work(*args, **named)

        setattr(home, name, stopped_then_done)

    return plant


def _stopped_after_a_lost_reply() -> None:
    once = Gateway._once

    def tried(self: Gateway, method: str, path: str, params: Any) -> Any:
        try:
            return once(self, method, path, params)
        finally:
            if method == "post" and not _slept:
                stop()

    Gateway._once = tried


def _stopped_in_line() -> None:
    """The endpoint's budget lets it wait, after the first try."""
    spend = Budget.spend

    def stopped_then_spent(self: Budget, method: str, path: str) -> float:
        tries.extend([path] if method == "post" else [])
        if len(tries) == 2 and not _slept:
            stop()
        return spend(self, method, path)

    tries: list[str] = []
    Budget.spend = stopped_then_spent


#: Each place, and whether Stripe lost its first reply before.
PLACES: dict[str, tuple[Callable[[], None], bool]] = {
    "before the first try": (_stopped_before(Gateway, "post"), False),
    "between two tries": (_stopped_after_a_lost_reply, True),
    "in line for the second": (_stopped_in_line, True),
    "before it is recorded": (_stopped_before(operation_call, "record_outcome"), False),
}


def main(place: str, noticed: str, checked: str, url: str, emulator: str, *asked: str) -> None:
    """Ask, or work off what waits, and stand still at that place."""
    Deadline.passed = CHECKED[checked]
    noticing(noticed)
    gateway = Gateway(KEY, livemode=False, api_base=emulator, wait=wait_none())
    books = BookingContext(Scope(UTC_ZONE))
    context = ActionContext(open_engine(url), {False: gateway}, books, RULES, ProcessCache(), "")
    plant, _ = PLACES[place]
    plant()
    if not asked:
        resolve.resolve(context, KINDS)
        return
    user, payment, amount, request = asked
    wanted = refunds.NewRefund(payment, amount, "duplicate")
    made = refunds.ask(context, Caller(user), wanted, livemode=False, request_id=request)
    sys.stdout.write(made.state)


if __name__ == "__main__":
    main(*sys.argv[1:])
