"""The migrations make exactly the tables that the program knows, on both databases."""

import threading
import time
from datetime import timedelta

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import event, select, text, update

from core import clock
from core.db import migrate
from core.db.engine import open_engine, reading, writing
from core.db.tables import (
    group_roles,
    last_sign_ins,
    metadata,
    migration_lease,
    settings_table,
    user_roles,
)
from core.db.types import Utc


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


def test_last_sign_ins_move_and_roles_stay(empty_url):
    engine, at = open_engine(empty_url), clock.from_unix(1_795_000_000)
    with writing(engine) as connection:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0024")
    with writing(engine) as connection:
        when = Utc().bind_processor(engine.dialect)(at)
        connection.execute(
            text(
                "INSERT INTO users (id, email, name, password_given, disabled, demo, created_at,"
                " last_sign_in_at) VALUES ('u1', 'ada@shop.example', 'Ada', 0, 0, 0, :at, :at)"
            ),
            {"at": when},
        )
        connection.execute(user_roles.insert().values(user_id="u1", role="admin"))
    migrate.upgrade(engine)
    with reading(engine) as connection:
        assert connection.execute(select(last_sign_ins)).all() == [("u1", at)]
        assert connection.execute(select(user_roles)).all() == [("u1", "admin")]
        assert migrate.is_current(connection)
    engine.dispose()


def test_roles_by_groups_move_from_their_setting(empty_url):
    engine, at = open_engine(empty_url), clock.from_unix(1_795_000_000)
    with writing(engine) as connection:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0029")
    with writing(engine) as connection:
        rows = {
            "setting.oidc_group_roles": "Money=finance,viewer; Équipe=a=admin;",
            "setting.rate_limit": "7",
        }
        stamp = {"updated_at": at, "updated_by": "u1"}
        connection.execute(
            settings_table.insert(),
            [{"name": name, "value": value} | stamp for name, value in rows.items()],
        )
    migrate.upgrade(engine)
    with reading(engine) as connection:
        moved = select(group_roles).order_by(group_roles.c.group_name)
        assert connection.execute(moved).all() == [
            ("Money", "finance,viewer", at, "u1"),
            ("Équipe=a", "admin", at, "u1"),
        ]
        assert connection.scalars(select(settings_table.c.name)).all() == ["setting.rate_limit"]
    engine.dispose()


@pytest.mark.mariadb
def test_a_start_that_died_is_followed_once_its_lease_has_ended(empty_mariadb, monkeypatch):
    engine = open_engine(empty_mariadb())
    migration_lease.create(engine)
    monkeypatch.setattr(migrate, "_LASTS", timedelta(seconds=0.5))
    assert migrate._take_lease(engine, "dead")
    assert not migrate._take_lease(engine, "next")
    migrate.upgrade(engine)
    with reading(engine) as connection:
        assert migrate.is_current(connection)
        assert connection.scalar(select(migration_lease.c.fence)) is None
    engine.dispose()


@pytest.mark.mariadb
def test_a_lease_of_a_clock_that_ran_ahead_holds_nobody_up(empty_mariadb):
    engine = open_engine(empty_mariadb())
    migration_lease.create(engine)
    assert migrate._take_lease(engine, "ahead")
    with writing(engine) as connection:
        tomorrow = clock.now() + timedelta(days=1)
        connection.execute(update(migration_lease).values(until=tomorrow))
    assert migrate._take_lease(engine, "next")
    engine.dispose()
