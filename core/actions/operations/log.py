"""One line in the log for each operation on a payment: name, outcome, duration and ids."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import TillwatchError

_log = logging.getLogger("tillwatch.operations")


@contextmanager
def operation_logged(name: str, **ids: str | int | None) -> Iterator[None]:
    """Log what runs inside once it has ended, however it ended; an error goes on its way.

    `ids` are Stripe's ids and our own, never names, addresses or secrets. The outcome is `ok`, the
    code of one of our errors, or the class of any other.
    """
    started = time.perf_counter()
    outcome = "ok"
    try:
        yield
    except TillwatchError as error:
        outcome = error.code
        raise
    except BaseException as error:
        outcome = type(error).__name__
        raise
    finally:
        milliseconds = round((time.perf_counter() - started) * 1000, 3)
        known = {key: value for key, value in ids.items() if value is not None}
        _log.log(
            logging.INFO if outcome == "ok" else logging.WARNING,
            "%s %s in %s ms%s",
            name,
            outcome,
            milliseconds,
            "".join(f" {key}={value}" for key, value in known.items()),
            extra={
                "fields": {
                    "operation": name,
                    "outcome": outcome,
                    "duration_ms": milliseconds,
                    **known,
                }
            },
        )
