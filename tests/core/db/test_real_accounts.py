"""A database of the version before, with what it filed wrongly, is mended by its migration."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from alembic import command
from sqlalchemy import MetaData, Table, select, text

from core.clock import to_micros
from core.db import migrate
from core.db.engine import is_sqlite, open_engine, reading, writing
from core.db.tables import stale_objects

MADE = datetime(2026, 11, 2, 12, tzinfo=UTC)
DAY = date(2026, 11, 2)
_TIMES = ("created_at", "as_of", "updated_at", "available_on", "received_at", "next_attempt_at")


@pytest.fixture
def before(empty_url):
    """An engine on a database as version 0013 left it."""
    engine = open_engine(empty_url)
    with writing(engine) as connection:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0013")
    yield engine
    engine.dispose()


def insert(connection, name, **given):
    """A row with what it must have; times as each database keeps them."""
    table = Table(name, MetaData(), autoload_with=connection)
    moment = to_micros(MADE) if is_sqlite(connection) else MADE.replace(tzinfo=None)
    row = {}
    for column in table.columns:
        if column.nullable or column.autoincrement is True:
            continue
        if column.name in _TIMES:
            row[column.name] = moment
        elif column.name in ("day", "business_day"):
            row[column.name] = DAY
        elif "CHAR" in str(column.type).upper() or "TEXT" in str(column.type).upper():
            row[column.name] = ""
        elif "BLOB" in str(column.type).upper():
            row[column.name] = b"{}"
        else:
            row[column.name] = 0
    connection.execute(table.insert(), row | given)


def fill(connection):
    """A live refund filed as test data, an authorization let go, a charge without an intent."""
    fill_charges(connection)
    fill_refunds(connection)
    fill_sums(connection)


def fill_charges(connection):
    insert(
        connection,
        "payments",
        stripe_id="pi_live",
        livemode=1,
        status="succeeded",
        state="partially_refunded",
        currency="usd",
        facet=1,
        amount_minor=2000,
        amount_received_minor=500,
        latest_charge_id="ch_live",
        customer_id="cus_gone",
    )
    insert(
        connection,
        "charges",
        stripe_id="ch_live",
        payment_id="pi_live",
        livemode=1,
        status="succeeded",
        captured=1,
        currency="usd",
        amount_minor=2000,
        amount_captured_minor=500,
        amount_refunded_minor=1500,
    )
    insert(
        connection,
        "charges",
        stripe_id="ch_alone",
        livemode=1,
        status="succeeded",
        captured=1,
        currency="usd",
        amount_minor=900,
        amount_captured_minor=900,
    )


def fill_refunds(connection):
    common = {"livemode": 0, "status": "succeeded", "currency": "usd"}
    insert(
        connection,
        "refunds",
        stripe_id="re_live",
        payment_id="pi_live",
        charge_id="ch_live",
        amount_minor=1500,
        operation_id="op",
        balance_transaction_id="txn_back",
        **common,
    )
    insert(
        connection, "refunds", stripe_id="re_alone", charge_id="ch_alone", amount_minor=1, **common
    )
    insert(connection, "refunds", stripe_id="re_test", payment_id="pi_test", **common)
    insert(connection, "customers", stripe_id="cus_gone", livemode=0, deleted=1)


def fill_sums(connection):
    for txn, source, category in (
        ("txn_back", "re_live", "partial_capture_reversal"),
        ("txn_alone", "ch_alone", "charge"),
        ("txn_of_alone", "re_alone", "refund"),
    ):
        insert(
            connection,
            "balance_transactions",
            stripe_id=txn,
            source_id=source,
            livemode=1,
            type="x",
            reporting_category=category,
            currency="usd",
            status="available",
        )
    insert(
        connection, "facets", id=1, livemode=1, status="succeeded", currency="usd", method="card"
    )
    for slot, count in ((0, 0), (3, 1)):
        insert(connection, "payments_daily", day=DAY, facet=1, slot=slot, livemode=1, count=count)


def upgraded(engine):
    migrate.upgrade(engine)
    with reading(engine) as connection:
        return {
            name: [
                dict(row) for row in connection.execute(text(f"SELECT * FROM {name}")).mappings()
            ]
            for name in ("refunds", "charges", "payments", "customers", "balance_transactions")
        } | {
            "facets": connection.execute(text("SELECT id, dispute FROM facets")).all(),
            "captured": connection.scalar(text("SELECT SUM(captured_minor) FROM payments_daily")),
            "stale": {
                (row.kind, row.stripe_id, row.livemode)
                for row in connection.execute(select(stale_objects))
            },
        }


def by_id(rows, name):
    return {row["stripe_id"]: row[name] for row in rows}


def test_what_was_filed_wrongly_is_mended(before):
    with writing(before) as connection:
        fill(connection)
    found = upgraded(before)
    assert by_id(found["refunds"], "livemode") == {"re_live": 1, "re_alone": 1, "re_test": 0}
    assert by_id(found["customers"], "livemode") == {"cus_gone": 1}
    assert by_id(found["refunds"], "released") == {"re_live": 1, "re_alone": 0, "re_test": 0}
    assert by_id(found["charges"], "payment_id") == {"ch_live": "pi_live", "ch_alone": "ch_alone"}
    assert by_id(found["refunds"], "payment_id")["re_alone"] == "ch_alone"
    assert by_id(found["balance_transactions"], "payment_id") == {
        "txn_back": "pi_live",
        "txn_alone": "ch_alone",
        "txn_of_alone": "ch_alone",
    }
    assert by_id(found["payments"], "amount_captured_minor") == {"pi_live": 500}
    assert (found["captured"], found["facets"]) == (500, [(1, "")])
    assert found["stale"] == {
        ("payment_intent", "pi_live", True),
        ("charge", "ch_alone", True),
        ("refund", "re_live", True),
    }


def test_a_migration_that_was_cut_short_may_begin_again(before):
    with writing(before) as connection:
        fill(connection)
    first = upgraded(before)
    with writing(before) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0013'"))
    assert upgraded(before) == first
