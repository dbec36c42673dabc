"""`python -m benchmarks`: runs the modules and prints a table.

What was measured is kept in benchmarks/results.json beside what was measured before, and written
into docs/performance.md.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import time
from pathlib import Path
from typing import Any

import click

from benchmarks import published
from core import clock, settings
from core.db.engine import open_engine

MODULES = (
    "receiver",
    "apply",
    "ledger",
    "page",
    "reads",
    "signals",
    "backtest",
    "proof",
    "exports",
    "sync",
    "emulator",
    "screens",
    "viewers",
    "resting",
)
SIZES = {"100k": 100_000, "1m": 1_000_000, "10m": 10_000_000}
RESULTS = Path(__file__).with_name("results.json")
PAGE = Path(__file__).parents[1] / "docs" / "performance.md"

Row = dict[str, Any]


@click.command(help="Measure, each figure beside its baseline. DATABASE_URL chooses the database.")
@click.option(
    "--size",
    "sizes",
    type=click.Choice(list(SIZES), case_sensitive=False),
    multiple=True,
    help="Payments in the database; may be given several times. [default: 100k and 1m]",
)
@click.option("--only", "names", type=click.Choice(MODULES), multiple=True, help="These modules.")
def main(sizes: tuple[str, ...], names: tuple[str, ...]) -> None:
    """Each module has `run(engine, size)`; rows that are the same for all sizes are run once."""
    engine = open_engine(settings.load().database)
    rows: list[Row] = []
    for name in names or MODULES:
        if importlib.util.find_spec(f"benchmarks.{name}") is None:
            continue
        module = importlib.import_module(f"benchmarks.{name}")
        sized = getattr(module, "SIZED", True)
        for size in sizes or ("100k", "1m"):
            click.echo(f"{name}{f' {size}' if sized else ''} …", err=True)
            started = time.perf_counter()
            found = module.run(engine, SIZES[size])
            click.echo(f"  {time.perf_counter() - started:.0f} s", err=True)
            rows += found
            _print(found)
            if not sized:
                break
    with engine.connect() as connection:
        version = connection.dialect.server_version_info or ()
    engine.dispose()
    on = " ".join([engine.dialect.name, ".".join(map(str, version[:3]))])
    _keep([row | {"on": on, "day": f"{clock.now():%Y-%m-%d}"} for row in rows])
    missed = [row["name"] for row in rows if not row["met"]]
    click.echo(f"{len(rows)} figures, {len(rows) - len(missed)} meet their target")
    for name in missed:
        click.echo(f"  missed: {name}")


def _keep(rows: list[Row]) -> None:
    old = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []
    every = published.merged(old, rows)
    RESULTS.write_text(json.dumps(every, indent=1) + "\n", encoding="utf-8")
    published.write(PAGE, every, published.machine())


def _print(rows: list[Row]) -> None:
    for row in rows:
        baseline = "" if row["baseline"] is None else f"{row['baseline']:,g}"
        ratio = "" if row["ratio"] is None else f"{row['ratio']:g}x"
        mark = "met" if row["met"] else "MISSED"
        click.echo(
            f"{row['name']:<62}{row['value']:>12,g}{baseline:>12}{ratio:>10}"
            f"  {row['target']:<12} {mark}"
        )


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
