"""A held connection: kept while it is in use, checked by the pool after it lay idle."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from core.db import pinned_connection
from core.db.engine import open_engine
from core.db.pinned_connection import HeldConnection


@pytest.fixture
def engine(mariadb):
    engine = open_engine(mariadb())
    yield engine
    engine.dispose()


def own_id(connection):
    with connection.writing() as conn:
        return conn.scalar(text("SELECT CONNECTION_ID()"))


def kill(engine, number):
    with engine.connect() as other:
        other.execute(text(f"KILL {number}"))


def test_one_connection_serves_transaction_after_transaction(engine):
    connection = HeldConnection(engine)
    assert own_id(connection) == own_id(connection)
    connection.close()


def test_what_was_cut_off_while_idle_is_replaced_and_nobody_notices(engine, monkeypatch):
    connection = HeldConnection(engine)
    first = own_id(connection)
    kill(engine, first)
    monkeypatch.setattr(pinned_connection, "IDLE_SECONDS", -1)
    assert own_id(connection) != first
    connection.close()


def test_what_was_cut_off_in_use_fails_once_and_is_replaced(engine):
    connection = HeldConnection(engine)
    first = own_id(connection)
    kill(engine, first)
    with pytest.raises(OperationalError):
        own_id(connection)
    assert own_id(connection) != first
    connection.close()
