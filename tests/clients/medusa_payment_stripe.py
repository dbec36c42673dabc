"""Medusa's payment provider, unmodified: pays by card and by iDEAL, captures, refunds, cancels."""

from __future__ import annotations

import shutil
import sys

from tests.clients.harness import (
    KEY,
    SESSIONS,
    SKIPPED,
    Row,
    Skipped,
    emulator,
    folder,
    npm_install,
    report,
    run,
)

PACKAGES = ("@medusajs/payment-stripe@2.21.2", "@medusajs/framework@2.21.2", "stripe@15.12.0")
STEPS = ("card authorized", "card captured", "card refunded", "ideal captured", "canceled")


def main() -> int:
    title = "@medusajs/payment-stripe 2.21.2"
    try:
        with folder() as home, emulator() as running:
            # What the framework needs of others is not used here.
            npm_install(home, "--ignore-scripts", "--legacy-peer-deps", *PACKAGES)
            shutil.copy(SESSIONS / "medusa.cjs", home)
            done = run(["node", "medusa.cjs", running.base_url, KEY], home)
    except Skipped as missing_tool:
        print(f"== {title}: skipped, {missing_tool}")
        return SKIPPED
    held = done.stdout.splitlines()
    why = f"{done.stdout[-600:]}"
    return report(title, [Row(step, "" if step in held else why) for step in STEPS])


if __name__ == "__main__":
    sys.exit(main())
