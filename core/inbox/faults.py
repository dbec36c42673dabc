"""What one bad event or object can raise: it is set aside alone, and holds up no other."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError

from core.db.engine import is_passing
from core.errors import TillwatchError

#: Anything else is a fault of the program, and stops the worker.
OF_ONE_OBJECT = (
    TillwatchError,
    SQLAlchemyError,
    LookupError,
    TypeError,
    ValueError,
    ArithmeticError,
    AttributeError,
)


def raise_if_transient(error: BaseException) -> None:
    """A database that does not answer is no fault of an object: raise that error on."""
    if isinstance(error, SQLAlchemyError) and is_passing(error):
        raise error


def reason(error: BaseException) -> str:
    """What may be kept of an error: its text may quote the body, our own messages do not."""
    return error.message[:500] if isinstance(error, TillwatchError) else type(error).__name__
