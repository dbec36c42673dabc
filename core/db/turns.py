"""Standing in line: whoever must be alone writes a row before it reads what it decides on.

On a cluster whose nodes all take writes (Galera) only rows that were written are compared at the
commit: `FOR UPDATE`, an update that changes nothing and named locks hold nothing on other nodes. So
a turn is counted up. On one server the next in line waits for the commit; on a cluster it may be
refused there (a deadlock), and `retrying` runs it again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Select

from core.db.engine import writing
from core.db.turn_tables import turns
from core.db.upsert import add_to

#: So many rows at most, whatever there are names for: two names may share one, and then wait.
SLOTS = 2**20

Rows = TypeVar("Rows", bound=Select[Any])


@contextmanager
def in_turn(engine: Engine, *names: str) -> Iterator[Connection]:
    """A write transaction whose first statement takes the turns of these lines.

    Whatever it reads is as the one before in line left it. Run it by `retrying`.
    """
    with writing(engine) as connection:
        take(connection, *names)
        yield connection


def take(connection: Connection, *names: str) -> None:
    """Take the turns of these lines within a transaction, before what is read for a decision.

    Names are kept as hashes and taken in one order, so that two who want the same do not deadlock.
    """
    rows = [{"slot": slot, "turn": 1} for slot in sorted({slot_of(name) for name in names})]
    add_to(connection, turns, rows, ["turn"])


def hold(query: Rows) -> Rows:
    """The same rows, locked until the commit against writers on this server alone.

    It spares them a wait for nothing, and nothing else: only for rows that the transaction then
    writes, which is what other nodes of a cluster see.
    """
    return query.with_for_update()


def slot_of(name: str) -> int:
    """Where a line stands in the table."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) % SLOTS
