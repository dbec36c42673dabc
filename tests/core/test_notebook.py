"""The console of a notebook: what it reads, in which units, and that it changes nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Connection, delete, insert, update
from sqlalchemy.exc import DBAPIError

import core
from core.db.engine import open_engine, writing
from core.db.tables import (
    balance_readings,
    breaks,
    disputes,
    payments,
    payouts,
)
from core.errors import InvalidInput, Misconfigured
from core.money import Money, major
from core.notebook import COLUMNS, NotebookConsole, RowsLeftOut
from core.reads.frames.columns import Kind
from core.reads.revenue import revenue
from core.settings import Settings
from tests.support.factories import (
    NOON,
    add_ledger,
    add_payments,
    fresh_engine,
    ledger_row,
    payment_row,
)

PERIOD = ("2026-11-01", "2026-12-01")
LISTS = ("payments", "disputes", "payouts", "ledger", "breaks", "balance_readings")
PAGE = Path(core.__file__).parents[1] / "docs" / "notebook.md"


def settings_of(url: str, **given: Any) -> Settings:
    return Settings(database_url=url, _env_file=None, **given)


def add_others(connection: Connection) -> None:
    """A dispute, a payout, a break and a reading of the balance."""
    mirrored = {"livemode": False, "confirmed": True, "created_at": NOON, "as_of": NOON}
    connection.execute(
        insert(disputes).values(
            stripe_id="du_1",
            status="lost",
            amount_minor=1005,
            currency="usd",
            has_evidence=True,
            **mirrored,
        )
    )
    connection.execute(
        insert(payouts).values(
            stripe_id="po_1",
            status="paid",
            amount_minor=-12340,
            currency="kwd",
            automatic=True,
            **mirrored,
        )
    )
    connection.execute(
        insert(breaks).values(
            livemode=False,
            identity="rows",
            kind="amount",
            object_id="txn_1",
            currency="jpy",
            day=NOON.date(),
            ours_minor=500,
            theirs_minor=None,
            cause="edited",
            state="open",
            first_run=1,
            last_run=1,
            found_at=NOON,
        )
    )
    connection.execute(
        insert(balance_readings).values(
            livemode=False,
            read_at=NOON,
            currency="kwd",
            balance_type="payments",
            bucket="available",
            amount_minor=12340,
            newest_row="txn_1",
        )
    )


def fill(url: str) -> None:
    """Payments in three currencies, their ledger rows, and one of each other object."""
    engine = fresh_engine(url)
    rows = [
        payment_row(currency=currency, amount_minor=amount, fee_minor=30, net_minor=amount - 30)
        | {"settlement_currency": currency}
        for currency, amount in (("usd", 1005), ("jpy", 500), ("kwd", 12340), ("usd", 2**53 + 1))
    ]
    rows[1] |= {"fee_minor": None, "net_minor": None, "settlement_currency": None}
    with writing(engine) as connection:
        add_payments(connection, rows)
        add_ledger(connection, [ledger_row(row) for row in rows])
        add_others(connection)
    engine.dispose()


@pytest.fixture
def console(database_url: str) -> Iterator[NotebookConsole]:
    fill(database_url)
    opened = core.open_console(settings_of(database_url))
    yield opened
    opened.close()


@pytest.mark.parametrize("name", COLUMNS)
def test_a_read_gives_the_columns_that_are_documented(name: str, console: NotebookConsole) -> None:
    found = getattr(console, name)(*PERIOD)
    assert list(found.columns) == list(console.columns(name)["column"])
    assert len(found) > 0


@pytest.mark.parametrize("name", COLUMNS)
def test_columns_have_their_types_with_rows_and_without(
    name: str, console: NotebookConsole
) -> None:
    empty = ("2020-01-01", "2020-01-02")
    for found in (getattr(console, name)(*PERIOD), getattr(console, name)(*empty)):
        for column in COLUMNS[name]:
            if column.kind is Kind.MONEY:
                assert str(found[f"{column.name}_minor"].dtype) == "Int64"
            else:
                assert str(found[column.name].dtype) == column.kind.value


@pytest.mark.parametrize("name", COLUMNS)
def test_a_major_amount_is_exactly_the_minor_one(name: str, console: NotebookConsole) -> None:
    found = getattr(console, name)(*PERIOD)
    for column in COLUMNS[name]:
        if column.kind is not Kind.MONEY:
            continue
        whole = found[[f"{column.name}_minor", column.name, column.currency]]
        for minor, amount, currency in whole.itertuples(index=False):
            if pd.isna(minor):
                assert amount is None
            else:
                assert amount == major(Money(int(minor), currency))
                assert isinstance(amount, Decimal)


def test_amounts_beyond_a_floats_precision_stay_exact(console: NotebookConsole) -> None:
    found = console.payments(*PERIOD)
    assert found["amount_minor"].max() == 2**53 + 1
    assert found["amount"].max() == Decimal("90071992547409.93")


def test_times_are_utc(console: NotebookConsole) -> None:
    assert console.disputes(*PERIOD)["created_at"].iloc[0] == NOON


def test_revenue_is_that_of_the_screen(console: NotebookConsole) -> None:
    by_currency = console.revenue_by_currency(*PERIOD).set_index("currency")
    by_day = console.revenue_by_day(*PERIOD).groupby("currency").sum(numeric_only=True)
    with console.connection() as connection:
        for currency in ("usd", "jpy", "kwd"):
            shown = revenue.summary(
                connection,
                livemode=False,
                currency=currency,
                since=date(2026, 11, 1),
                until=date(2026, 12, 1),
            ).current
            assert by_currency.loc[currency, "net_minor"] == shown.net_minor != 0
            assert by_day.loc[currency, "net_minor"] == shown.net_minor


def test_a_day_is_one_of_the_reporting_time_zone(database_url: str) -> None:
    engine = fresh_engine(database_url)
    with writing(engine) as connection:
        # Half past midnight on 2 November in Shanghai.
        made = datetime(2026, 11, 1, 16, 30, tzinfo=UTC)
        add_payments(connection, [payment_row(created_at=made)])
    engine.dispose()
    console = core.open_console(settings_of(database_url, reporting_timezone="Asia/Shanghai"))
    assert len(console.payments("2026-11-01", "2026-11-02")) == 0
    assert len(console.payments("2026-11-02", date(2026, 11, 3))) == 1
    console.close()


@pytest.mark.parametrize("name", LISTS)
def test_the_other_mode_is_not_read(name: str, database_url: str) -> None:
    fill(database_url)
    console = core.open_console(settings_of(database_url), livemode=True)
    assert getattr(console, name)(*PERIOD).empty
    console.close()


def test_rows_beyond_the_limit_are_left_out_with_a_warning(console: NotebookConsole) -> None:
    with pytest.warns(RowsLeftOut, match="more than 3 rows"):
        found = console.payments(*PERIOD, limit=3)
    assert len(found) == 3
    assert found.attrs["complete"] is False
    assert console.payments(*PERIOD, limit=4).attrs["complete"] is True


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"since": "2026-11-31"}, "since"),
        ({"until": "soon"}, "until"),
        ({"until": "2026-11-01"}, "until"),
        ({"limit": 0}, "limit"),
        ({"limit": 1_000_001}, "limit"),
    ],
)
def test_what_cannot_be_read_is_named(
    asked: dict[str, Any], field: str, console: NotebookConsole
) -> None:
    with pytest.raises(InvalidInput) as refused:
        console.payments(**{"since": "2026-11-01", "until": "2026-12-01"} | asked)
    assert refused.value.field == field


def test_every_kind_of_write_is_refused_by_the_database(console: NotebookConsole) -> None:
    writes = (
        insert(payments).values(payment_row()),
        update(payments).values(amount_minor=1),
        delete(payments),
    )
    for write in writes:
        with console.connection() as connection, pytest.raises(DBAPIError, match=r"(?i)read.?only"):
            connection.execute(write)
        # As those begin that mean to write.
        with pytest.raises(DBAPIError), writing(console.engine) as connection:
            connection.execute(write)
    with console.connection() as connection, pytest.raises(DBAPIError):
        payments.drop(connection)
    assert len(console.payments(*PERIOD)) == 4


def test_a_worker_writes_while_a_notebook_reads(console: NotebookConsole) -> None:
    engine = open_engine(console.settings.database)
    with console.connection() as reads:
        reads.execute(payments.select()).first()
        with writing(engine) as connection:
            add_payments(connection, [payment_row()])
    engine.dispose()
    assert len(console.payments(*PERIOD)) == 5


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "none.db"
    with pytest.raises(Misconfigured, match="no database"):
        core.open_console(settings_of(f"sqlite:///{path}"))
    assert not path.parent.exists()


def test_a_file_whose_name_has_a_uris_marks_is_opened(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a b#c%20d.db'}"
    fill(url)
    console = core.open_console(settings_of(url))
    assert len(console.payments(*PERIOD)) == 4
    console.close()


def test_tables_of_another_version_are_refused_and_stay(empty_url: str) -> None:
    engine = open_engine(empty_url)
    with writing(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('0001')")
    engine.dispose()
    with pytest.raises(Misconfigured, match="version 0001"):
        core.open_console(settings_of(empty_url))


def test_importing_core_stays_cheap() -> None:
    program = "import core, sys; print(sorted({'pandas', 'sqlalchemy'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert found.stdout.strip() == b"[]"


@pytest.mark.parametrize("name", COLUMNS)
def test_the_page_has_the_columns(name: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    _, _, rest = page.partition(f"### `{name}`\n")
    table = rest.partition("\n### ")[0]
    for one in COLUMNS[name]:
        for column, unit, meaning in one.described():
            assert f"| `{column}` | {unit} | {meaning} |" in table


def test_no_read_gives_a_name_or_an_address() -> None:
    given = {column.name for columns in COLUMNS.values() for column in columns}
    assert given.isdisjoint({"email", "customer_name", "ip", "card_last4", "card_fingerprint"})


def test_the_period_ends_before_its_last_day(console: NotebookConsole) -> None:
    day = NOON.date()
    assert console.payouts(day - timedelta(days=3), day).empty
    assert len(console.payouts(day, day + timedelta(days=1))) == 1
