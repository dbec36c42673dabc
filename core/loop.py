"""Running one step over and over: at once while there is work, later after a failure."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

from core.db.engine import is_full, is_passing
from core.errors import StripeError, TillwatchError

LONGEST_WAIT = 30.0
UNTRIED_WAIT = 1.0

_log = logging.getLogger(__name__)


class Waiter(Protocol):
    """Where a loop waits for its work."""

    def wait(self, seconds: float) -> None:
        """Return when there is work, or after so long."""


def run(
    name: str,
    step: Callable[[], bool | None],
    stop: threading.Event,
    *,
    idle: float,
    wakeup: Waiter | None = None,
) -> None:
    """Call `step` until `stop` is set; it says whether it found work, else `idle` seconds pass.

    Where there is a `wakeup` it may end that wait, and whoever sets `stop` has it end.

    A database or a Stripe that does not answer is waited for, longer each time; so is an error
    that we know. Any other
    is a fault of the program: it is raised, the process ends, and its launcher starts it anew.
    """
    failures = 0
    while not stop.is_set():
        try:
            busy = step()
        except StripeError as error:
            failures += 1
            _log.warning("%s: Stripe: %s (%s)", name, error.code, error.request_id)
        except TillwatchError as error:
            failures += 1
            _log.error("%s: %s (%s)", name, error.message, error.code)
        except SQLAlchemyError as error:
            if not is_passing(error):
                raise
            failures += 1
            what = "is full" if is_full(error) else f"does not answer: {type(error).__name__}"
            _log.warning("%s: the database %s", name, what)
        else:
            failures = 0
            if not busy:
                # None: nothing was tried, and nobody says when there will be.
                wait = stop.wait if wakeup is None else wakeup.wait
                wait(idle if busy is not None else min(idle, UNTRIED_WAIT))
            continue
        stop.wait(min(0.5 * 2.0**failures, LONGEST_WAIT))
