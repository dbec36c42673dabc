"""A file of a million payments by the worker's own step, beside the same rows by pandas."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, delete, select

from core.access import users
from core.access.principals import Caller
from core.actions.exports import requests
from core.bootstrap import Console, open_actions
from core.db.engine import open_engine, reading, writing
from core.db.tables import exports
from core.settings import Settings
from dashboard.process import memory, worker

SIZED = False
ROWS = 1_000_000
#: 150 MB in MiB.
MOST_MIB = 143


def run(engine: Engine, size: int) -> list[dict[str, Any]]:
    """Seconds and largest memory of processes that do nothing else; the size does not matter."""
    # Here, not above: a file's memory is not to hold what fills the database and the baseline.
    from benchmarks.dataset import prepare
    from benchmarks.report import row

    del size
    filled = prepare(engine, ROWS)
    url = filled.url.render_as_string(hide_password=False)
    filled.dispose()
    rows = []
    for format_ in requests.FORMATS:
        ours, usual = (_process(url, way, format_) for way in ("worker", "pandas"))
        named = f"export of 1M payments as {format_}"
        rows += [
            row(f"{named}, seconds (baseline: pandas)", ours[0], usual[0]),
            row(
                f"{named}, the process' largest memory, MiB (baseline: pandas)",
                ours[1],
                usual[1],
                at_most=MOST_MIB,
            ),
        ]
    return rows


def _process(url: str, way: str, format_: str) -> tuple[float, float]:
    asked = [sys.executable, "-m", "benchmarks.exports", url, way, format_]
    # By a small process: a child's largest memory is at least that of its parent.
    small = [
        sys.executable,
        "-c",
        "import subprocess, sys; subprocess.run(sys.argv[1:], check=True)",
    ]
    done = subprocess.run([*small, *asked], check=True, capture_output=True, text=True)
    seconds, largest = done.stdout.split()
    return float(seconds), float(largest)


def _by_worker(url: str, folder: str, format_: str) -> None:
    settings = Settings(_env_file=None, database_url=url, var_dir=Path(folder))  # type: ignore[call-arg]
    # As the worker's command does.
    memory.share()
    memory.give_back()
    step = worker.exporter(settings)
    assert step(), "there was no file to write"
    with reading(open_engine(url)) as connection:
        assert connection.scalar(select(exports.c.rows_done)) == ROWS


def _ask(url: str, format_: str) -> None:
    """In a process of its own: who asks is not who writes."""
    settings = Settings(_env_file=None, database_url=url)  # type: ignore[call-arg]
    console = Console(settings, open_engine(url))
    with writing(console.engine) as connection:
        connection.execute(delete(exports))
        user_id = users.create(
            connection,
            email=f"{time.time_ns()}@bench.example",
            roles=("finance",),
            password_hash="none",  # noqa: S106 - nobody signs in
            actor="bench",
            production=False,
        )
    context, _ = open_actions(console)
    requests.ask(context, Caller(user_id), kind="payments", format=format_, query="mode=live")


def _by_pandas(url: str, folder: str, format_: str) -> None:
    import pandas as pd

    frame = pd.read_sql_query("SELECT * FROM payments ORDER BY created_at DESC", url)
    path = Path(folder) / "payments"
    if format_ == "csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path, index=False)


def _main(url: str, way: str, format_: str) -> None:
    if way == "ask":
        _ask(url, format_)
        return
    if way == "worker":
        subprocess.run(
            [sys.executable, "-m", "benchmarks.exports", url, "ask", format_], check=True
        )
    with tempfile.TemporaryDirectory(prefix="tillwatch") as folder:
        started = time.perf_counter()
        {"worker": _by_worker, "pandas": _by_pandas}[way](url, folder, format_)
        seconds = time.perf_counter() - started
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"{seconds} {largest}\n")


if __name__ == "__main__":
    _main(*sys.argv[1:])
