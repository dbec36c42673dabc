"""Supabase's stripe-sync-engine, unmodified: its backfill of everything into Postgres."""

from __future__ import annotations

import shutil
import sys

from tests.clients import shop
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

PACKAGES = (
    "@supabase/stripe-sync-engine@0.48.5",
    "stripe@22.6.2",
    "@electric-sql/pglite@0.5.14",
    "@electric-sql/pglite-socket@0.2.17",
)
VERSION = "2020-08-27"
#: Tables that must have rows; the others are of Billing.
FULL = (
    *("charges", "checkout_sessions", "customers", "disputes", "early_fraud_warnings"),
    *("payment_intents", "payment_methods", "plans", "prices", "products", "refunds"),
    "setup_intents",
)


def main() -> int:
    title = "stripe-sync-engine 0.48.5"
    try:
        with folder() as home, emulator() as running:
            npm_install(home, *PACKAGES)
            shutil.copy(SESSIONS / "sync_engine.mjs", home)
            shop.fill(running)
            words = ["node", "sync_engine.mjs", running.base_url, KEY, VERSION]
            done = run(words, home, seconds=600)
    except Skipped as missing_tool:
        print(f"== {title}: skipped, {missing_tool}")
        return SKIPPED
    told = [line.split() for line in done.stdout.splitlines() if line.startswith("rows ")]
    found = {name: int(count) for _, name, count in told}
    rows = [Row(name, "" if found.get(name) else "no rows") for name in FULL]
    if done.returncode:
        rows.append(Row("syncBackfill", done.stdout[-800:]))
    return report(title, rows)


if __name__ == "__main__":
    sys.exit(main())
