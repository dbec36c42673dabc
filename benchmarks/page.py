"""A page of 100 objects of the walk, in turns with the build before all that is checked now."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import Engine, text

from benchmarks.report import row

#: The rows are the same whatever the size of the database.
SIZED = False
#: The build that is compared with: the last one before schema version 0014.
EARLIER = "5394364"
ROOT = Path(__file__).parent.parent
PAGES = 30
ROUNDS = 5
#: Not slower by more than a twentieth.
AT_LEAST = 1 / 1.05


def run(engine: Engine, size: int) -> list[dict[str, Any]]:
    """All rows; none where this is no checkout with its history."""
    del size
    with tempfile.TemporaryDirectory(prefix="tillwatch") as folder:
        if not _extracted(Path(folder)):
            return []
        rounds = [[_walked(engine, tree) for tree in (ROOT, Path(folder))] for _ in range(ROUNDS)]
    now, before = (median(taken) for taken in zip(*rounds, strict=True))
    return [
        row(
            "walk a page of 100 objects, microseconds "
            f"(baseline: the same by the build of {EARLIER})",
            now,
            before,
            at_least=round(AT_LEAST, 3),
        )
    ]


def _extracted(folder: Path) -> bool:
    """Lay the earlier build into a folder."""
    git = shutil.which("git")
    if git is None:
        return False
    wanted = [git, "-C", str(ROOT), "archive", EARLIER]
    archive = subprocess.run(wanted, capture_output=True, check=False)
    if archive.returncode:
        return False
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    return True


def _walked(engine: Engine, tree: Path) -> float:
    """Microseconds a page, by the code of a tree, into an empty database."""
    with _nothing(engine) as url:
        done = subprocess.run(
            [sys.executable, str(ROOT / "benchmarks" / "page_worker.py"), url, str(PAGES)],
            env=os.environ | {"PYTHONPATH": str(tree)},
            cwd=tree,
            capture_output=True,
            check=True,
            text=True,
        )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found["wall_us"]


@contextmanager
def _nothing(engine: Engine) -> Iterator[str]:
    """The URL of a database without a table, of the engine's kind; gone afterwards."""
    if engine.dialect.name == "sqlite":
        with tempfile.TemporaryDirectory(prefix="tillwatch") as folder:
            yield f"sqlite:///{folder}/page.db"
        return
    name = "tillwatch_bench_page"
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield engine.url.set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name}"))
