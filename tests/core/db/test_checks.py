"""The database itself refuses a state, an amount or a currency that no decision can have."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Table, inspect, select
from sqlalchemy.exc import DBAPIError

from core import clock
from core.db import migrate
from core.db.engine import open_engine, reading, writing
from core.db.tables import (
    bulk_refunds,
    cases,
    exports,
    gate_passes,
    operations,
    refund_requests,
    scenario_runs,
)
from core.states import (
    BulkRefundState,
    CaseState,
    ExportState,
    OperationState,
    RefundState,
    ScenarioRunState,
)

LIFE_CYCLES = {
    operations: OperationState,
    refund_requests: RefundState,
    bulk_refunds: BulkRefundState,
    cases: CaseState,
    scenario_runs: ScenarioRunState,
    exports: ExportState,
}
WITH_MONEY = (refund_requests, cases, gate_passes)


@pytest.fixture
def engine(database_url):
    found = open_engine(database_url)
    yield found
    found.dispose()


def row(table: Table, **values: Any) -> dict[str, Any]:
    """A row whose every column has a value of its type, each time another key."""
    kinds: dict[type, Any] = {str: "", int: 1, bool: False}
    filled: dict[str, Any] = {}
    for column in table.columns:
        kind = column.type.python_type
        filled[column.name] = kinds[kind] if kind in kinds else clock.now()
        if column.primary_key or column.unique or column.name == "source_id":
            filled[column.name] = uuid.uuid4().hex
    if table in LIFE_CYCLES:
        filled["state"] = next(iter(LIFE_CYCLES[table])).value
    if table in WITH_MONEY:
        filled["currency"] = "usd"
    return filled | values


def write(engine, table, **values):
    with writing(engine) as connection:
        connection.execute(table.insert().values(row(table, **values)))


@pytest.mark.parametrize("table", LIFE_CYCLES, ids=str)
def test_each_state_is_taken_and_no_other(engine, table):
    for state in LIFE_CYCLES[table]:
        write(engine, table, state=state)
    for wrong in ("", "done?", next(iter(LIFE_CYCLES[table])).value.upper()):
        with pytest.raises(DBAPIError):
            write(engine, table, state=wrong)


@pytest.mark.parametrize("table", WITH_MONEY, ids=str)
def test_an_amount_is_not_negative(engine, table):
    write(engine, table, amount_minor=0)
    with pytest.raises(DBAPIError):
        write(engine, table, amount_minor=-1)


@pytest.mark.parametrize("table", WITH_MONEY, ids=str)
def test_a_currency_has_three_or_four_lower_case_letters(engine, table):
    for right in ("usd", "kwd", "usdc"):
        write(engine, table, currency=right)
    for wrong in ("", "us", "USD", "u5d", "us d"):
        with pytest.raises(DBAPIError):
            write(engine, table, currency=wrong)


def test_decisions_of_the_version_before_keep_their_rows_and_indexes(empty_url):
    engine = open_engine(empty_url)
    with writing(engine) as connection:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0016")
    # Files came later, with their check.
    tables = sorted({*LIFE_CYCLES, *WITH_MONEY} - {exports}, key=str)
    for table in tables:
        for _ in range(3):
            write(engine, table)
    before = [everything(engine, table) for table in tables]
    migrate.upgrade(engine)
    assert [everything(engine, table) for table in tables] == before
    engine.dispose()


def everything(engine, table):
    with reading(engine) as connection:
        rows = connection.execute(select(table).order_by(*table.primary_key.columns)).all()
        return rows, sorted(one["name"] for one in inspect(connection).get_indexes(table.name))
