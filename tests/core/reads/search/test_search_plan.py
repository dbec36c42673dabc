"""Each way of searching uses the index it was planned for, and small ways beat large ones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from sqlalchemy import Connection, text

from core.db.engine import is_sqlite, reading, writing
from core.reads.payments import list as payment_list
from core.reads.search.paging import Position
from core.reads.search.payments import facets, stats
from core.reads.search.payments.execute import wanted_range
from core.reads.search.payments.fields import parse
from core.reads.search.payments.filters import resolve
from core.reads.search.payments.plan import CostCurve, Plan, choose
from core.reads.search.payments.related_ids import follow_ids
from core.reads.search.payments.selectivity import make_estimate
from core.reads.search.payments.sql import Binds, Conditions, Window, statement
from core.reads.search.payments.time_slices import slice_end_by_counts
from tests.support.factories import (
    NOON,
    add_charges,
    add_ledger,
    add_payments,
    charge_row,
    fresh_engine,
    ledger_row,
    paid,
    payment_row,
)

ZONE = ZoneInfo("UTC")


@pytest.fixture
def conn(database_url: str) -> Iterator[Connection]:
    """3,000 payments of one kind over 30 days, one failure a day; test mode beside live mode."""
    engine = fresh_engine(database_url)
    rows = [
        payment_row(
            created_at=NOON - timedelta(minutes=14 * number),
            status="requires_payment_method" if number % 100 == 7 else "succeeded",
            failure_code="card_declined" if number % 100 == 7 else None,
            amount_minor=1000 + number,
            email=f"{'ab'[number % 2]}{number}@x.test",
            user_id=f"u{number % 500}",
            order_id=str(number),
            ip=f"10.0.0.{number % 200}",
            card_last4=f"{number % 1000:04}",
            card_fingerprint=f"fp{number % 300}",
            card_country="JP" if number % 700 == 3 else "US",
            card_brand="jcb" if number % 900 == 4 else "visa",
            customer_id=f"cus_{number % 400}",
            dispute_outcome="lost" if number % 100 == 9 else "",
            customer_name=f"Ada N{number % 300}",
        )
        for number in range(3000)
    ]
    with writing(engine) as connection:
        add_payments(connection, rows)
        add_payments(connection, [payment_row(livemode=True)])
    stats.forget()
    with reading(engine) as connection:
        if not is_sqlite(connection):
            connection.execute(text("ANALYZE TABLE payments"))
        yield connection
    engine.dispose()


def planned(conn: Connection, line: str, deep: bool = False) -> tuple[Plan, str]:
    """The plan for a page of a search, and how the database says it will run it."""
    plan, rows = explained(conn, line, deep)
    column = "detail" if is_sqlite(conn) else "key"
    return plan, " ".join(str(row[column]) for row in rows)


def explained(conn: Connection, line: str, deep: bool) -> tuple[Plan, list[Any]]:
    filters = follow_ids(conn, resolve(parse(line), livemode=False, zone=ZONE, now=NOON))
    every = facets.known(conn)
    wanted = facets.matching(every, filters)
    conditions = Conditions(filters, wanted, len(wanted) == len(every))
    after = Position(NOON - timedelta(days=9), "pi_0") if deep else None
    window = Window(True, True, after, *wanted_range(filters))
    plan = choose(conn, stats.stats(conn), conditions, window, 51)
    binds = Binds(conn)
    asked = statement(binds, plan.paths, plan.left(conditions), window, 51)
    explain = "EXPLAIN QUERY PLAN " if is_sqlite(conn) else "EXPLAIN "
    return plan, list(conn.exec_driver_sql(explain + asked, binds.values).mappings())


#: A search, how it should be planned, and the one index that it may use.
WAYS = [
    ("", "walk", "px_walk"),
    ("amount:>1", "walk", "px_walk"),
    ("status:failed", "facets", "px_facet"),
    ("status:failed user:u7", "facets", "px_facet"),
    ("dispute:lost", "facets", "px_facet"),
    ("-dispute:none", "facets", "px_facet"),
    ("dispute:none amount:>1", "walk", "px_walk"),
    ("status:paid user:u7", "keyed", "px_user"),
    ("amount:20.00", "amounts", "px_amt"),
    ("email:a12*", "keyed", "px_email"),
    ("email:a12@x.test", "keyed", "px_email"),
    ("last4:0042", "keyed", "px_last4"),
    ("user:u7", "keyed", "px_user"),
    ("order:12", "keyed", "px_order"),
    ("ip:10.0.0.7", "keyed", "px_ip"),
    ("customer:cus_3", "keyed", "px_customer"),
    ("fingerprint:fp3", "keyed", "px_fp"),
    ("country:jp", "keyed", "px_country"),
    ("brand:jcb", "keyed", "px_brand"),
]


def test_index_that_was_planned_is_the_one_used(conn: Connection) -> None:
    found, wanted = [], []
    for line, kind, index in WAYS:
        for deep in (False, True):
            plan, explained = planned(conn, line, deep)
            used = {word for word in explained.split() if word.startswith("px_")}
            found.append((line, deep, plan.kind, used))
            wanted.append((line, deep, kind, {index}))
    assert found == wanted


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("line", ["name:ada", "name:n7", '"ada n7"', "ada status:paid amount:>11"])
def test_payments_of_a_word_are_read_in_their_order(
    conn: Connection, line: str, deep: bool
) -> None:
    """By the key of the words, one after the other: nothing is sorted, nothing is scanned."""
    plan, rows = explained(conn, line, deep)
    assert plan.kind == "keyed"
    paths = [path for path in plan.paths if path.words]
    if is_sqlite(conn):
        said = [row["detail"] for row in rows]
        read = "SEARCH payment_words USING PRIMARY KEY (kind=? AND word=? AND livemode=?"
        assert sum(one.startswith(read) for one in said) == len(paths) > 0
        behind = [one for one in said if "sqlite_autoindex_payments" in one]
    else:
        read = [row for row in rows if row["table"] == "payment_words"]
        assert len(read) == len(paths) > 0
        assert {(row["key"], "filesort" in str(row["Extra"])) for row in read} == {
            ("PRIMARY", False)
        }
        behind = [row for row in rows if row["table"] == "own"]
    # Facets, amounts and other words stand beside the word: no payment is opened for them.
    assert behind == []


def test_what_stands_in_the_payment_alone_is_asked_for_there(conn: Connection) -> None:
    plan, rows = explained(conn, "name:n7 last4:0007 -order:nothing amount:>1 -error:lost", False)
    assert [path.words for path in plan.paths] == [("name", "n7")]
    column = "detail" if is_sqlite(conn) else "table"
    assert sum("own" in str(row[column]) for row in rows) == 1


def test_a_word_that_many_addresses_begin_with_is_walked_for(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of all addresses begin with a: nothing is sorted to find the newest of them."""
    plan, _ = explained(conn, "a", False)
    assert {path.index for path in plan.paths} == {"px_walk", "px_order", None}
    assert plan.keyed
    plan, _ = explained(conn, "a12", False)
    assert {path.index for path in plan.paths} == {"px_email", "px_order", None}


def test_the_rarest_word_of_several_leads(conn: Connection) -> None:
    plan, _ = explained(conn, 'name:"ada n7"', False)
    assert [path.words for path in plan.paths] == [("name", "n7", "ada")]


@pytest.mark.parametrize("many", [False, True])
def test_a_payout_is_read_by_its_rows_or_else_by_time(
    conn: Connection, many: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.reads.search.payments.plan.PROBE", 2 if many else 4000)
    with writing(conn.engine) as other:
        rows = [payment_row(stripe_id=f"pi_{n:08d}", latest_charge_id=f"ch_p{n}") for n in range(5)]
        add_ledger(other, [ledger_row(row, payout_id="po_1") for row in rows])
    plan, _ = explained(conn, "id:po_1", False)
    assert plan.kind == ("walk" if many else "keyed")


def test_id_of_any_object_leads_to_its_payment(database_url: str) -> None:
    engine = fresh_engine(database_url)
    with writing(engine) as conn:
        first, _second = paid(conn), paid(conn)
        retried = charge_row(first, stripe_id="ch_earlier", status="failed")
        add_charges(conn, [retried])
        txn = conn.scalar(
            text("SELECT stripe_id FROM balance_transactions WHERE payment_id = :p"),
            {"p": first["stripe_id"]},
        )
    with reading(engine) as conn:
        for known in (first["stripe_id"], first["latest_charge_id"], "ch_earlier", txn):
            for line in (known, f"id:{known}"):
                found = payment_list.page(conn, query=parse(line), livemode=False).rows
                assert [row.stripe_id for row in found] == [first["stripe_id"]]
        assert not payment_list.page(conn, query=parse("id:ch_none"), livemode=False).rows
    engine.dispose()


@pytest.mark.parametrize("older", [True, False])
@pytest.mark.parametrize("day", [31.0, 45.5, 59.0, 97.25])
@pytest.mark.parametrize("kind", ["bound", "cursor"])
def test_a_slice_begins_where_the_wanted_time_does(day: float, older: bool, kind: str) -> None:
    """However little of a month of counts is asked for: 1,000 payments a day make 500 half one."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    counts = stats.Stats(start.date(), np.full((120, 2), 500), {}, ([], []), 0.0, 0.0)
    edge = start + timedelta(days=day)
    after = Position(edge, "pi_0") if kind == "cursor" or not older else None
    bounds = (None, edge) if older else (edge, None)
    window = Window(older, True, after, *(bounds if kind == "bound" else (None, None)))
    facet = facets.Facet(1, False, "succeeded", "succeeded", "usd", "card", "normal", 2)
    rare = resolve(parse("country:jp"), livemode=False, zone=ZONE, now=NOON)
    estimate = make_estimate(counts, Conditions(rare, (facet,), False), window)
    plan = Plan("walk", (), 0.0, CostCurve(estimate.bounds, estimate.every))
    found = slice_end_by_counts(counts, plan, window, 500)
    assert found is not None
    assert abs(found - edge - timedelta(hours=-12 if older else 12)) < timedelta(seconds=1)
