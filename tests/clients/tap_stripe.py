"""Singer's tap-stripe, unmodified: discovers and reads every stream."""

from __future__ import annotations

import json
import shutil
import sys
from collections import Counter

from tests.clients import shop
from tests.clients.harness import KEY, SESSIONS, Row, emulator, folder, pip_install, report, run

PACKAGES = ("tap-stripe==3.3.0",)
ENTRY = ("tap_stripe", "main")
_CONFIG = ("--config", "config.json")
#: Streams that must bring records; the others are of Billing.
FULL = (
    *("balance_transactions", "charges", "coupons", "customers", "disputes", "events"),
    *("payment_intents", "payout_transactions", "payouts", "plans", "products", "transfers"),
    "transfer_reversals",
)


def main() -> int:
    with folder() as home, emulator() as running:
        paths = pip_install(home, *PACKAGES)
        shutil.copy(SESSIONS / "at_address.py", home)
        shop.fill(running)
        config = {
            "account_id": running.account,
            "client_secret": KEY,
            "start_date": "2020-01-01T00:00:00Z",
            "date_window_size": 3650,
        }
        (home / "config.json").write_text(json.dumps(config))
        tap = [sys.executable, "at_address.py", running.base_url, *ENTRY, *_CONFIG]
        # What else is logged stands between; a catalogue is an object of its own.
        found = run([*tap, "--discover"], home, **paths).stdout
        if '"streams"' not in found:
            return report("tap-stripe 3.3.0", [Row("discover", found[-500:])])
        catalogue = json.loads(found[found.index("{\n") : found.rindex("}") + 1])
        for stream in catalogue["streams"]:
            stream["metadata"][0]["metadata"]["selected"] = True
        (home / "catalogue.json").write_text(json.dumps(catalogue))
        done = run([*tap, "--catalog", "catalogue.json"], home, seconds=900, **paths)
    seen: Counter[str] = Counter()
    for line in done.stdout.splitlines():
        if line.startswith('{"type": "RECORD"'):
            seen[json.loads(line)["stream"]] += 1
    names = sorted(stream["stream"] for stream in catalogue["streams"])
    rows = [Row(name, "" if seen[name] or name not in FULL else "no record") for name in names]
    if done.returncode:
        rows.append(Row("sync", done.stdout[-800:]))
    return report("tap-stripe 3.3.0", rows)


if __name__ == "__main__":
    sys.exit(main())
