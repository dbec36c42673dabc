"""What one bad event or object can raise: it is set aside alone, and holds up no other."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError

from core.db.engine import is_passing
from core.errors import (
    CardDeclined,
    MalformedEvent,
    MalformedObject,
    StripeKeyRefused,
    StripeRefused,
    TillwatchError,
)
from core.program_faults import PROGRAM_FAULTS, log_fault

#: Anything else ends the worker.
OF_ONE_OBJECT = (TillwatchError, SQLAlchemyError, *PROGRAM_FAULTS)

#: What Stripe gave and is not what it should be: asking again would bring the same.
UNREADABLE = (MalformedObject, MalformedEvent)
FORBIDDEN = 403


def set_aside(error: BaseException, of: str) -> None:
    """Take an error of `OF_ONE_OBJECT` over `of`, a kind and an id, unless it is the database's.

    A database that does not answer is no fault of an object: that error is raised on. A mistake
    of the program is one: the object is set aside, and the log tells where.
    """
    raise_if_transient(error)
    if isinstance(error, PROGRAM_FAULTS):
        log_fault(error, of)


def raise_if_transient(error: BaseException) -> None:
    """A database that does not answer is no fault of an object: raise that error on."""
    if isinstance(error, SQLAlchemyError) and is_passing(error):
        raise error


def is_of_one_object(error: TillwatchError) -> bool:
    """Whether Stripe's answer is about what was asked for, and not about asking at all.

    400, 402, 403 and 404 are, and what cannot be read. A 401 is the key's; 429, 5xx and the
    network are Stripe's: whoever asks waits for those.
    """
    if isinstance(error, StripeKeyRefused):
        return error.http_status == FORBIDDEN
    return isinstance(error, (StripeRefused, CardDeclined, *UNREADABLE))


def reason(error: BaseException) -> str:
    """What may be kept of an error: its text may quote the body, our own messages do not."""
    return error.message[:500] if isinstance(error, TillwatchError) else type(error).__name__
