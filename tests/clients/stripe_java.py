"""stripe-java of three majors, unmodified: it parses webhooks of its own version only."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from subprocess import CompletedProcess

from tests.clients.harness import SESSIONS, need, run
from tests.clients.sdk_sessions import play_all

VERSIONS = ("33.3.0", "30.2.0", "28.4.0")
_GSON = "com.google.code.gson:gson:2.10.1"


def play(home: Path, version: str, address: str) -> CompletedProcess[str]:
    need("java", "javac", "mvn")
    # What was fetched before is used again; HOME is a temp folder there.
    kept = f"-Dmaven.repo.local={Path(os.environ.get('HOME') or '/tmp') / '.m2' / 'repository'}"
    for artifact in (f"com.stripe:stripe-java:{version}", _GSON):
        wanted = [f"-Dartifact={artifact}", f"-DoutputDirectory={home}"]
        done = run(["mvn", "-q", "-B", kept, "dependency:copy", *wanted], home, seconds=300)
        if done.returncode:
            raise RuntimeError(done.stdout[-2000:])
    shutil.copy(SESSIONS / "Session.java", home)
    built = run(["javac", "-cp", "*", "Session.java"], home, seconds=300)
    if built.returncode:
        return built
    return run(["java", "-cp", f"*{os.pathsep}.", "Session", address], home)


if __name__ == "__main__":
    sys.exit(play_all("stripe-java", VERSIONS, play))
