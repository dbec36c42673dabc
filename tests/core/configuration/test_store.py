"""Kept settings: under the environment, secrets encrypted, in force in a console that runs."""

from __future__ import annotations

import threading
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import select

from core import clock
from core.actions.admin import settings as actions
from core.bootstrap import CurrentConsole, reread, with_kept
from core.configuration import store
from core.configuration.kept_settings import KEPT
from core.db.engine import open_engine, reading, writing
from core.db.tables import settings_table
from core.encryption import Encrypter, new_key
from core.errors import InvalidInput, Misconfigured
from core.reads.admin import settings as reads
from core.settings import Settings
from tests.support.fixtures_access import make_console

KEY = new_key()
SECRET = "sk_test_0123456789wxyz"


def environment(**given):
    return Settings(_env_file=None, **({"encryption_key": KEY} | given))


def keep(console, encrypter=None, **values):
    encrypter = encrypter or Encrypter(KEY)
    with writing(console.engine) as connection:
        for name, value in values.items():
            kept = store.sealed(KEPT[name], value, encrypter)
            store.write(connection, KEPT[name], kept, actor="test", now=clock.now())


def rows(console):
    with reading(console.engine) as connection:
        return store.rows(connection)


def test_what_is_kept_is_in_force_where_the_environment_says_nothing(console):
    keep(console, reporting_timezone="Asia/Tokyo", rate_limit="7", payment_largest="12.50")
    keep(console, stripe_secret_key=SECRET, payment_currencies="usd,jpy")
    given = environment(rate_limit=99, stripe_publishable_key="")
    found = store.in_force(given, rows(console))
    assert str(found.zone) == "Asia/Tokyo"
    assert found.rate_limit == 99
    assert found.payment_largest == Decimal("12.50")
    assert found.currencies == ("usd", "jpy")
    assert found.secret_keys == {False: SECRET}
    assert not found.uses_emulator
    assert store.from_environment(given) == {"rate_limit"}
    # What was asked of the environment before stays what it was.
    assert (str(given.zone), given.uses_emulator) == ("UTC", True)


def test_a_secret_stands_in_no_row_as_it_is(console):
    keep(console, stripe_secret_key=SECRET)
    with reading(console.engine) as connection:
        kept = " ".join(connection.scalars(select(settings_table.c.value)))
    assert SECRET not in kept
    assert "wxyz" in kept
    assert SECRET not in repr(store.in_force(environment(), rows(console)))


def test_another_key_does_not_open_a_secret_and_nothing_is_kept_without_one(console):
    keep(console, stripe_secret_key=SECRET)
    for key in (new_key(), "", "short"):
        with pytest.raises(Misconfigured, match="ENCRYPTION_KEY"):
            store.in_force(environment(encryption_key=key), rows(console))
    with pytest.raises(InvalidInput, match="ENCRYPTION_KEY"):
        store.sealed(KEPT["stripe_secret_key"], SECRET, Encrypter(""))


def test_a_rotated_secret_opens_with_the_new_key_alone(console):
    keep(console, stripe_secret_key=SECRET)
    new = new_key()
    with writing(console.engine) as connection:
        both = Encrypter(f"{new}, {KEY}")
        assert store.rotate(connection, both, actor="test", now=clock.now()) == 1
    found = store.in_force(environment(encryption_key=new), rows(console))
    assert found.secret_keys == {False: SECRET}
    with pytest.raises(Misconfigured):
        store.in_force(environment(), rows(console))


def test_a_start_and_a_console_that_runs_take_changes_up(tmp_path):
    url = f"sqlite:///{tmp_path / 'tillwatch.db'}"
    console = make_console(url)
    assert reread(console) is console
    now = [0.0]
    current = CurrentConsole(console, tick=lambda: now[0])
    keep(console, reporting_timezone="Asia/Tokyo")
    assert current.get() is console
    now[0] = 2.0
    found = current.get()
    assert str(found.settings.zone) == "Asia/Tokyo"
    assert found.engine is console.engine
    assert found.set_outside.reporting_timezone == "UTC"
    now[0] = 4.0
    assert current.get() is found
    again = make_console(url)
    assert str(again.settings.zone) == "Asia/Tokyo"
    with writing(console.engine) as connection:
        assert store.remove(connection, KEPT["reporting_timezone"])
    now[0] = 6.0
    assert str(current.get().settings.zone) == "UTC"
    for one in (console, again):
        one.engine.dispose()


def test_what_runs_goes_on_where_kept_settings_cannot_be_read(console, caplog):
    now = [0.0]
    current = CurrentConsole(console, tick=lambda: now[0])
    keep(console, stripe_secret_key=SECRET)
    now[0] = 2.0
    assert current.get() is console
    assert "ENCRYPTION_KEY" in caplog.text
    nowhere = open_engine("mysql+pymysql://me@127.0.0.1:1/none")
    gone = CurrentConsole(replace(console, engine=nowhere), tick=lambda: now[0])
    now[0] = 4.0
    assert gone.get().engine is nowhere
    assert with_kept(console.settings, nowhere).settings is console.settings
    nowhere.dispose()


def test_settings_are_kept_on_both_databases(database_url):
    console = make_console(database_url, encryption_key=KEY)
    given = console.settings
    secret = {"stripe_secret_key": SECRET, "rate_limit": "7"}
    actions.change_outside(console.engine, secret, environment=given, actor="test")
    again = {"stripe_secret_key": f"{SECRET}2"}
    actions.change_outside(console.engine, again, environment=given, actor="test")
    new = new_key()
    assert actions.rotate(console.engine, Encrypter(f"{new},{KEY}"), actor="test") == 1
    found = store.in_force(environment(encryption_key=new), rows(console))
    assert (found.secret_keys, found.rate_limit) == ({False: f"{SECRET}2"}, 7)
    gone = dict.fromkeys(secret)
    actions.change_outside(console.engine, gone, environment=given, actor="test")
    assert rows(console) == {}
    with reading(console.engine) as connection:
        assert [one.target for one in reads.changes(connection)].count("RATE_LIMIT") == 2
        assert reads.kept(connection) == ()
    console.engine.dispose()


def test_administrators_who_change_settings_at_once_end_one_after_the_other(database_url):
    console = make_console(database_url)
    given, failed = console.settings, []

    def change(number):
        try:
            for step in range(4):
                value = {"rate_limit": str(100 * number + step)}
                actions.change_outside(console.engine, value, environment=given, actor="test")
        except Exception as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=change, args=(number,)) for number in (1, 2, 3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert failed == []
    with reading(console.engine) as connection:
        found = reads.changes(connection, limit=50)
    assert len(found) == 12
    # Each begins where the one before it ended: no change is lost in another.
    assert [one.before for one in found[:-1]] == [one.after for one in found[1:]]
    console.engine.dispose()
