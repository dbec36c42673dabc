"""stripe-go of three majors, unmodified: it takes webhooks of its own version only."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from subprocess import CompletedProcess

from tests.clients.harness import SESSIONS, need, run
from tests.clients.sdk_sessions import play_all

VERSIONS = ("v85.0.0", "v84.4.1", "v82.5.1")


def play(home: Path, version: str, address: str) -> CompletedProcess[str]:
    need("go")
    major = version[1:].partition(".")[0]
    text = (SESSIONS / "session.go.txt").read_text().replace("vMAJOR", f"v{major}")
    (home / "main.go").write_text(text)
    module = f"github.com/stripe/stripe-go/v{major}"
    (home / "go.mod").write_text(f"module session\n\ngo 1.21\n\nrequire {module} {version}\n")
    # What was fetched and compiled before is used again.
    kept = {"GOFLAGS": "-mod=mod", "GOPATH": str(_home() / "go")}
    cache = {"GOCACHE": str(_home() / ".cache" / "go-build")}
    built = run(["go", "build", "-o", "session", "."], home, seconds=600, **kept, **cache)
    if built.returncode:
        return built
    return run(["./session", address], home)


def _home() -> Path:
    return Path(os.environ.get("HOME") or "/tmp")


if __name__ == "__main__":
    sys.exit(play_all("stripe-go", VERSIONS, play))
