"""The console: a read is a question of rights first, asked of the database each time."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import Connection, text

from core import bootstrap
from core.db.engine import open_engine, reading, writing
from core.db.server import check_server
from core.db.tables import audit_log
from core.errors import Misconfigured, NotPermitted, NotSignedIn
from core.reads.permissions import requires
from core.settings import Settings
from tests.support.fixtures_access import audited, give, person
from tests.support.newest_schema import laid


@requires("see_revenue")
def revenue(connection: Connection, year: int, *, kind: str = "net") -> tuple[int, str]:
    connection.execute(text("SELECT 1"))
    return year, kind


def test_a_read_runs_for_those_who_have_its_right(console):
    user = person(console, "finance")
    assert console.read(user, revenue, 2026, kind="gross") == (2026, "gross")


def test_a_role_taken_away_refuses_the_very_next_read_and_is_noted(console):
    user = person(console, "finance")
    assert console.read(user, revenue, 2026)
    give(console, user, "viewer")
    for _ in range(5):
        with pytest.raises(NotPermitted):
            console.read(user, revenue, 2026)
    (row,) = audited(console, "read")
    assert (row.actor, row.outcome) == (user, "refused")
    assert row.target.endswith(".revenue")
    assert json.loads(row.details) == {"right": "see_revenue"}


@pytest.mark.parametrize("who", [None, "", "nobody"])
def test_nobody_reads_anything(console, who):
    with pytest.raises(NotSignedIn):
        console.read(who, revenue, 2026)


def test_a_picture_refuses_and_notes_as_a_read_does(console):
    user = person(console, "viewer")
    with console.picture(user) as picture:
        for _ in range(3):
            with pytest.raises(NotPermitted):
                picture.read(revenue, 2026)
            with pytest.raises(NotPermitted):
                picture.require("see_revenue", "screen")
    assert {(row.actor, row.outcome) for row in audited(console, "read")} == {(user, "refused")}
    for nobody in (None, "", "nobody"):
        with pytest.raises(NotSignedIn), console.picture(nobody):
            raise AssertionError("opened")


def test_what_was_taken_away_is_gone_in_the_next_picture(console):
    user = person(console, "finance")
    with console.picture(user) as picture:
        assert picture.read(revenue, 2026) == (2026, "net")
    give(console, user, "viewer")
    with console.picture(user) as picture, pytest.raises(NotPermitted):
        picture.read(revenue, 2026)


def test_the_same_is_read_once_in_a_picture(console):
    asked = []

    @requires("see_revenue")
    def noted(connection: Connection, *, kinds: object) -> int:
        asked.append(kinds)
        return len(asked)

    with console.picture(person(console, "finance")) as picture:
        assert [picture.read(noted, kinds=one) for one in ("a", "b", "a")] == [1, 2, 1]
        # What cannot be compared at once is read each time.
        assert [picture.read(noted, kinds=["a"]) for _ in range(2)] == [3, 4]


def test_a_function_without_a_right_is_not_a_read(console):
    def anything(connection: Connection) -> int:
        raise AssertionError("ran")

    with pytest.raises(Misconfigured, match="which right"):
        console.read(person(console, "admin"), anything)
    with pytest.raises(Misconfigured, match="no right called"):
        console.read(person(console, "admin"), requires("see_everything")(anything))


@pytest.mark.parametrize(("given", "kibibytes"), [({}, 65536), ({"cache_mib": 8}, 8192)])
def test_a_process_says_how_much_of_a_file_it_keeps(given, kibibytes, tmp_path):
    settings = Settings(
        _env_file=None, var_dir=tmp_path, database_url=laid(f"sqlite:///{tmp_path}/a.db")
    )
    console = bootstrap.build(settings, **given)
    with reading(console.engine) as connection:
        assert connection.scalar(text("PRAGMA cache_size")) == -kibibytes
    console.engine.dispose()


def test_reads_and_people_work_on_both_databases(database_url):
    from tests.support.fixtures_access import make_console

    console = make_console(database_url)
    user = person(console, "viewer", "finance")
    assert console.read(user, revenue, 1) == (1, "net")
    give(console, user)
    with pytest.raises(NotPermitted):
        console.read(user, revenue, 1)
    with reading(console.engine) as connection:
        assert connection.execute(audit_log.select()).all()
    console.engine.dispose()


@pytest.mark.mariadb
@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ("sql_mode = ''", "strict"),
        ("character_set_connection = latin1", "utf8mb4"),
        ("time_zone = '+08:00'", "time zone"),
    ],
)
def test_a_server_that_would_spoil_data_is_refused(mariadb, setting, complaint):
    engine = open_engine(mariadb())
    with writing(engine) as connection:
        check_server(connection)
        connection.execute(text(f"SET SESSION {setting}"))
        with pytest.raises(Misconfigured, match=complaint):
            check_server(connection)
    engine.dispose()
