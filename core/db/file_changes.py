"""Sleeping until a file is written to, by whatever process; of the systems Linux alone can."""

from __future__ import annotations

import ctypes
import os
import select
import sys
import weakref
from pathlib import Path

#: Of <sys/inotify.h>: the file was written to.
_IN_MODIFY = 0x2
#: So much is read of what was noted at once; what is left is read the next time.
_MOST = 65_536


class FileChanges:
    """A watch on one file. It opens nothing of it: a process that closes a file of SQLite's lets go
    of all its locks there."""

    def __init__(self, noted: int, ended: int) -> None:
        self._noted, self._ended = noted, ended
        self._both, self._end_alone = select.poll(), select.poll()
        self._both.register(noted, select.POLLIN)
        for one in (self._both, self._end_alone):
            one.register(ended, select.POLLIN)
        weakref.finalize(self, _close, noted, ended)

    def wait(self, seconds: float) -> None:
        """Return when the file was written to, after so long, or at the end."""
        self._both.poll(seconds * 1000)

    def pause(self, seconds: float) -> None:
        """Let so long pass, whatever is written; less at the end."""
        self._end_alone.poll(seconds * 1000)

    def heard(self) -> bool:
        """Whether it was written to since this was asked last."""
        try:
            return bool(os.read(self._noted, _MOST))
        except BlockingIOError:
            return False

    def end(self) -> None:
        """Nobody waits any more: every wait returns at once from here on."""
        os.write(self._ended, (1).to_bytes(8, sys.byteorder))


def watch(path: Path) -> FileChanges | None:
    """Watch a file that is there; None where the system cannot, or has no watch left."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    noted = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    if noted < 0:
        return None
    if libc.inotify_add_watch(noted, os.fsencode(path), _IN_MODIFY) < 0:
        os.close(noted)
        return None
    return FileChanges(noted, os.eventfd(0, os.EFD_CLOEXEC))


def _close(*descriptors: int) -> None:
    for one in descriptors:
        os.close(one)
