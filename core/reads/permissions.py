"""Marks a read with the right that a caller must hold, and with what is to be noted of it.

`core.access` asks for the right and writes the note: a read by itself does neither.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Read = TypeVar("Read", bound=Callable[..., Any])


def requires(right: str) -> Callable[[Read], Read]:
    """Set `.right` on a read function, for the caller that checks permission."""

    def mark(read: Read) -> Read:
        read.right = right  # type: ignore[attr-defined]
        return read

    return mark


def narrowed_by_rights(read: Read) -> Read:
    """Set `.takes_rights` on a read that gives each person what their rights let through: whoever
    asks for permission gives it the person's own as `rights`, whatever the caller says."""
    read.takes_rights = True  # type: ignore[attr-defined]
    return read


def audited(action: str, of: str) -> Callable[[Read], Read]:
    """Set `.audited_view` on a read that shows a person's data: who saw it stands in the audit log.

    `of` is the parameter that names the object; it is given by name.
    """

    def mark(read: Read) -> Read:
        read.audited_view = (action, of)  # type: ignore[attr-defined]
        return read

    return mark
