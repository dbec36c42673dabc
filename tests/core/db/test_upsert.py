"""Newer wins, sums add up: the same on SQLite and on MariaDB, in any order."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from core import clock
from core.db.engine import reading, writing
from core.db.tables import amount_hist, customers
from core.db.tables import versions as version_rows
from core.db.upsert import add_to, insert_missing, insert_new, upsert_newer
from core.domain import versions
from core.errors import InsertRace

START = clock.from_unix(1_790_000_000)


def customer(second, confirmed, name, stripe_id="cus_1"):
    at = START + timedelta(microseconds=second)
    common = {"livemode": False, "created_at": START, "deleted": False, "country": None}
    return common | {
        "stripe_id": stripe_id,
        "email": None,
        "name": name,
        "confirmed": confirmed,
        "as_of": at,
    }


def rank(state):
    return state[0], state[1]


states = st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=8).map(
    lambda found: [(*state, str(number)) for number, state in enumerate(found)]
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(states=states, chunk=st.integers(1, 4))
def test_the_newest_state_stands_whatever_came_first(engine, states, chunk):
    with writing(engine) as connection:
        connection.execute(delete(customers))
        for start in range(0, len(states), chunk):
            rows = [customer(*state) for state in states[start : start + chunk]]
            upsert_newer(connection, customers, rows)
        row = connection.execute(select(customers)).mappings().one()
    best = max(rank(state) for state in states)
    assert (row["as_of"] - START, row["confirmed"]) == (timedelta(microseconds=best[0]), best[1])
    assert row["name"] in [state[2] for state in states if rank(state) == best]


def test_sums_add_up_and_new_keys_are_inserted(engine):
    row = {"currency": "usd", "bucket": 3, "slot": 0, "n": 2}
    with writing(engine) as connection:
        add_to(connection, amount_hist, [row, row | {"bucket": 4}], ["n"])
        add_to(connection, amount_hist, [row | {"n": -5}, row | {"bucket": 9}], ["n"])
    with reading(engine) as connection:
        found = connection.execute(select(amount_hist.c.bucket, amount_hist.c.n)).all()
    assert sorted(map(tuple, found)) == [(3, -3), (4, 2), (9, 2)]


def test_a_row_that_another_writer_made_first_is_a_race(engine):
    with writing(engine) as connection:
        insert_new(connection, customers, [customer(1, True, "first")])
    with pytest.raises(InsertRace), writing(engine) as connection:
        insert_new(connection, customers, [customer(1, True, "x", "cus_2"), customer(2, True, "y")])
    with reading(engine) as connection:
        assert connection.scalars(select(customers.c.name)).all() == ["first"]


def test_what_is_there_already_is_passed_over(engine):
    with writing(engine) as connection:
        insert_missing(connection, customers, [customer(1, True, "first")], "stripe_id")
        insert_missing(
            connection,
            customers,
            [customer(2, True, "second"), customer(1, True, "other", "cus_2")],
            "stripe_id",
        )
    with reading(engine) as connection:
        assert sorted(connection.scalars(select(customers.c.name))) == ["first", "other"]


def test_emoji_microseconds_and_large_amounts_survive(engine):
    with writing(engine) as connection:
        upsert_newer(connection, customers, [customer(123_456, True, "Ada 🧾 中文")])
        add_to(
            connection,
            amount_hist,
            [{"currency": "idr", "bucket": 1, "slot": 0, "n": 2**62}],
            ["n"],
        )
    with reading(engine) as connection:
        row = connection.execute(select(customers)).mappings().one()
        assert row["name"] == "Ada 🧾 中文"
        assert row["as_of"].microsecond == 123_456
        assert connection.scalar(select(amount_hist.c.n)) == 2**62


def test_versions_grow_with_each_change(engine):
    for _ in range(3):
        with writing(engine) as connection:
            versions.bump(connection, ["revenue", "payments"], slot=2)
    with reading(engine) as connection:
        rows = connection.execute(select(version_rows.c.topic, version_rows.c.version)).all()
    assert sorted(map(tuple, rows)) == [("payments", 3), ("revenue", 3)]
