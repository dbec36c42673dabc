"""Runs every client script and prints which passed, failed, or had no tool here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.clients.harness import SKIPPED

_HELPERS = ("__init__", "__main__", "harness", "sdk_sessions", "shop")


def main(wanted: list[str]) -> int:
    """Run the named scripts, or all; 0 where none failed."""
    here = Path(__file__).parent
    names = [p.stem for p in sorted(here.glob("*.py")) if p.stem not in _HELPERS]
    ends = {}
    for name in wanted or names:
        done = subprocess.run([sys.executable, "-m", f"tests.clients.{name}"], check=False)
        ends[name] = {0: "passed", SKIPPED: "skipped"}.get(done.returncode, "FAILED")
    print("\n".join(f"{name:<24} {end}" for name, end in ends.items()))
    return 1 if "FAILED" in ends.values() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
