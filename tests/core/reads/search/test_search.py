"""Operator search finds exactly what the terms say, page by page, by whatever plan."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from core.db.engine import reading, writing
from core.reads.payments import list as payment_list
from core.reads.search import query as search_query
from core.reads.search.fields import Reader
from core.reads.search.paging import Position, write_cursor
from core.reads.search.payments import execute, stats
from core.reads.search.payments.fields import FIELDS, parse
from core.reads.search.query import Query
from tests.support.factories import NOON, add_payments, fresh_engine, payment_row
from tests.support.search_oracle import CURRENCIES, EMAILS, NAME_WORDS, expected, queries

pytestmark = pytest.mark.long

ZONE = ZoneInfo("Asia/Shanghai")
#: How disputes stand, most often there is none.
OUTCOMES = [*[""] * 12, "open", "inquiry", "won", "lost", "prevented", "closed"]
Rows = list[dict[str, Any]]


def some_payments(number: int, seed: int = 7) -> Rows:
    """Payments of few values in many combinations; several share an instant."""
    pick = random.Random(seed)
    rows = []
    for _ in range(number):
        status = pick.choice(["succeeded"] * 5 + ["requires_payment_method", "canceled"])
        amount = pick.choice([150, 999, 1000, 1500, 2000, 12345])
        refunded = pick.choice([0, 0, 0, amount, amount // 2]) if status == "succeeded" else 0
        failed = status == "requires_payment_method" and pick.random() < 0.7
        dispute = pick.choice(OUTCOMES) if status == "succeeded" else ""
        rows.append(
            payment_row(
                ZONE,
                status=status,
                amount_minor=amount,
                amount_refunded_minor=refunded,
                currency=pick.choice(CURRENCIES),
                failure_code=pick.choice(["card_declined", "expired_card"]) if failed else None,
                decline_code=pick.choice([None, "insufficient_funds"]) if failed else None,
                customer_name=pick.choice(list(NAME_WORDS)),
                disputed=dispute in ("open", "inquiry", "lost"),
                dispute_outcome=dispute,
                method_type=pick.choice([None, "card", "card", "link"]),
                risk_level=pick.choice([None, "normal", "elevated", "highest"]),
                email=pick.choice(EMAILS),
                order_id=pick.choice([None, "1", "2", "7"]),
                user_id=pick.choice([None, "u1", "u2"]),
                ip=pick.choice([None, "10.0.0.1", "10.0.0.2"]),
                card_last4=pick.choice([None, "4242", "0002"]),
                card_brand=pick.choice([None, "visa", "amex"]),
                card_country=pick.choice([None, "US", "JP"]),
                livemode=pick.random() < 0.2,
                created_at=NOON - timedelta(hours=pick.randrange(120)),
            )
        )
    return rows


@pytest.fixture
def shop(database_url: str) -> Iterator[tuple[Engine, Rows]]:
    engine = fresh_engine(database_url)
    rows = some_payments(300)
    with writing(engine) as conn:
        add_payments(conn, rows)
    stats.forget()
    yield engine, rows
    engine.dispose()


def walk(engine: Engine, query: Query, limit: int, *, back: bool = False) -> list[list[str]]:
    """All pages from the newest on, and with `back` all pages up again, as ids."""
    pages, cursor, older = [], None, True
    with reading(engine) as conn:
        while True:
            found = payment_list.page(
                conn,
                query=query,
                livemode=False,
                cursor=cursor,
                older=older,
                limit=limit,
                zone=ZONE,
                now=NOON,
                with_count=False,
            )
            pages.append([row.stripe_id for row in found.rows])
            cursor = found.older_cursor if older else found.newer_cursor
            if cursor is None and older and back:
                older, cursor = False, found.newer_cursor
            if cursor is None:
                return pages


@pytest.mark.parametrize("examples", [50, pytest.param(1000, marks=pytest.mark.torture)])
def test_every_walk_gives_each_match_once_in_order(
    shop: tuple[Engine, Rows], monkeypatch: pytest.MonkeyPatch, examples: int
) -> None:
    engine, rows = shop

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(query=queries, limit=st.sampled_from([5, 50]), tiny=st.booleans())
    def check(query: Query, limit: int, tiny: bool) -> None:
        monkeypatch.setattr(execute, "BUDGET", 15 if tiny else 20_000)
        wanted = expected(rows, query, False, ZONE, NOON)
        assert list(chain.from_iterable(walk(engine, query, limit))) == wanted

    check()


def test_pages_go_back_the_way_they_came(shop: tuple[Engine, Rows]) -> None:
    engine, rows = shop
    for line in ("", "status:paid", "email:jo* amount:>5", "last4:4242 -country:US"):
        query = parse(line)
        pages = walk(engine, query, 9, back=True)
        down, up = pages[: len(pages) // 2 + 1], pages[len(pages) // 2 + 1 :]
        assert list(chain.from_iterable(down)) == expected(rows, query, False, ZONE, NOON)
        assert up == down[-2::-1]


def test_way_up_misses_nothing_when_the_budget_cuts_pages_short(
    shop: tuple[Engine, Rows], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, rows = shop
    monkeypatch.setattr(execute, "BUDGET", 12)
    for line in ("brand:visa", "email:j* amount:>2", "status:failed -ip:10.0.0.1"):
        query = parse(line)
        down = walk(engine, query, 4)
        up = walk(engine, query, 4, back=True)[len(down) :]
        wanted = expected(rows, query, False, ZONE, NOON)
        assert list(chain.from_iterable(down)) == wanted
        assert set(chain.from_iterable(up)) >= set(wanted) - set(down[-1])
        assert all(page == [one for one in wanted if one in page] for page in up)


def test_page_above_the_newest_full_one_is_the_newest(shop: tuple[Engine, Rows]) -> None:
    engine, _ = shop
    with reading(engine) as conn:
        asked = {"query": parse(""), "livemode": False, "limit": 10}
        first = payment_list.page(conn, **asked)
        third = write_cursor(Position(first.rows[3].created_at, first.rows[3].stripe_id))
        again = payment_list.page(conn, **asked, cursor=third, older=False)
    assert again == first


@pytest.mark.parametrize("cursor", ["", "nonsense", "////", "MTIz", "é", "A" * 500])
def test_cursor_that_was_tampered_with_gives_the_newest_page(
    shop: tuple[Engine, Rows], cursor: str
) -> None:
    engine, _ = shop
    with reading(engine) as conn:
        asked = {"query": parse(""), "livemode": False}
        for older in (True, False):
            found = payment_list.page(conn, **asked, cursor=cursor, older=older)
            assert found == payment_list.page(conn, **asked)


def test_each_value_of_a_line_is_read_once(shop: tuple[Engine, Rows]) -> None:
    """Parsing reads it; rows, counts, what was tried and filters ask the terms."""
    asked: list[str] = []

    def noted(name: str, read: Reader) -> Reader:
        def reader(text: str, literal: bool) -> object:
            asked.append(f"{name}:{text}")
            return read(text, literal)

        return reader

    readers = {name: noted(name, read) for name, read in FIELDS.readers.items()}
    line = "status:paid,failed amount:>1,<900 created:7d email:jo* -brand:amex risk:none"
    query = search_query.parse(line, replace(FIELDS, readers=readers))
    with reading(shop[0]) as conn:
        payment_list.page(conn, query=query, livemode=False, zone=ZONE, now=NOON)
    assert payment_list.tried(query) == payment_list.thousandths(query) == ()
    assert str(query.with_values("risk")) == line.removesuffix(" risk:none")
    assert len(asked) == len(set(asked)) == 8


def test_counts_are_exact_for_facets_and_days(shop: tuple[Engine, Rows]) -> None:
    engine, rows = shop
    lines = ["", "status:failed", "currency:usd,eur -method:card", "risk:high created:2026-11-19"]
    lines += ["created:>=2026-11-18", "amount:>5 email:jo*", "order:7"]
    lines += ["dispute:open", "-dispute:none,won", "dispute:lost currency:usd"]
    with reading(engine) as conn:
        for line in lines:
            asked = {"query": parse(line), "livemode": False, "zone": ZONE, "now": NOON}
            count = payment_list.page(conn, **asked).count
            wanted = expected(rows, parse(line), False, ZONE, NOON)
            assert count == payment_list.Count(len(wanted), exact=True), line


def test_count_that_was_cut_short_says_so(
    shop: tuple[Engine, Rows], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, _ = shop
    monkeypatch.setattr("core.reads.search.payments.count.LIMIT", 20)
    with reading(engine) as conn:
        count = payment_list.page(conn, query=parse("amount:>1"), livemode=False).count
    assert count is not None
    assert (count.n, count.exact, count.label) == (20, False, "20+")
    assert payment_list.Count(12345, exact=True).label == "12,345"


def test_payment_of_a_new_kind_is_found_at_once(shop: tuple[Engine, Rows]) -> None:
    engine, _ = shop
    with reading(engine) as conn:
        query = parse("method:paypal")
        assert payment_list.page(conn, query=query, livemode=False).rows == ()
    new = payment_row(ZONE, method_type="paypal")
    with writing(engine) as conn:
        add_payments(conn, [new])
    with reading(engine) as conn:
        for line in ("method:paypal", "", "status:paid", "amount:10 currency:usd"):
            found = payment_list.page(conn, query=parse(line), livemode=False).rows
            assert new["stripe_id"] in [row.stripe_id for row in found], line
        assert not payment_list.page(conn, query=query, livemode=True).rows


def test_search_that_runs_out_of_budget_says_how_far_it_came(
    shop: tuple[Engine, Rows], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, rows = shop
    monkeypatch.setattr(execute, "BUDGET", 10)
    query = parse("brand:visa -email:jo*")
    with reading(engine) as conn:
        found = payment_list.page(conn, query=query, livemode=False, now=NOON)
    wanted = expected(rows, query, False, ZONE, NOON)
    assert found.partial
    assert found.searched_to is not None
    assert found.older_cursor
    shown = [row.stripe_id for row in found.rows]
    assert shown == wanted[: len(shown)]
    newer = [r["stripe_id"] for r in rows if r["created_at"] >= found.searched_to]
    assert set(wanted) & set(newer) == set(shown)
