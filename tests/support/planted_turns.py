"""The planted faults of standing in line: no turn at all, and one that changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, select

from core.db import turns
from core.db.engine import writing
from core.db.tables import turns as table
from core.db.upsert import insert_missing

#: The log's chain has its own test: without it every writer would be tried again.
KEPT = frozenset({"audit.head"})
_take = turns.take


def without_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody stands in line any more, but for the log."""

    def kept(connection: Connection, *names: str) -> None:
        if own := KEPT.intersection(names):
            _take(connection, *own)

    monkeypatch.setattr(turns, "take", kept)


def with_turns_that_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row is locked by an insert that changes nothing where it stands: so it was once, and on one
    server it holds. On a cluster the log holds no longer either: that is left as it is."""

    def locked(connection: Connection, *names: str) -> None:
        if own := KEPT.intersection(names):
            _take(connection, *own)
        slots: list[dict[str, Any]] = [
            {"slot": slot, "turn": 0} for slot in sorted({turns.slot_of(name) for name in names})
        ]
        # Once a row is there, it changes nothing.
        with writing(connection.engine) as other:
            there = set(other.scalars(select(table.c.slot)))
            insert_missing(other, table, [s for s in slots if s["slot"] not in there], "slot")
        insert_missing(connection, table, slots, "slot")

    monkeypatch.setattr(turns, "take", locked)
