"""The generated business of the benchmarks is consistent, and its searches find the same rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import dataset, reads
from core.db.engine import open_engine
from core.ledger.verify import differences

SIZE = 4_000


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(dataset, "FOLDER", tmp_path)
    return tmp_path


def test_generated_sums_equal_their_rows(database_url: str, folder: Path) -> None:
    engine = open_engine(database_url)
    filled = dataset.prepare(engine, SIZE)
    assert differences(filled) == []
    again = dataset.prepare(engine, SIZE)
    assert again.url == filled.url
    for one in (engine, filled, again):
        one.dispose()


def test_reads_are_measured_beside_baselines_that_agree(folder: Path) -> None:
    engine = open_engine(f"sqlite:///{folder / 'any.db'}")
    rows = reads.run(engine, SIZE) + reads.run(engine, SIZE)
    assert all(set(row) == {"name", "value", "baseline", "ratio", "target", "met"} for row in rows)
    assert all(row["name"].startswith("4k: ") for row in rows)
    engine.dispose()
