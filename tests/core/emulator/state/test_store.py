"""The store: what a unit of work writes is found by the columns as they are now."""

from __future__ import annotations

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
