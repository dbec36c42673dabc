"""Rows of every version reach the newest schema, however often the way there is cut short."""

from __future__ import annotations

from random import Random, SystemRandom

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from core.db import migrate
from core.db.engine import open_engine, reading
from core.db.tables import metadata
from tests.support.old_versions import (
    Killed,
    counted,
    fill,
    killed_at,
    revisions,
    rows_of,
    upgrade_to,
)

MONEY = {
    "payments": ("stripe_id", "amount_minor", "currency"),
    "balance_transactions": ("stripe_id", "amount_minor", "fee_minor", "net_minor", "currency"),
    "refund_requests": ("id", "amount_minor", "currency", "state"),
}


def cut_short(engine, revision, statement):
    """Go up to a version and be killed on the way; whether it was."""
    try:
        with killed_at(engine, statement):
            upgrade_to(engine, revision)
    except Killed:
        # Nothing of that process lives on.
        engine.dispose()
        return True
    return False


def walk(url, kills):
    """Up through all versions with rows written at each; `kills` says where each step is cut."""
    engine, rows, money = open_engine(url), {}, {}
    for revision in revisions():
        for statement in kills(revision):
            if not cut_short(engine, revision, statement):
                break
        upgrade_to(engine, revision)
        with reading(engine) as connection:
            found = counted(connection)
        assert {name: found[name] for name in rows} == rows, revision
        for name, before in money.items():
            assert rows_of(engine, name, *MONEY[name]) == before, (revision, name)
        rows = fill(engine, revision)
        money = {name: rows_of(engine, name, *MONEY[name]) for name in MONEY if name in rows}
    with reading(engine) as connection:
        assert migrate.is_current(connection)
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []
    assert rows["payments"] == len(revisions())
    # A start finds nothing to do.
    with killed_at(engine, 0):
        migrate.upgrade(engine)
    engine.dispose()


def test_rows_of_each_version_come_along_through_kills(empty_url):
    seed = SystemRandom().randrange(10**6)
    dice = Random(seed)
    try:
        walk(empty_url, lambda _revision: [dice.randrange(12)])
    except Exception as error:
        error.add_note(f"seed {seed}")
        raise


@pytest.mark.torture
def test_each_statement_of_each_version_may_be_the_last(empty_url):
    walk(empty_url, lambda _revision: range(400))
