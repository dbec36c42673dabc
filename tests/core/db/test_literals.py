"""Rows go to the database as they are, whatever stands in their text and however many they are."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, event, select, text

from core import clock
from core.db import migrate
from core.db.engine import open_engine, writing
from core.db.literals import rendered
from core.db.tables import customers
from core.db.upsert import insert_new

NASTY = [
    "it's",
    "''",
    "back\\slash",
    "\\' OR 1=1 -- ",
    "\\",
    "100 %s %(name)s %%",
    '"double"',
    "line\nbreak\r\ttab",
    "zero\0byte \x1a",
    "_utf8mb4 X'00'",
    "),('cus_2'",
    "🧾 中文 ñ",
    "",
]
any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
quoted = st.text(st.sampled_from("\\'\"%s\0\n;-()🧾"), max_size=20)


@pytest.fixture
def on_mariadb(mariadb):
    made = open_engine(mariadb())
    migrate.upgrade(made)
    yield made
    made.dispose()


def named(names):
    at = clock.from_micros(1_790_000_000_123_456)
    common = {"livemode": False, "created_at": at, "deleted": False, "country": None, "email": None}
    return [
        common | {"stripe_id": f"cus_{n:06}", "name": name, "confirmed": True, "as_of": at}
        for n, name in enumerate(names)
    ]


def names_there(connection):
    return list(connection.scalars(select(customers.c.name).order_by(customers.c.stripe_id)))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(names=st.lists(any_text | quoted | st.sampled_from(NASTY), min_size=1, max_size=8))
def test_any_text_comes_back_as_it_was(engine, names):
    with writing(engine) as connection:
        connection.execute(delete(customers))
        insert_new(connection, customers, named(names))
        assert names_there(connection) == names


@pytest.mark.parametrize("mode", ["NO_BACKSLASH_ESCAPES", "ANSI_QUOTES", "ANSI", "TRADITIONAL"])
def test_text_survives_every_reading_of_quotes(on_mariadb, mode):
    with writing(on_mariadb) as connection:
        connection.execute(text("SET SESSION sql_mode = :mode"), {"mode": mode})
        insert_new(connection, customers, named(NASTY))
        assert names_there(connection) == NASTY


def test_many_rows_go_in_several_statements_of_bounded_length(on_mariadb):
    names = [f"{n:06}" + "x'" * 120 for n in range(6000)]
    sent = []

    @event.listens_for(on_mariadb, "before_cursor_execute")
    def note(_connection, _cursor, statement, parameters, _context, _many):
        if statement.startswith("INSERT INTO customers"):
            sent.append(len(parameters[0].text))

    with writing(on_mariadb) as connection:
        insert_new(connection, customers, named(names))
        assert names_there(connection) == names
    assert len(sent) > 3
    assert max(sent) < 600_000


def test_an_error_does_not_show_the_values(on_mariadb):
    wrong = named(["a name that nobody should read"])[0] | {"livemode": None}
    with pytest.raises(Exception, match="livemode") as caught, writing(on_mariadb) as connection:
        insert_new(connection, customers, [wrong])
    assert "nobody should read" not in str(caught.value)


def test_times_keep_their_instant_and_their_microseconds():
    beijing = datetime(2026, 3, 1, 7, 59, 59, 1, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert text_of(beijing) == "('2026-02-28 23:59:59.000001')"
    assert text_of(beijing.replace(tzinfo=UTC)) == "('2026-03-01 07:59:59.000001')"


@pytest.mark.parametrize("value", [1.5, Decimal(1), datetime(2026, 1, 1)])  # noqa: DTZ001
def test_a_float_and_a_time_without_zone_are_refused(value):
    with pytest.raises((KeyError, ValueError)):
        text_of(value)


def text_of(value):
    (piece,) = rendered([(value,)])
    return piece.text
