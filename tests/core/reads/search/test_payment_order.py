"""Payments by time and by amount, both ways round, page by page; and what they add up to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import chain, cycle, islice
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from core.db.engine import reading, writing
from core.errors import InvalidInput
from core.reads.payments import list as payment_list
from core.reads.payments.list import NEWEST, SORTS, SortOrder, parse, read_order
from core.reads.search.payments import by_amount, execute, stats, sums
from tests.core.reads.search.test_search import ZONE, some_payments
from tests.support.factories import NOON, add_payments, fresh_engine
from tests.support.search_oracle import expected

Rows = list[dict[str, Any]]
LINES = ["currency:usd", "currency:jpy status:paid amount:>900", "currency:eur email:jo*"]
LINES += ["currency:usd -last4:4242 created:>=2026-11-18", "currency:kwd name:jo,li -amount:1.5"]


@pytest.fixture
def shop(database_url: str) -> Iterator[tuple[Engine, Rows]]:
    engine = fresh_engine(database_url)
    rows = some_payments(240)
    with writing(engine) as conn:
        add_payments(conn, rows)
    stats.forget()
    yield engine, rows
    engine.dispose()


def pages_of(engine: Engine, line: str, order: SortOrder, limit: int = 7) -> list[list[str]]:
    """All pages on from the first, then all pages back."""
    pages, cursor, on = [], None, True
    with reading(engine) as conn:
        for _ in range(400):
            found = payment_list.page(
                conn,
                query=parse(line),
                livemode=False,
                cursor=cursor,
                older=on,
                limit=limit,
                zone=ZONE,
                now=NOON,
                with_count=False,
                order=order,
            )
            assert found.order == order
            pages.append([row.stripe_id for row in found.rows])
            cursor = found.older_cursor if on else found.newer_cursor
            if cursor is None and on:
                on, cursor = False, found.newer_cursor
            if cursor is None:
                return pages
    raise AssertionError("the pages never end")


def in_order(rows: Rows, line: str, order: SortOrder) -> list[str]:
    places = {row["stripe_id"]: (row["amount_minor"], row["created_at"]) for row in rows}
    found = expected(rows, parse(line), False, ZONE, NOON)
    if order.by == "amount":
        found.sort(key=lambda one: (*places[one], one), reverse=order.descending)
    elif not order.descending:
        found.reverse()
    return found


@pytest.mark.parametrize("walks", [False, True], ids=["few", "many"])
def test_every_order_gives_each_match_once_and_goes_back_the_same_way(
    shop: tuple[Engine, Rows], walks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, rows = shop
    if walks:
        monkeypatch.setattr(by_amount, "FEW", 0)
        monkeypatch.setattr(by_amount, "FIRST", 3)
    orders = [
        SortOrder("amount"),
        SortOrder("amount", descending=False),
        SortOrder("created", False),
    ]
    for line, order in islice(zip(cycle(LINES), cycle([*orders, orders[0]])), 20):
        pages = pages_of(engine, line, order)
        down, up = pages[: (len(pages) + 1) // 2], pages[(len(pages) + 1) // 2 :]
        assert list(chain(*down)) == in_order(rows, line, order), (line, order)
        assert up == down[-2::-1]


def test_a_walk_by_amount_that_runs_out_of_budget_goes_on_where_it_stopped(
    shop: tuple[Engine, Rows], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, rows = shop
    monkeypatch.setattr(by_amount, "FEW", 0)
    monkeypatch.setattr(by_amount, "FIRST", 2)
    monkeypatch.setattr(by_amount, "BUDGET", 12)
    line, order = "currency:usd status:failed", SortOrder("amount")
    pages = pages_of(engine, line, order)
    assert list(chain(*pages[: (len(pages) + 1) // 2])) == in_order(rows, line, order)
    with reading(engine) as conn:
        first = payment_list.page(conn, query=parse(line), livemode=False, order=order)
    assert first.partial
    assert first.searched_amount is not None
    assert all(row.amount_minor >= first.searched_amount.minor for row in first.rows)


def test_amounts_are_read_in_the_order_of_their_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = fresh_engine(f"sqlite:///{tmp_path / 'order.db'}")
    with writing(engine) as conn:
        add_payments(conn, some_payments(60))
    monkeypatch.setattr(by_amount, "FEW", 0)
    said: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, text: str, values: Any, *_more: Any) -> None:
        if "INDEXED BY px_amt" in text and "ORDER BY amount_minor" in text:
            said.append((text, values))

    event.listen(engine, "before_cursor_execute", note)
    for order in (SortOrder("amount"), SortOrder("amount", descending=False)):
        pages_of(engine, "currency:usd email:jo*", order)
    event.remove(engine, "before_cursor_execute", note)
    assert len(said) > 4
    with reading(engine) as conn:
        for text, values in said:
            steps = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values).all()
            assert not any("TEMP B-TREE" in step[-1] for step in steps), text
    engine.dispose()


def test_amounts_of_several_currencies_have_no_order(shop: tuple[Engine, Rows]) -> None:
    with reading(shop[0]) as conn:
        for line, sorts in (("", ("created",)), ("currency:usd", ("created", "amount"))):
            found = payment_list.page(
                conn, query=parse(line), livemode=False, order=SortOrder("amount")
            )
            assert found.sorts == sorts
        assert payment_list.page(
            conn, query=parse(""), livemode=False, order=SortOrder("amount")
        ) == (payment_list.page(conn, query=parse(""), livemode=False))


@pytest.mark.parametrize("cursor", ["", "x", "1.2", "9" * 19 + ".1.pi_1", "5.999999999999999999.x"])
def test_a_cursor_that_was_tampered_with_gives_the_first_page(
    shop: tuple[Engine, Rows], cursor: str
) -> None:
    with reading(shop[0]) as conn:
        asked = {"query": parse("currency:usd"), "livemode": False, "order": SortOrder("amount")}
        assert payment_list.page(conn, **asked, cursor=cursor) == payment_list.page(conn, **asked)


def test_sums_are_those_of_all_that_match(shop: tuple[Engine, Rows]) -> None:
    engine, rows = shop
    for line in ("", "status:failed", "created:2026-11-19", "amount:>5 email:jo*", "order:none"):
        wanted: dict[str, list[int]] = defaultdict(list)
        matching = set(expected(rows, parse(line), False, ZONE, NOON))
        for row in rows:
            if row["stripe_id"] in matching:
                wanted[row["currency"]].append(row["amount_minor"])
        with reading(engine) as conn:
            found = payment_list.page(
                conn, query=parse(line), livemode=False, zone=ZONE, now=NOON, with_sums=True
            )
        assert found.sums is not None
        said = {one.amount.currency: (one.n, one.amount.minor) for one in found.sums}
        assert said == {code: (len(each), sum(each)) for code, each in wanted.items()}, line


def test_what_was_not_counted_whole_has_no_sum(
    shop: tuple[Engine, Rows], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {"livemode": False, "with_sums": True, "now": NOON}
    with reading(shop[0]) as conn:
        monkeypatch.setattr("core.reads.search.payments.count.LIMIT", 20)
        assert payment_list.page(conn, query=parse("amount:>1"), **asked).sums is None
        monkeypatch.setattr(sums, "MOST_DAYS", 3)
        assert payment_list.page(conn, query=parse(""), **asked).sums is None
        monkeypatch.setattr("core.reads.search.payments.count.LIMIT", 1000)
        monkeypatch.setattr(execute, "BUDGET", 5)
        assert payment_list.page(conn, query=parse("brand:visa"), **asked).sums is None


def test_an_order_is_written_as_it_is_read() -> None:
    for text in ("-created", "created", "-amount", "amount"):
        assert str(read_order(text, NEWEST, SORTS)) == text
    assert read_order("", NEWEST) == read_order(None, NEWEST) == NEWEST
    assert NEWEST.turned("created", ()) == SortOrder("created", descending=False)
    assert NEWEST.turned("amount", SORTS) == SortOrder("amount")
    assert NEWEST.turned("risk", SORTS) == NEWEST
    for text in ("amount desc", "--amount", "risk"):
        with pytest.raises(InvalidInput, match="created, -created"):
            read_order(text, NEWEST, SORTS)
