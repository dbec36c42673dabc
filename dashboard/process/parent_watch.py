"""Ends a process when its launcher is gone, by whatever it died: no orphan keeps a port."""

from __future__ import annotations

import os
import signal
import threading
import time

#: Set by the launcher, which holds the other end of the process's standard input open.
VARIABLE = "TILLWATCH_SUPERVISED"
_GRACE_SECONDS = 10


def watch() -> None:
    """Watch standard input from a thread: its end means that the launcher has died."""
    threading.Thread(target=_wait, name="parent watch", daemon=True).start()


def _wait() -> None:
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE_SECONDS)
    os._exit(1)
