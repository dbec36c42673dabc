"""Every fixture of `stripe trigger`: it must end well and bring the event that it is named after.

The fixtures are written for accounts older than 2023-08-16: they name `payment_method_types`, give
customers coupons, and confirm without a `return_url`. So the account's default is 2022-11-15.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from core.emulator.server import RunningEmulator
from tests.clients.harness import (
    KEY,
    SKIPPED,
    Row,
    Skipped,
    emulator,
    folder,
    npm_install,
    report,
    run,
)

CLI = "@stripe/cli@1.52.0"
VERSION = "2022-11-15"
#: Fixtures that must pass; the rest needs Billing, Issuing or meters, which are not emulated.
LEAST = 70
_FUNDS = {"type": "topup", "amount": 1_000_000, "currency": "usd"}
#: Fixtures whose event has another name.
_EVENTS = {
    "issuing_authorization.request.eu": "issuing_authorization.request",
    "issuing_authorization.request.gb": "issuing_authorization.request",
    "issuing_card.created.eu": "issuing_card.created",
    "issuing_card.created.gb": "issuing_card.created",
    "issuing_cardholder.created.eu": "issuing_cardholder.created",
    "issuing_cardholder.created.gb": "issuing_cardholder.created",
}


def fixtures(stripe: Path, home: Path) -> list[str]:
    """The names that `stripe trigger --help` lists."""
    text = run([str(stripe), "trigger", "--help"], home).stdout
    listed = text.split("Supported events:")[1].split("Usage:")[0]
    return listed.split()


def _happened(running: RunningEmulator, kind: str) -> bool:
    running.settle()
    with running.engine.store.lock:
        row = running.engine.store.db.execute(
            "SELECT 1 FROM objects WHERE object = 'event' AND type = ?", (kind,)
        ).fetchone()
    return row is not None


def _why(output: str) -> str:
    """The API's refusal in the CLI's output, or its last line."""
    found = re.search(r'"message": ?"((?:\\.|[^"])*)"', output)
    lines = [line for line in output.splitlines() if line.strip()]
    return (found[1] if found else lines[-1] if lines else "no output")[:160]


def attempts(home: Path) -> Iterator[Row]:
    """Run each fixture against an account of its own."""
    npm_install(home, CLI)
    stripe = home / "node_modules" / ".bin" / "stripe"
    for name in fixtures(stripe, home):
        with emulator(VERSION) as running:
            # As a test account has after its first weeks; a transfer takes more than one payment.
            running.control("POST", "balance_transactions", _FUNDS)
            words = [str(stripe), "trigger", name, "--api-base", running.base_url]
            done = run(words, home, STRIPE_API_KEY=KEY, STRIPE_CLI_TELEMETRY_OPTOUT="1")
            if done.returncode or "failed" in done.stdout.lower():
                yield Row(name, _why(done.stdout))
            elif not _happened(running, _EVENTS.get(name, name)):
                yield Row(name, "no such event was sent")
            else:
                yield Row(name)


def main() -> int:
    try:
        with folder() as home:
            return report(f"stripe trigger ({CLI})", list(attempts(home)), LEAST)
    except Skipped as missing:
        print(f"== stripe trigger: skipped, {missing}")
        return SKIPPED


if __name__ == "__main__":
    sys.exit(main())
