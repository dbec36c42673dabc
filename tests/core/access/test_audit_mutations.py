"""Whatever is done to the log is found: by the chain alone, or with a head kept apart."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from sqlalchemy import select

from core import clock
from core.access import audit
from core.db.engine import open_engine, reading, writing
from core.db.migrate import upgrade
from core.db.tables import audit_log, settings_table

ROWS = 40
NOW = clock.from_unix(1_795_000_000)
COLUMNS = {
    "actor": "mallory",
    "action": "refund.approve",
    "target": "pi_mallory",
    "outcome": "ok!",
    "details": '{"n":-1}',
    "at": NOW - timedelta(days=1),
    "hash": "0" * 64,
    "previous_hash": "f" * 64,
}


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """A log of forty rows; each mutation is tried on it and rolled back."""
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('audit') / 'log.db'}")
    upgrade(engine)
    with writing(engine) as connection:
        for number in range(ROWS):
            audit.append(
                connection,
                actor=f"user{number % 3}",
                action="refund.ask",
                target=f"pi_{number}",
                details={"n": number},
                now=NOW + timedelta(seconds=number),
            )
    yield engine
    engine.dispose()


def rows_of(connection):
    return connection.execute(select(audit_log).order_by(audit_log.c.seq)).mappings().all()


def change_one(connection, dice):
    seq, column = dice.randint(1, ROWS), dice.choice(list(COLUMNS))
    set_row(connection, seq, {column: COLUMNS[column]})
    return False


def change_one_and_seal_it_again(connection, dice):
    """As somebody would who knows how rows are sealed."""
    seq = dice.randint(1, ROWS - 1)
    row = dict(rows_of(connection)[seq - 1]) | {"details": '{"n":-1}'}
    set_row(connection, seq, {"details": row["details"], "hash": audit.seal(row)})
    return False


def remove(connection, dice):
    first = dice.randint(1, ROWS)
    gone = audit_log.c.seq.between(first, first + dice.randint(0, 3))
    connection.execute(audit_log.delete().where(gone))
    return False


def swap(connection, dice):
    first, second = dice.sample(range(1, ROWS + 1), 2)
    rows = rows_of(connection)
    for seq, other in ((first, rows[second - 1]), (second, rows[first - 1])):
        set_row(connection, seq, {"target": other["target"], "details": other["details"]})
    return False


def put_in(connection, dice):
    row = dict(rows_of(connection)[dice.randrange(ROWS)])
    connection.execute(audit_log.insert().values(**row | {"seq": dice.choice([0, -5, ROWS + 1])}))
    return False


def cut_the_end_and_move_the_head(connection, dice):
    """What is left is a true chain: only a head that was kept elsewhere tells."""
    last = dice.randint(1, ROWS - 1)
    connection.execute(audit_log.delete().where(audit_log.c.seq > last))
    move_head(connection, last, rows_of(connection)[-1]["hash"])
    return True


def write_the_rest_anew(connection, dice):
    """From one row on, all sealed again, and the head with them."""
    start, previous = dice.randint(1, ROWS), None
    for row in map(dict, rows_of(connection)[start - 1 :]):
        if previous is None:
            row["actor"] = "mallory"
        else:
            row["previous_hash"] = previous
        previous = row["hash"] = audit.seal(row)
        set_row(connection, row["seq"], row)
    move_head(connection, ROWS, previous)
    return True


def set_row(connection, seq, values):
    connection.execute(audit_log.update().where(audit_log.c.seq == seq).values(**values))


def move_head(connection, seq, sealed):
    connection.execute(
        settings_table.update()
        .where(settings_table.c.name == "audit.head")
        .values(value=f"{seq} {sealed}")
    )


MUTATIONS = (
    change_one,
    change_one_and_seal_it_again,
    remove,
    swap,
    put_in,
    cut_the_end_and_move_the_head,
    write_the_rest_anew,
)


def find_all(engine, count, seed):
    dice = random.Random(seed)
    with reading(engine) as connection:
        anchor = audit.head(connection)
        assert audit.verify(connection, anchor=anchor) is None
    for _ in range(count):
        mutate = dice.choice(MUTATIONS)
        with engine.connect().execution_options(writes=True) as connection, connection.begin() as t:
            needs_anchor = mutate(connection, dice)
            told = f"seed {seed}: {mutate.__name__} was not found"
            assert audit.verify(connection, anchor=anchor) is not None, told
            assert needs_anchor or audit.verify(connection) is not None, told
            t.rollback()


def test_every_mutation_is_found(log):
    find_all(log, 300, random.randrange(10**6))


@pytest.mark.torture
def test_ten_thousand_mutations_are_found(log):
    find_all(log, 10_000, random.randrange(10**6))


def test_a_verifier_that_looks_at_numbers_alone_is_shown_up(log, monkeypatch):
    """The planted fault: a verifier that never seals rows again."""
    monkeypatch.setattr(audit, "seal", lambda row: row["hash"])
    with pytest.raises(AssertionError, match="was not found"):
        find_all(log, 300, 1)
