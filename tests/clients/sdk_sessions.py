"""What the scripts of Stripe's SDKs share: each major runs one session, step by step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

from tests.clients.harness import SKIPPED, Row, Skipped, emulator, folder, report

STEPS = ["pay", "decline", "3-D Secure", "refund", "customer", "auto-paging", "webhook"]
#: Installs a version in a folder and runs its session against an address.
Play = Callable[[Path, str, str], CompletedProcess[str]]


def play_all(name: str, versions: tuple[str, ...], play: Play) -> int:
    """Run the session of every version against an emulator of its own; the exit code."""
    rows = []
    try:
        for version in versions:
            with folder() as home, emulator() as running:
                done = play(home, version, running.base_url)
            held = [line for line in done.stdout.splitlines() if line in STEPS]
            missing = [step for step in STEPS if step not in held]
            why = f"{missing[0]}: {done.stdout[-300:]}" if missing or done.returncode else ""
            rows.append(Row(f"{name} {version}", why if missing else ""))
    except Skipped as missing_tool:
        print(f"== {name}: skipped, {missing_tool}")
        return SKIPPED
    return report(name, rows)
