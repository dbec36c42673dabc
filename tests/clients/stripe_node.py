"""stripe-node of three majors, unmodified: a session with its webhooks."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from subprocess import CompletedProcess

from tests.clients.harness import SESSIONS, npm_install, run
from tests.clients.sdk_sessions import play_all

VERSIONS = ("23.1.0", "22.6.2", "17.7.0")


def play(home: Path, version: str, address: str) -> CompletedProcess[str]:
    npm_install(home, f"stripe@{version}")
    shutil.copy(SESSIONS / "session.mjs", home)
    return run(["node", "session.mjs", address], home)


if __name__ == "__main__":
    sys.exit(play_all("stripe-node", VERSIONS, play))
