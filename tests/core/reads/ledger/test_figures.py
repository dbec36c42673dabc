"""A figure of Revenue is the sum of the rows that its address lists, however the period is cut."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
from sqlalchemy import Connection, Engine

from core.db.engine import reading, writing
from core.errors import InvalidInput
from core.reads.exports.lists import LEDGER_ROWS
from core.reads.ledger import rows
from core.reads.ledger.rows import Filters
from core.reads.revenue import revenue
from core.reads.revenue.categories import COSTS, KNOWN, PARTS
from dashboard.ui import ledger_rows
from tests.support.factories import (
    NOON,
    UTC_ZONE,
    add_fees,
    add_ledger,
    fresh_engine,
    ledger_row,
    payment_row,
)

SEED = 14
CURRENCIES = ("usd", "jpy", "kwd")
FIRST = NOON.date() - timedelta(days=59)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Rows of all categories, with fees told in full, in part, or not at all."""
    engine = fresh_engine(f"sqlite:///{tmp_path_factory.mktemp('figures') / 'figures.db'}")
    chance = random.Random(SEED)
    with writing(engine) as conn:
        for number in range(160):
            fee = chance.choice((0, 0, 29, 310, -12))
            row = ledger_row(
                payment_row(),
                created_at=NOON - timedelta(days=chance.randrange(60)),
                reporting_category=chance.choice([*["charge"] * 20, *sorted(KNOWN), "obligation"]),
                amount_minor=chance.randrange(-100_000, 100_000),
                fee_minor=fee,
                currency=chance.choice(CURRENCIES),
                method=chance.choice(("", "card", "link")),
                card_country=chance.choice(("", "US", "JP")),
                livemode=number % 9 == 0,
            )
            add_ledger(conn, [row])
            if fee and number % 3:
                left = 4 if number % 3 == 1 else 0
                add_fees(conn, row, {"stripe_fee": fee - 3 - left, "tax": 3})
    yield engine
    engine.dispose()


def listed(conn: Connection, filters: Filters) -> tuple[int, int]:
    """How many rows an address lists, and what they come to; one address says it all."""
    read_back = ledger_rows.asked_for(dict(parse_qsl(ledger_rows.query(filters))))
    assert read_back == filters
    found = rows.sums(conn, livemode=False, zone=UTC_ZONE, filters=read_back)
    return (found[0].count, found[0].figure_minor) if found else (0, 0)


def of_figures(conn: Connection, sums: Any, **where: Any) -> None:
    """Every figure of a row of sums is what its rows come to."""
    for part in PARTS:
        signed = int(sums[f"{part}_minor"]) * (-1 if part in COSTS else 1)
        assert listed(conn, Filters(figure=part, **where))[1] == signed, (part, where)
    assert listed(conn, Filters(figure="net", **where))[1] == int(sums["net_minor"])
    charges = Filters(category="charge", **where)
    assert listed(conn, charges)[0] == int(sums["count"])
    balance = int(sums["net_minor"]) + int(sums["other_minor"])
    assert listed(conn, Filters(**where))[1] == balance


def periods() -> list[tuple[date, date, str]]:
    """Periods and currencies by chance, and the whole."""
    chance = random.Random(SEED)
    found = [(FIRST, NOON.date() + timedelta(days=1), "usd")]
    for _ in range(8):
        since = FIRST + timedelta(days=chance.randrange(50))
        until = since + timedelta(days=chance.randrange(1, 40))
        found.append((since, until, chance.choice(CURRENCIES)))
    return found


@pytest.mark.parametrize(("since", "until", "currency"), periods())
def test_every_figure_is_the_sum_of_the_rows_that_it_leads_to(
    account: Engine, since: date, until: date, currency: str
) -> None:
    asked: dict[str, Any] = {"currency": currency, "since": since, "until": until}
    with reading(account) as conn:
        whole = revenue.summary(conn, livemode=False, **asked).current
        of_figures(conn, {n: getattr(whole, n) for n in revenue.FIGURES}, **asked)
        assert listed(conn, Filters(figure="cost", **asked))[1] == -whole.cost_minor
        for one in whole.movements:
            filters = Filters(figure="movement", category=one.category, **asked)
            assert listed(conn, filters) == (one.count, one.amount_minor)
        for fee in revenue.fee_parts(conn, livemode=False, **asked):
            filters = Filters(figure="fee", fee_type=fee.type, **asked)
            assert listed(conn, filters)[1] == -fee.amount_minor, fee
        for column, read in (("method", revenue.by_method), ("card_country", revenue.by_country)):
            for cut in read(conn, livemode=False, **asked):
                of_figures(conn, cut, **asked, **{column: cut[column]})
        weeks = revenue.series(conn, livemode=False, by="week", **asked)
        for week in weeks:
            first, after = max(week["period"], since), week["period"] + timedelta(days=7)
            of_figures(conn, week, currency=currency, since=first, until=min(after, until))


def test_a_figure_that_there_is_not_is_refused(account: Engine) -> None:
    with reading(account) as conn:
        for wrong in (Filters(figure="turnover"), Filters(figure="gross", fee_type="tax")):
            with pytest.raises(InvalidInput):
                rows.sums(conn, livemode=False, zone=UTC_ZONE, filters=wrong)
    assert ledger_rows.asked_for({"figure": "turnover", "fee": "tax"}) == Filters()


def test_gross_and_fee_of_a_file_add_up_to_net(account: Engine) -> None:
    columns = {one.name: one.value for one in LEDGER_ROWS.columns}
    with reading(account) as conn:
        page = rows.page(conn, livemode=False, zone=UTC_ZONE, filters=Filters(), limit=200)
    for row in page.rows:
        gross, fee, net = (columns[name](row).minor for name in ("gross", "fee", "net"))
        assert gross + fee == net
