"""`sync` of an account's past: its processor time and what it writes, beside a plain loop."""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import stripe
from sqlalchemy import Engine

from benchmarks.report import row
from benchmarks.scratch import empty_database
from core.emulator.server import start_emulator

SIZED = False
DAYS, PER_DAY = 60, 170
KEY = "sk_test_bench"
#: What a tutorial reads: the lists that `sync` reads.
_LISTS = ("customers", "payment_intents", "charges", "refunds", "disputes", "payouts")
_LEDGER = "balance_transactions"


@dataclass(frozen=True)
class _Run:
    """`rows` read, seconds of a processor, and bytes that went to the disk."""

    rows: int
    seconds: float
    written: int


def run(engine: Engine, size: int) -> list[dict[str, Any]]:
    """About ten thousand payments; the size does not matter."""
    del size
    with (
        tempfile.TemporaryDirectory(prefix="tillwatch") as folder,
        start_emulator(state_path=Path(folder) / "emulator.db", seed=5) as emulator,
    ):
        emulator.history(days=DAYS, per_day=PER_DAY, seed=3)
        loop = _measured([sys.executable, "-m", "benchmarks.sync", emulator.base_url, folder])
        with empty_database(engine, "sync") as made:
            ours = _measured(
                [sys.executable, "-m", "dashboard", "sync", "--since", "90d", "--json"],
                STRIPE_SECRET_KEY=KEY,
                STRIPE_API_BASE=emulator.base_url,
                VAR_DIR=folder,
                DATABASE_URL=made.url.render_as_string(hide_password=False),
            )
            size_of_it = _size(made)
    rows = [
        row(
            "sync, microseconds of a processor a row (baseline: SDK and an insert a row)",
            ours.seconds / ours.rows * 1e6,
            loop.seconds / loop.rows * 1e6,
            at_least=4,
        )
    ]
    if size_of_it:
        written = ours.written / size_of_it
        rows.append(row("sync, bytes written a byte of database", written, at_most=5))
    return rows


def _measured(command: Sequence[str], **environment: str) -> _Run:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    given = {k: v for k, v in os.environ.items() if not k.startswith("STRIPE_")} | environment
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=given)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    read = json.loads(done.stdout.strip().splitlines()[-1])["test"]["read"]
    return _Run(
        sum(read.values()),
        after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        (after.ru_oublock - before.ru_oublock) * 512,
    )


def _size(engine: Engine) -> int:
    """The file's bytes; 0 where the database is a server, which writes for itself."""
    path = engine.url.database if engine.dialect.name == "sqlite" else None
    return Path(path).stat().st_size if path else 0


def _loop(base: str, folder: str) -> None:
    """What one would write first: each list by `auto_paging_iter`, each object as it comes."""
    client = stripe.StripeClient(KEY, base_addresses={"api": base})
    kept = sqlite3.connect(Path(folder) / "loop.db")
    kept.execute(
        "CREATE TABLE objects (id TEXT PRIMARY KEY, kind TEXT, created INTEGER, body TEXT)"
    )
    read = {}
    for name in (*_LISTS, _LEDGER):
        params: dict[str, Any] = {"limit": 100}
        if name == "payment_intents":
            params["expand"] = ["data.latest_charge"]
        if name == _LEDGER:
            params["expand"] = ["data.source"]
        count = 0
        for one in getattr(client.v1, name).list(params).auto_paging_iter():
            kept.execute(
                "INSERT INTO objects VALUES (?, ?, ?, ?)", (one.id, name, one.created, str(one))
            )
            count += 1
        kept.commit()
        read[name] = count
    sys.stdout.write(json.dumps({"test": {"read": read}}) + "\n")


if __name__ == "__main__":
    _loop(*sys.argv[1:])
