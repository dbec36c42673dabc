"""Airbyte's source for Stripe, unmodified: checks, discovers and reads every stream."""

from __future__ import annotations

import json
import shutil
import sys
from collections import Counter
from typing import Any

from tests.clients import shop
from tests.clients.harness import KEY, SESSIONS, Row, emulator, folder, pip_install, report, run

PACKAGES = ("airbyte-source-stripe==5.14.1",)
ENTRY = ("source_stripe.run", "run")
#: Streams that must bring records; the others are of Billing, Issuing or Connect.
FULL = (
    *("accounts", "balance_transactions", "charges", "checkout_sessions", "coupons"),
    *("checkout_sessions_line_items", "customer_balance_transactions", "customers", "disputes"),
    *("early_fraud_warnings", "events", "file_links", "files", "payment_intents"),
    *("payment_methods", "payout_balance_transactions", "payouts", "plans", "prices", "products"),
    *("promotion_codes", "refunds", "setup_intents", "top_ups", "transfer_reversals"),
    "transfers",
)


def messages(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def main() -> int:
    with folder() as home, emulator() as running:
        paths = pip_install(home, *PACKAGES)
        shutil.copy(SESSIONS / "at_address.py", home)
        shop.fill(running)
        config = {
            "account_id": running.account,
            "client_secret": KEY,
            "start_date": "2026-01-01T00:00:00Z",
            "slice_range": 365,
        }
        (home / "config.json").write_text(json.dumps(config))
        source = [sys.executable, "at_address.py", running.base_url, *ENTRY]
        given = ["--config", "config.json"]
        found = run([*source, "discover", *given], home, seconds=600, **paths).stdout
        [catalogue] = [m["catalog"] for m in messages(found) if m["type"] == "CATALOG"]
        streams = [
            {"stream": one, "sync_mode": "full_refresh", "destination_sync_mode": "append"}
            for one in catalogue["streams"]
        ]
        (home / "catalogue.json").write_text(json.dumps({"streams": streams}))
        read = [*source, "read", *given, "--catalog", "catalogue.json"]
        done = run(read, home, seconds=1200, **paths)
    return report("airbyte-source-stripe 5.14.1", rows_of(done.stdout, streams))


def rows_of(output: str, streams: list[dict[str, Any]]) -> list[Row]:
    seen: Counter[str] = Counter()
    ends: dict[str, str] = {}
    refusals: list[Row] = []
    for message in messages(output):
        if message["type"] == "RECORD":
            seen[message["record"]["stream"]] += 1
        elif message["type"] == "TRACE" and message["trace"]["type"] == "STREAM_STATUS":
            told = message["trace"]["stream_status"]
            ends[told["stream_descriptor"]["name"]] = told["status"]
        elif message["type"] == "LOG" and "not emulated" in message["log"]["message"]:
            refusals.append(Row("refusal", message["log"]["message"][:200]))
    rows = []
    for name in sorted(one["stream"]["name"] for one in streams):
        why = "" if ends.get(name) == "COMPLETE" else f"ends {ends.get(name)}"
        if not why and name in FULL and not seen[name]:
            why = "no record"
        rows.append(Row(name, why))
    return rows + refusals


if __name__ == "__main__":
    sys.exit(main())
