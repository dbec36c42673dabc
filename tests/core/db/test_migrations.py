"""The migrations make exactly the tables that the program knows, on both databases."""

import threading
import time

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import event

from core.db import migrate
from core.db.engine import open_engine, reading
from core.db.tables import metadata


def test_migrations_and_tables_agree(empty_url):
    engine = open_engine(empty_url)
    migrate.upgrade(engine)
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []
        assert migrate.is_current(connection)


def test_processes_that_start_at_once_migrate_once(empty_url):
    failures = []

    def start():
        engine = open_engine(empty_url)
        # Between the last statement and its commit the others must not begin.
        event.listen(engine, "commit", lambda _connection: time.sleep(0.3))
        try:
            migrate.upgrade(engine)
        except Exception as error:
            failures.append(error)
            raise
        finally:
            engine.dispose()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with reading(open_engine(empty_url)) as connection:
        assert migrate.is_current(connection)
