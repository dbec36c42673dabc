"""What every line of a log says beside its message while something is worked on: ids, no more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_NONE: Mapping[str, str] = {}
_fields: ContextVar[Mapping[str, str]] = ContextVar("log_fields", default=_NONE)


@contextmanager
def log_fields(**ids: str) -> Iterator[None]:
    """Have what is logged inside say these ids; Stripe's and our own, never a person's data."""
    token = _fields.set({**_fields.get(), **ids})
    try:
        yield
    finally:
        _fields.reset(token)


def current() -> Mapping[str, str]:
    """The ids of what is being worked on here."""
    return _fields.get()
