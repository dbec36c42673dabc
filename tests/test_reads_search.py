"""Operator search finds exactly what the terms say, page by page, by whatever plan."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from core.db.engine import reading, writing
from core.reads import payments
from core.reads.search import run, stats
from core.reads.search.query import Query
from tests.factories import NOON, add_payments, fresh_engine, payment_row
from tests.search_oracle import CURRENCIES, EMAILS, expected, queries

ZONE = ZoneInfo("Asia/Shanghai")
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
        rows.append(
            payment_row(
                ZONE,
                status=status,
                amount_minor=amount,
                amount_refunded_minor=refunded,
                currency=pick.choice(CURRENCIES),
                failure_code="card_declined" if failed else None,
                disputed=status == "succeeded" and pick.random() < 0.1,
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
            found = payments.page(
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


def test_every_walk_gives_each_match_once_in_order(
    shop: tuple[Engine, Rows], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, rows = shop

    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(query=queries, limit=st.sampled_from([5, 50]), tiny=st.booleans())
    def check(query: Query, limit: int, tiny: bool) -> None:
        monkeypatch.setattr(run, "BUDGET", 15 if tiny else 20_000)
        wanted = expected(rows, query, False, ZONE, NOON)
        assert list(chain.from_iterable(walk(engine, query, limit))) == wanted

    check()
