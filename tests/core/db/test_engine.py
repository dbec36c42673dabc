"""The engine: what is tried again, and a first start that was cut short."""

import pymysql
from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, OperationalError

from core.db import migrate
from core.db.engine import is_transient, open_engine, reading, writing


def test_a_first_migration_that_was_cut_short_is_begun_anew(empty_mariadb):
    engine = open_engine(empty_mariadb())
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE amount_hist (a INT)"))
    migrate.upgrade(engine)
    with reading(engine) as connection:
        assert migrate.is_current(connection)


def test_a_database_that_is_busy_or_gone_is_tried_again():
    full = pymysql.err.OperationalError(1040, "Too many connections")
    assert is_transient(OperationalError("s", None, full))
    assert is_transient(InterfaceError("s", None, pymysql.err.InterfaceError(0, "")))
    wrong = pymysql.err.OperationalError(1054, "Unknown column")
    assert not is_transient(OperationalError("s", None, wrong))
