"""What glibc keeps of a process's freed memory: as little as it can be told to."""

from __future__ import annotations

import ctypes
import sys

#: glibc's numbers for the most arenas, the free top of the heap that is given back, and the size
#: from which a block is one of its own.
_M_ARENA_MAX, _M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -8, -1, -3
#: What glibc begins with; it raises both as blocks are freed, unless one of them was set.
_GIVEN_BACK = 128 * 1024


def share() -> None:
    """Let all threads take memory from one arena: glibc would give each its own, which keeps what
    that thread once needed. To be called before threads are started."""
    _tell(_M_ARENA_MAX, 1)


def give_back() -> None:
    """Have large blocks go back to the system as soon as they are free, for a little more time."""
    _tell(_M_TRIM_THRESHOLD, _GIVEN_BACK)
    _tell(_M_MMAP_THRESHOLD, _GIVEN_BACK)


def _tell(parameter: int, value: int) -> None:
    change = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if change is not None:
        change(parameter, value)
