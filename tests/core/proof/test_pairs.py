"""What is held back and released, over the ends of months and over a mirror that began late."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, insert

from core.db.engine import reading, writing
from core.db.tables import balance_checks, balance_transactions
from core.proof.pairs import pair_breaks
from core.proof.span import Span
from tests.support.factories import fresh_engine

#: Before this moment it is October; from then on, November.
MIDNIGHT = datetime(2026, 11, 1, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
OCTOBER = Span(False, date(2026, 10, 1), date(2026, 10, 31), ZoneInfo("UTC"))
NOVEMBER = Span(False, date(2026, 11, 1), date(2026, 11, 30), ZoneInfo("UTC"))
HOLD, RELEASE = "payment_network_reserve_hold", "payment_network_reserve_release"
RESERVED = "risk_reserved_funds"


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = fresh_engine(database_url)
    yield made
    made.dispose()


def moved(engine: Engine, *rows: tuple[str, int, datetime], balance_type: str = "payments") -> None:
    """Rows of a category, in yen, at a time."""
    with writing(engine) as connection:
        for category, net, at in rows:
            connection.execute(
                insert(balance_transactions).values(
                    stripe_id=f"txn_{category}_{net}_{at.timestamp():.0f}_{balance_type}",
                    livemode=False,
                    type=category,
                    reporting_category=category,
                    amount_minor=net,
                    fee_minor=0,
                    net_minor=net,
                    currency="jpy",
                    balance_type=balance_type,
                    status="available",
                    business_day=at.date(),
                    created_at=at,
                    available_on=at,
                )
            )


def told(engine: Engine, span: Span) -> list[tuple[str, int | None, date]]:
    with reading(engine) as connection:
        found = list(pair_breaks(connection, span, ()))
    return [(one.object_id, one.ours_minor, one.day) for one in found]


def test_what_is_held_in_one_month_is_released_in_the_next(engine):
    moved(engine, (HOLD, -500, MIDNIGHT - 5 * DAY), (RELEASE, 500, MIDNIGHT + 5 * DAY))
    assert (told(engine, OCTOBER), told(engine, NOVEMBER)) == ([], [])


def test_more_than_was_held_is_told_of_the_month_that_released_it(engine):
    moved(engine, (HOLD, -500, MIDNIGHT - 9 * DAY), (RELEASE, 501, MIDNIGHT - 5 * DAY))
    moved(engine, (HOLD, -70, MIDNIGHT + DAY), (RELEASE, 70, MIDNIGHT + 2 * DAY))
    assert told(engine, OCTOBER) == [("network_reserve", 1, date(2026, 10, 27))]
    assert told(engine, NOVEMBER) == []


def test_a_reserve_released_twice_is_told_though_both_balances_sum_to_nothing(engine):
    for at, net in ((9, -500), (5, 500), (4, 500)):
        moved(engine, (RESERVED, net, MIDNIGHT - at * DAY))
        moved(engine, (RESERVED, -net, MIDNIGHT - at * DAY), balance_type="risk_reserved")
    assert told(engine, OCTOBER) == [("risk_reserve", 500, date(2026, 10, 28))]


@pytest.mark.parametrize("first", ["advance", "advance_funding"])
def test_an_advance_over_midnight_is_whole(engine, first):
    other = {"advance": "advance_funding", "advance_funding": "advance"}[first]
    moved(engine, (first, 300, MIDNIGHT - SECOND))
    moved(engine, (other, -100, MIDNIGHT), (other, -200, MIDNIGHT + SECOND))
    assert (told(engine, OCTOBER), told(engine, NOVEMBER)) == ([], [])


def test_an_advance_that_is_not_funded_whole_is_told(engine):
    moved(engine, ("advance", 300, MIDNIGHT - SECOND), ("advance_funding", -299, MIDNIGHT))
    assert told(engine, OCTOBER) == [("advance", 300, date(2026, 10, 31))]
    assert told(engine, NOVEMBER) == [("advance", 1, date(2026, 11, 1))]


def test_a_pair_that_is_listed_late_is_expected(engine):
    moved(engine, (RELEASE, 1, MIDNIGHT + DAY))
    with reading(engine) as connection:
        [found] = pair_breaks(connection, NOVEMBER, ())
    assert found.is_expected(MIDNIGHT + 2 * DAY)
    assert not found.is_expected(MIDNIGHT + 4 * DAY)


def test_what_was_held_before_the_mirror_began_may_be_released(engine):
    moved(engine, (RELEASE, 500, MIDNIGHT - 5 * DAY), ("advance", 3, MIDNIGHT - 5 * DAY))
    with writing(engine) as connection:
        connection.execute(
            insert(balance_checks).values(
                livemode=False,
                currency="jpy",
                balance_type="payments",
                opening_minor=40_000,
                ledger_minor=500,
                balance_minor=40_500,
                checked_at=MIDNIGHT,
            )
        )
    assert [name for name, _, _ in told(engine, OCTOBER)] == ["advance"]
