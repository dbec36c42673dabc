"""Marks a read with the right that a caller must hold; `core.access` asks for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Read = TypeVar("Read", bound=Callable[..., Any])


def needs(right: str) -> Callable[[Read], Read]:
    """Set `.right` on a read function, for the caller that checks permission."""

    def mark(read: Read) -> Read:
        read.right = right  # type: ignore[attr-defined]
        return read

    return mark
