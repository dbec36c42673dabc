"""The generated business of the benchmarks is consistent, and its searches find the same rows."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Column, MetaData, Table, inspect, text

from benchmarks import dataset, reads
from core.db.engine import open_engine, reading, writing
from core.db.tables import metadata
from core.mirror.rollups import differences

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


def test_a_set_outlives_changes_of_the_tables_it_does_not_fill(
    database_url: str, folder: Path
) -> None:
    engine = open_engine(database_url)
    filled = dataset.prepare(engine, SIZE)
    with writing(filled) as conn:
        for statement in (
            "DROP TABLE reviews",
            "ALTER TABLE risk_assessments ADD COLUMN forgotten INT",
            "ALTER TABLE users ADD COLUMN forgotten INT",
        ):
            conn.execute(text(statement))
    filled.dispose()
    again = dataset.prepare(engine, SIZE)
    with reading(again) as conn:
        held = inspect(conn)
        names = set(held.get_table_names())
        columns = [held.get_columns(name) for name in ("risk_assessments", "users")]
    assert set(metadata.tables) <= names
    assert "forgotten" not in {one["name"] for some in columns for one in some}
    for one in (engine, again):
        one.dispose()


def test_the_name_of_a_set_tells_the_shape_of_what_it_fills(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_engine(f"sqlite:///{folder / 'any.db'}")
    name = dataset._url(engine, SIZE)
    other = MetaData()
    monkeypatch.setattr(dataset, "FILLED", (*dataset.FILLED, Table("one", other, Column("more"))))
    assert dataset._url(engine, SIZE) != name
    monkeypatch.undo()
    monkeypatch.setattr(dataset, "FOLDER", folder)
    Table("unfilled", metadata, Column("any"))
    try:
        assert dataset._url(engine, SIZE) == name
    finally:
        metadata.remove(metadata.tables["unfilled"])
    engine.dispose()


def test_reads_are_measured_beside_baselines_that_agree(folder: Path) -> None:
    engine = open_engine(f"sqlite:///{folder / 'any.db'}")
    rows = reads.run(engine, SIZE) + reads.run(engine, SIZE)
    assert all(set(row) == {"name", "value", "baseline", "ratio", "target", "met"} for row in rows)
    assert all(row["name"].startswith("4k: ") for row in rows)
    engine.dispose()


def test_ten_million_are_measured_beside_a_hundred_thousand(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "TEN_MILLION", SIZE)
    monkeypatch.setattr(reads, "SMALL", SIZE // 2)
    engine = open_engine(f"sqlite:///{folder / 'any.db'}")
    names = [row["name"] for row in reads.run(engine, SIZE)]
    engine.dispose()
    for what in ("revenue from sums", "first list page", "deep list page"):
        assert f"4k: {what}, t(10M)/t(100k)" in names
