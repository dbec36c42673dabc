"""A figure of Overview is what the list comes to that its address opens, whenever one looks."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, Engine

from core.clock import business_day
from core.db.engine import reading, writing
from core.reads.ledger import rows as ledger
from core.reads.overview import overview
from core.reads.payments import list as payments
from core.reads.payments.list import PaymentPage
from dashboard.screens.overview import cards
from dashboard.ui import ledger_rows
from tests.support.factories import (
    NOON,
    add_charges,
    add_ledger,
    add_payments,
    charge_row,
    fresh_engine,
    ledger_row,
    payment_row,
)

SEED = 14
ZONES = ("UTC", "Asia/Kathmandu", "America/St_Johns")
CURRENCIES = ("usd", "jpy", "kwd")
STATES: tuple[dict[str, Any], ...] = (
    {},
    {},
    {"amount_refunded_minor": 100},
    {"amount_captured_minor": 700},
    {"disputed": True},
    {"status": "requires_payment_method", "failure_code": "card_declined"},
    {"status": "requires_action"},
    {"status": "requires_capture", "amount_capturable_minor": 500},
)
#: Of several captures the first are taken while the rest is still held.
PARTLY = {"status": "requires_capture", "amount_captured_minor": 300, "currency": "usd"}


@pytest.fixture(scope="module", params=ZONES)
def account(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Engine, ZoneInfo]]:
    """Three days of payments in all states, and their ledger."""
    zone = ZoneInfo(request.param)
    engine = fresh_engine(f"sqlite:///{tmp_path_factory.mktemp('figures') / 'figures.db'}")
    chance = random.Random(SEED)
    with writing(engine) as conn:
        made = [
            payment_row(
                zone,
                created_at=NOON - timedelta(seconds=chance.randrange(3 * 86_400)),
                amount_minor=chance.randrange(1000, 90_000),
                livemode=number % 9 == 0,
                **{"currency": chance.choice(CURRENCIES)}
                | (chance.choice(STATES) if number % 7 else PARTLY),
            )
            for number in range(300)
        ]
        add_payments(conn, made)
        add_charges(conn, [charge_row(row) for row in made])
        add_ledger(conn, [ledger_row(row, zone) for row in made if row["amount_received_minor"]])
    yield engine, zone
    engine.dispose()


def listed(conn: Connection, zone: ZoneInfo, address: str, now: datetime) -> PaymentPage:
    """The list of payments that an address opens."""
    asked = urlsplit(address)
    assert asked.path == "/payments"
    (search,) = parse_qs(asked.query)["q"]
    return payments.page(
        conn, query=payments.parse(search), livemode=False, zone=zone, with_sums=True
    )


def looks(zone: ZoneInfo) -> list[datetime]:
    """Moments that somebody looks at, none before a payment of its day."""
    chance = random.Random(SEED)
    return [NOON, *(NOON + timedelta(minutes=chance.randrange(600)) for _ in range(2))]


def test_a_volume_is_what_was_captured_of_the_payments_that_it_opens(
    account: tuple[Engine, ZoneInfo],
) -> None:
    engine, zone = account
    with reading(engine) as conn:
        for now in looks(zone):
            today = business_day(now, zone)
            for line in overview.today(conn, livemode=False, zone=zone, now=now):
                page = listed(conn, zone, cards.volume_address(line, today), now)
                assert page.count is not None
                captured = page.sums[0].captured.minor if page.sums else 0
                assert captured == line.today.volume_minor
                # Those that hold more are listed with all that are held.
                assert line.today.also_of or page.count.n == line.today.paid


def test_a_bar_is_how_many_payments_it_opens(account: tuple[Engine, ZoneInfo]) -> None:
    engine, zone = account
    with reading(engine) as conn:
        hours = overview.per_hour(conn, livemode=False, zone=zone, now=NOON)
        for hour in hours[::5] + hours[-2:]:
            for outcome in ("succeeded", "failed", "other"):
                address = cards.payments_of_bar(f"{outcome} {hour.hour.isoformat()}")
                assert address is not None
                page = listed(conn, zone, address, NOON)
                assert page.count is not None
                assert page.count.n == getattr(hour, outcome), (hour.hour, outcome)


def test_net_of_today_is_what_its_rows_come_to(account: tuple[Engine, ZoneInfo]) -> None:
    engine, zone = account
    with reading(engine) as conn:
        for now in looks(zone):
            today = business_day(now, zone)
            for net in overview.net_today(conn, livemode=False, zone=zone, now=now):
                filters = cards.net_rows(net.currency, today)
                read_back = ledger_rows.asked_for(dict(parse_qsl(ledger_rows.query(filters))))
                (found,) = ledger.sums(conn, livemode=False, zone=zone, filters=read_back) or [None]
                assert (found.figure_minor if found else 0) == net.today_minor
