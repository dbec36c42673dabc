"""The audit log: one unbroken chain, whatever writers do, and every change of it is found."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import select

from core import clock
from core.access import audit
from core.access.audit import Broken
from core.db.engine import open_engine, reading, retrying, writing
from core.db.tables import audit_log, settings_table

NOW = clock.from_unix(1_795_000_000)


@pytest.fixture
def engine(access_url):
    made = open_engine(access_url, pool_size=8)
    yield made
    made.dispose()


def write(engine, number=0, **more):
    def work():
        with writing(engine) as connection:
            details = {"n": number, "who": "Zoë 张"}
            return audit.append(connection, actor="u", action="a", details=details, **more)

    return retrying(work)


def broken(engine) -> Broken | None:
    with reading(engine) as connection:
        return audit.verify(connection)


def change(engine, statement):
    with writing(engine) as connection:
        connection.execute(statement)


def test_an_empty_log_and_a_true_one_verify(engine):
    assert broken(engine) is None
    assert [write(engine, number) for number in range(25)] == list(range(1, 26))
    assert broken(engine) is None
    with reading(engine) as connection:
        last = connection.execute(select(audit_log).where(audit_log.c.seq == 25)).one()
        assert audit.head(connection) == (25, last.hash)


def eight_writers(engine, rows):
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda n: write(engine, n), range(rows)))
    assert sorted(numbers) == list(range(1, rows + 1))
    assert broken(engine) is None


def test_eight_writers_make_one_chain(engine):
    eight_writers(engine, 120)


@pytest.mark.torture
def test_eight_writers_make_one_long_chain(engine):
    eight_writers(engine, 20_000)


def test_writers_that_remember_the_head_would_be_seen(engine, monkeypatch):
    """The planted fault: a chain that forks, for each process follows what it saw last."""
    numbers, before = count(1), "0" * 64
    monkeypatch.setattr(audit, "_take_head", lambda _connection: (next(numbers) - 1, before))
    with pytest.raises(AssertionError):
        eight_writers(engine, 16)
    assert broken(engine) == Broken(2, "does not follow the row before it")


def test_a_rolled_back_action_leaves_no_row(engine):
    write(engine)
    with engine.connect() as connection:
        audit.append(connection, actor="u", action="a")
        connection.rollback()
    write(engine)
    assert broken(engine) is None


@pytest.mark.parametrize(
    "values",
    [
        {"actor": "other"},
        {"action": "b"},
        {"target": "pi_1"},
        {"outcome": "refused"},
        {"details": "{}"},
        {"at": NOW + timedelta(microseconds=1)},
        {"hash": "0" * 64},
        {"previous_hash": "0" * 64},
        {"seq": 1000},
    ],
    ids=lambda values: next(iter(values)),
)
def test_a_changed_row_is_named(engine, values):
    for number in range(9):
        write(engine, number, now=NOW)
    victim = random.randint(2, 9)
    change(engine, audit_log.update().where(audit_log.c.seq == victim).values(**values))
    assert broken(engine).seq == victim


def test_removed_rows_are_named_at_the_end_too(engine):
    for number in range(9):
        write(engine, number)
    change(engine, audit_log.delete().where(audit_log.c.seq == 9))
    assert broken(engine).seq == 9
    change(engine, audit_log.delete().where(audit_log.c.seq == 4))
    assert broken(engine).seq == 4


def test_a_walk_in_parts_finds_what_a_walk_at_once_finds(engine):
    for number in range(25):
        write(engine, number)
    change(engine, audit_log.update().where(audit_log.c.seq == 17).values(actor="other"))
    for rows in (1, 4, 16, 17, 25, 100):
        walk, parts = audit.Walk(), []
        while not walk.done:
            with reading(engine) as connection:
                walk = audit.advance(connection, walk, rows)
            parts.append(walk.seq)
        assert walk.broken == Broken(17, "was changed")
        assert parts == [*range(rows, 17, rows), 16]


def test_a_walk_goes_on_to_rows_that_came_meanwhile(engine):
    for number in range(10):
        write(engine, number)
    with reading(engine) as connection:
        walk = audit.advance(connection, audit.Walk(), 8)
    assert (walk.seq, walk.done) == (8, False)
    write(engine)
    with reading(engine) as connection:
        walk = audit.advance(connection, walk, 8)
    assert (walk.seq, walk.done, walk.broken) == (11, True, None)


def test_a_head_that_was_moved_is_found(engine):
    write(engine)
    head = settings_table.update().where(settings_table.c.name == "audit.head")
    change(engine, head.values(value="7 " + "0" * 64))
    assert broken(engine) is not None


def test_a_repeated_refusal_is_one_row_a_window(engine):
    for second in (0, 30, 59, 61):
        with writing(engine) as connection:
            audit.append_once(
                connection,
                timedelta(minutes=1),
                actor="u",
                action="read",
                outcome="refused",
                now=NOW + timedelta(seconds=second),
            )
    with reading(engine) as connection:
        assert audit.head(connection)[0] == 2
