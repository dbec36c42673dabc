"""Faults of the program itself: told by their place in the code, never by what they say."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

#: What a mistake in our code raises. The text of such an error may quote a customer's data.
PROGRAM_FAULTS = (
    LookupError,
    TypeError,
    ValueError,
    ArithmeticError,
    AttributeError,
    RecursionError,
)
_ROOT = Path(__file__).parent.parent
#: How many of the innermost places are told.
_DEPTH = 4

_log = logging.getLogger(__name__)


def log_fault(error: BaseException, of: str) -> None:
    """Write into the log that the program failed over `of` (a kind and an id), and where."""
    _log.error("%s: the program failed (%s) at %s", of, type(error).__name__, place(error))


def place(error: BaseException) -> str:
    """The places that an error came through, the innermost last: files, lines and functions."""
    frames = traceback.extract_tb(error.__traceback__)
    return " > ".join(f"{_file(one.filename)}:{one.lineno} {one.name}" for one in frames[-_DEPTH:])


def _file(name: str) -> str:
    path = Path(name)
    return str(path.relative_to(_ROOT) if path.is_relative_to(_ROOT) else path.name)
