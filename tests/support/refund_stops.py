"""Processes that give money back and are stopped on the way, by SIGSTOP; when one goes on, 25 hours
have passed.

`python -m tests.support.refund_stops` loads the program once, a second's work, and forks for each
line it is sent: `[place, noticed, checked, database, emulator, (user, payment, amount, request)]`.
The process asks for the refund, or without one works off what waits, as the worker does. `noticed`
names the clock that saw the hours pass, `checked` what is left of the check. Its parent answers
with a line when it stands still, and with another when it has ended.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
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


class Stops:
    """The parent of such processes, one at a time."""

    def __init__(self, parent: subprocess.Popen[str]) -> None:
        self._parent = parent

    @contextmanager
    def stopped(self, *given: str) -> Iterator[Callable[[], str]]:
        """A process that stands still; what is given lets it go on, and returns what it said."""
        assert self._parent.stdin
        self._parent.stdin.write(json.dumps(given) + "\n")
        self._parent.stdin.flush()
        stopped = self._answer()
        ended: dict[str, Any] = {}

        def go_on() -> str:
            os.kill(stopped["pid"], signal.SIGCONT)
            ended.update(self._answer())
            assert ended["code"] == 0, ended["said"][-2000:]
            return str(ended["said"])

        try:
            assert stopped["stopped"], self._answer()["said"]
            yield go_on
        finally:
            if stopped["stopped"] and not ended:
                os.kill(stopped["pid"], signal.SIGKILL)
                self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._parent.stdout
        answer: dict[str, Any] = json.loads(self._parent.stdout.readline())
        return answer


@contextmanager
def running() -> Iterator[Stops]:
    """The parent, until the block ends."""
    command = [sys.executable, "-m", "tests.support.refund_stops"]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, text=True, **pipes) as parent:
        yield Stops(parent)


def refund(place: str, noticed: str, checked: str, url: str, emulator: str, *asked: str) -> str:
    """Ask, or work off what waits, and stand still at that place; the state of what was asked."""
    Deadline.passed = CHECKED[checked]
    noticing(noticed)
    gateway = Gateway(KEY, livemode=False, api_base=emulator, wait=wait_none())
    books = BookingContext(Scope(UTC_ZONE))
    context = ActionContext(
        open_engine(url), {False: gateway}, books, RULES, ProcessCache(), "", step_up=None
    )
    plant, _ = PLACES[place]
    plant()
    if not asked:
        resolve.resolve(context, KINDS)
        return ""
    user, payment, amount, request = asked
    wanted = refunds.NewRefund(payment, amount, "duplicate")
    made = refunds.ask(context, Caller(user), wanted, livemode=False, request_id=request)
    return made.state


def _in_a_fork(given: list[str], out: int) -> int:
    """Its process id; it writes to `out` what came of it."""
    if pid := os.fork():
        os.close(out)
        return pid
    code, said = 1, ""
    try:
        said = refund(*given)
        code = 0
    finally:
        os.write(out, (traceback.format_exc() if code else said).encode())
        os._exit(code)


def _tell(**answer: Any) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Fork for each line, and tell how the process stands, until no more lines come."""
    for line in sys.stdin:
        said, out = os.pipe()
        pid = _in_a_fork(json.loads(line), out)
        _, status = os.waitpid(pid, os.WUNTRACED)
        stopped = os.WIFSTOPPED(status)
        _tell(pid=pid, stopped=stopped)
        with os.fdopen(said) as pipe:
            text = pipe.read()
        if stopped:
            _, status = os.waitpid(pid, 0)
        _tell(code=os.waitstatus_to_exitcode(status), said=text)


if __name__ == "__main__":
    main()
