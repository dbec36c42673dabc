"""The store: what a unit of work writes is found by the columns as they are now."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from core.emulator.state.store import Store, Tx


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "emulator.db"))


def found(store: Store, column: str, value: str) -> list[tuple[str, int]]:
    """Ids with this value in a column, and the amount that their body says."""
    return store.db.execute(
        f"SELECT id, json_extract(body, '$.amount') FROM objects WHERE object = 'charge'"
        f" AND {column} = ?",
        (value,),
    ).fetchall()


def test_a_changed_column_is_found_and_its_old_value_is_not(store: Store) -> None:
    tx = Tx(store)
    charge = tx.add({"id": "ch_1", "object": "charge", "amount": 1, "customer": "cus_1"})
    tx.flush()
    charge |= {"amount": 2, "customer": "cus_2"}
    tx.touch(charge)
    tx.flush()
    assert (found(store, "customer", "cus_1"), found(store, "customer", "cus_2")) == (
        [],
        [("ch_1", 2)],
    )
    tx.commit()
    later = Tx(store)
    again = later.find("ch_1")
    assert again is not None
    again |= {"amount": 3, "status": "succeeded", "_": {"payout": "po_1"}}
    later.touch(again)
    later.commit()
    for column, value in (("customer", "cus_2"), ("status", "succeeded"), ("payout", "po_1")):
        assert found(store, column, value) == [("ch_1", 3)]
    store.close()


def test_rows_wait_for_the_flush_and_go_with_a_rollback(store: Store) -> None:
    statement = "INSERT INTO unpaid VALUES (?, 'usd', 1)"
    tx = Tx(store)
    tx.write(statement, ("txn_1",))
    assert store.db.execute("SELECT count(*) FROM unpaid").fetchone() == (0,)
    tx.flush_rows()
    assert store.db.execute("SELECT count(*) FROM unpaid").fetchone() == (1,)
    tx.write(statement, ("txn_2",))
    tx.rollback()
    Tx(store).commit()
    assert store.db.execute("SELECT count(*) FROM unpaid").fetchone() == (0,)
    store.close()


def test_much_is_written_at_once_and_all_of_it_is_in_the_file(store: Store, tmp_path: Path) -> None:
    with store.bulk():
        tx = Tx(store)
        tx.add({"id": "ch_1", "object": "charge", "amount": 1})
        tx.commit()
    assert (tmp_path / "emulator.db-wal").stat().st_size == 0
    assert store.db.execute("PRAGMA wal_autocheckpoint").fetchone() == (1_000,)
    assert store.db.execute("PRAGMA cache_size").fetchone() == (-2_000,)
    store.close()


def test_who_reads_the_file_while_much_is_written_reads_on(store: Store, tmp_path: Path) -> None:
    reader = sqlite3.connect(tmp_path / "emulator.db")
    assert reader.execute("SELECT count(*) FROM objects").fetchone() == (0,)
    with store.bulk():
        tx = Tx(store)
        tx.add({"id": "ch_1", "object": "charge", "amount": 1})
        tx.commit()
        assert reader.execute("SELECT count(*) FROM objects").fetchone() == (1,)
    reader.close()
    with store.bulk():
        tx = Tx(store)
        tx.add({"id": "ch_2", "object": "charge", "amount": 1})
        tx.commit()
    assert store.db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    later = sqlite3.connect(tmp_path / "emulator.db", timeout=0)
    assert later.execute("SELECT count(*) FROM objects").fetchone() == (2,)
    later.close()
    store.close()


def test_a_query_of_one_kind_sees_it_and_the_rest_waits(store: Store) -> None:
    tx = Tx(store)
    charge = tx.add({"id": "ch_1", "object": "charge", "amount": 1, "customer": "cus_1"})
    tx.add({"id": "re_1", "object": "refund", "amount": 1})
    tx.flush_kind("charge")
    assert store.db.execute("SELECT id FROM objects").fetchall() == [("ch_1",)]
    charge["amount"] = 2
    tx.touch(charge)
    tx.flush_kind("refund")
    assert found(store, "customer", "cus_1") == [("ch_1", 1)]
    tx.flush_kind("charge")
    assert found(store, "customer", "cus_1") == [("ch_1", 2)]
    tx.commit()
    assert store.db.execute("SELECT id FROM objects ORDER BY seq").fetchall() == [
        ("ch_1",),
        ("re_1",),
    ]
    store.close()


def test_a_balance_is_moved_by_the_sum_at_once(store: Store) -> None:
    tx = Tx(store)
    for amount in (5, -2):
        tx.move("payments", "usd", amount, -amount)
    tx.move("issuing", "usd", 1, 0)
    tx.commit()
    tx = Tx(store)
    tx.move("payments", "usd", 10, 0)
    tx.commit()
    assert store.db.execute("SELECT * FROM buckets ORDER BY 1").fetchall() == [
        ("issuing", "usd", 1, 0),
        ("payments", "usd", 13, -3),
    ]
    store.close()
