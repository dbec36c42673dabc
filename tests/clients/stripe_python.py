"""stripe-python of several majors, unmodified: a session with its webhooks."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from subprocess import CompletedProcess

from tests.clients.harness import SESSIONS, pip_install, run
from tests.clients.sdk_sessions import play_all

VERSIONS = ("16.1.0", "13.2.1", "11.6.0", "8.11.0", "5.5.0")


def play(home: Path, version: str, address: str) -> CompletedProcess[str]:
    paths = pip_install(home, f"stripe=={version}")
    shutil.copy(SESSIONS / "session.py", home)
    return run([sys.executable, "session.py", address], home, **paths)


if __name__ == "__main__":
    sys.exit(play_all("stripe-python", VERSIONS, play))
