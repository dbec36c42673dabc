"""Revenue equals the ledger's rows, however it is cut."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from core.db.engine import reading, writing
from core.errors import InvalidInput
from core.reads.revenue import categories, revenue
from core.reads.revenue.categories import KNOWN, REVENUE
from tests.support.factories import (
    NOON,
    Row,
    add_fees,
    add_ledger,
    fresh_engine,
    ledger_row,
    payment_row,
)

TODAY = NOON.date()
FEES = ("balance_transaction_fees", "revenue_fee_parts_daily")
CURRENCIES = ["usd", "jpy", "kwd", "usdc"]
#: All that Stripe names, and some that it may name one day.
CATEGORIES = [*sorted(KNOWN), "obligation", "inbound_transfer"]

ledger_rows = st.lists(
    st.fixed_dictionaries(
        {
            "reporting_category": st.sampled_from(CATEGORIES),
            "amount_minor": st.integers(-(10**15), 10**15),
            "fee_minor": st.integers(-500, 10**6),
            "currency": st.sampled_from(CURRENCIES),
            "days": st.integers(0, 59),
            "method": st.sampled_from(["", "card", "link"]),
            "card_country": st.sampled_from(["", "US", "JP"]),
            "livemode": st.booleans(),
            "slot": st.integers(0, 2),
        }
    ),
    max_size=25,
)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = fresh_engine(database_url)
    yield engine
    engine.dispose()


def written(engine: Engine, given_rows: list[Row]) -> list[Row]:
    """Replace the ledger by these rows; returns them as they stand there."""
    with writing(engine) as conn:
        for table in ("balance_transactions", "revenue_daily", "revenue_country_daily", *FEES):
            conn.execute(text("DELETE FROM " + table))
        rows = []
        for one in given_rows:
            kept = {k: v for k, v in one.items() if k not in ("days", "slot")}
            moment = NOON - timedelta(days=one.get("days", 0))
            row = ledger_row(payment_row(), created_at=moment, **kept)
            add_ledger(conn, [row], slot=one.get("slot", 0))
            rows.append(row)
    return rows


def total(rows: list[Row], name: str, **wanted: Any) -> int:
    """The sum of a column over the rows that have these values."""
    return sum(row[name] for row in rows if all(row[k] == v for k, v in wanted.items()))


def checked(engine: Engine, rows: list[Row], currency: str) -> None:
    """Both blocks of a currency add up to its rows, in the whole and in every cut."""
    mine = {"livemode": False, "currency": currency}
    period = {"since": TODAY - timedelta(days=59), "until": TODAY + timedelta(days=1)}
    with reading(engine) as conn:
        found = revenue.summary(conn, **mine, **period).current
        cuts = [revenue.series(conn, **mine, **period, by=b) for b in _STEPS]
        cuts.append(revenue.by_method(conn, **mine, **period))
        cuts.append(revenue.by_country(conn, **mine, **period))
    assert found.balance_minor == found.net_minor + found.other_minor
    assert found.balance_minor == total(rows, "net_minor", **mine)
    parts = found.gross_minor + found.refund_minor + found.dispute_minor
    assert found.net_minor == parts + found.platform_earning_minor - found.cost_minor
    assert found.other_minor == sum(one.amount_minor for one in found.movements)
    assert {one.category for one in found.movements}.isdisjoint(REVENUE)
    for cut in cuts:
        sums = [sum(row[name] for row in cut) for name in revenue.FIGURES]
        assert sums == [getattr(found, name) for name in revenue.FIGURES]
        moved = [sum(row[name] for row in cut) for name in revenue.MOVEMENT_FIGURES]
        assert sum(moved) == found.other_minor


def test_both_blocks_add_up_to_the_ledger_whatever_is_in_it(engine: Engine) -> None:
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(ledger_rows)
    def check(drawn: list[Row]) -> None:
        rows = written(engine, drawn)
        for currency in CURRENCIES:
            checked(engine, rows, currency)

    check()


def test_a_category_counted_on_both_sides_would_be_caught(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted fault: a loan of Stripe's counts as income, as it once did."""
    rows = written(
        engine,
        [
            {"amount_minor": 10_000, "fee_minor": 300},
            {"reporting_category": "financing_payout", "amount_minor": 500_000, "fee_minor": 0},
        ],
    )
    checked(engine, rows, "usd")
    monkeypatch.setattr(categories, "REVENUE", REVENUE | {"financing_payout"})
    with pytest.raises(AssertionError):
        checked(engine, rows, "usd")


#: Type of figure by category, for a row of -100 minor units: what it changes, and by how much.
MEANINGS = [
    ("charge_failure", {"gross_minor": -100, "net_minor": -100}),
    ("partial_capture_reversal", {"gross_minor": -100, "net_minor": -100}),
    ("refund", {"refund_minor": -100, "net_minor": -100}),
    ("refund_failure", {"refund_minor": -100, "net_minor": -100}),
    ("dispute", {"dispute_minor": -100, "net_minor": -100}),
    ("dispute_reversal", {"dispute_minor": -100, "net_minor": -100}),
    ("platform_earning", {"platform_earning_minor": -100, "net_minor": -100}),
    ("platform_earning_refund", {"platform_earning_minor": -100, "net_minor": -100}),
    ("fee", {"fee_minor": 100, "net_minor": -100}),
    ("network_cost", {"network_cost_minor": 100, "net_minor": -100}),
    ("tax", {"tax_minor": 100, "net_minor": -100}),
    *((one, {"other_minor": -100}) for one in sorted(KNOWN - REVENUE)),
    *((one, {"other_minor": -100}) for one in ("obligation", "inbound_transfer")),
]


@pytest.mark.parametrize(("category", "changes"), MEANINGS, ids=[one for one, _ in MEANINGS])
def test_each_category_changes_its_own_figure_alone(
    engine: Engine, category: str, changes: dict[str, int]
) -> None:
    period = {"since": TODAY, "until": TODAY + timedelta(days=1)}
    sale = {"amount_minor": 10_000, "fee_minor": 300}
    other = {"reporting_category": category, "amount_minor": -100, "fee_minor": 0}
    seen = []
    for rows in ([sale], [sale, other]):
        written(engine, rows)
        with reading(engine) as conn:
            seen.append(revenue.summary(conn, livemode=False, currency="usd", **period).current)
    before, after = seen
    found = {name: getattr(after, name) - getattr(before, name) for name in revenue.FIGURES}
    assert {name: by for name, by in found.items() if by} == changes


def test_costs_of_the_network_and_tax_are_in_the_rate(engine: Engine) -> None:
    costs = {"fee": -80, "network_cost": -150, "tax": -20}
    written(
        engine,
        [
            {"amount_minor": 10_000, "fee_minor": 250},
            *(
                {"reporting_category": c, "amount_minor": a, "fee_minor": 0}
                for c, a in costs.items()
            ),
        ],
    )
    period = {"since": TODAY, "until": TODAY + timedelta(days=1)}
    with reading(engine) as conn:
        found = revenue.summary(conn, livemode=False, currency="usd", **period).current
    assert (found.fee_minor, found.network_cost_minor, found.tax_minor) == (330, 150, 20)
    assert found.fee_rate == Fraction(500, 10_000)
    assert found.net_minor == 9_500


def test_parts_of_fees_add_up_to_the_fees_of_a_period(engine: Engine) -> None:
    sale = ledger_row(payment_row(), created_at=NOON, amount_minor=10_000, fee_minor=390)
    older = ledger_row(payment_row(), created_at=NOON, amount_minor=5_000, fee_minor=200)
    other = ledger_row(payment_row(), created_at=NOON, currency="eur", fee_minor=30)
    before = ledger_row(payment_row(), created_at=NOON - timedelta(days=3), fee_minor=40)
    bill = {"reporting_category": "fee", "amount_minor": -80, "fee_minor": 0}
    written(engine, [bill])
    with writing(engine) as conn:
        add_ledger(conn, [sale, older, other, before])
        parts = {"stripe_fee": 290, "tax": 50, "application_fee": 60, "unspecified": -10}
        add_fees(conn, sale, parts, slot=1)
        add_fees(conn, other, {"stripe_fee": 30})
        add_fees(conn, before, {"stripe_fee": 40})
    asked = {"livemode": False, "currency": "usd"}
    asked |= {"since": TODAY, "until": TODAY + timedelta(days=1)}
    with reading(engine) as conn:
        found = revenue.fee_parts(conn, **asked)
        fees = revenue.summary(conn, **asked).current.fee_minor
    assert {part.type: part.amount_minor for part in found} == {
        "stripe_fee": 290,
        # Of the row that was booked before its parts were kept, and what Stripe left open.
        "unspecified": 190,
        "billed": 80,
        "application_fee": 60,
        "tax": 50,
    }
    assert [part.type for part in found][:2] == ["stripe_fee", "unspecified"]
    assert sum(part.amount_minor for part in found) == fees == 390 + 200 + 80


def test_the_fee_of_a_payout_is_a_fee_and_the_payout_what_arrives(engine: Engine) -> None:
    instant = {"reporting_category": "payout", "amount_minor": -9_000, "fee_minor": 90}
    written(engine, [{"amount_minor": 10_000, "fee_minor": 300}, instant])
    period = {"since": TODAY, "until": TODAY + timedelta(days=1)}
    with reading(engine) as conn:
        found = revenue.summary(conn, livemode=False, currency="usd", **period).current
    assert (found.fee_minor, found.net_minor) == (390, 9_610)
    assert [(one.kind, one.amount_minor) for one in found.movements] == [("payouts", -9_000)]
    assert found.balance_minor == 610


def test_a_category_that_nobody_mapped_is_named_with_its_money(engine: Engine) -> None:
    written(
        engine,
        [
            {"reporting_category": "obligation", "amount_minor": -300, "fee_minor": 0, "days": 4},
            {"reporting_category": "obligation", "amount_minor": -200, "fee_minor": 0},
            {"reporting_category": "inbound_transfer", "amount_minor": 70, "currency": "jpy"},
            {"reporting_category": "novelty", "amount_minor": 1, "livemode": True},
            {"amount_minor": 10_000},
        ],
    )
    with reading(engine) as conn:
        found = revenue.unmapped(conn, livemode=False)
    assert [(one.category, one.currency, one.amount_minor, one.count) for one in found] == [
        ("inbound_transfer", "jpy", 70, 1),
        ("obligation", "usd", -500, 2),
    ]
    assert found[1].since == TODAY - timedelta(days=4)


_STEPS: tuple[revenue.Step, ...] = ("day", "week", "month")


def test_previous_period_is_as_long_and_ends_where_this_one_begins(engine: Engine) -> None:
    written(engine, [{"amount_minor": 100 * 10**n, "days": n, "fee_minor": 0} for n in range(6)])
    period = {"since": TODAY - timedelta(days=1), "until": TODAY + timedelta(days=1)}
    with reading(engine) as conn:
        both = revenue.summary(conn, livemode=False, currency="usd", **period)
    assert both.current.gross_minor == 1_100
    assert both.previous.gross_minor == 110_000
    assert (both.previous.since, both.previous.until) == (
        TODAY - timedelta(days=3),
        period["since"],
    )


def test_series_has_every_period_weeks_by_monday_months_by_first(engine: Engine) -> None:
    written(engine, [{"amount_minor": 500, "days": 20}])
    asked = {"livemode": False, "currency": "usd", "since": date(2026, 10, 28)}
    with reading(engine) as conn:
        found = {b: revenue.series(conn, **asked, until=date(2026, 11, 11), by=b) for b in _STEPS}
    assert len(found["day"]) == 14
    assert [row["period"] for row in found["week"]] == [date(2026, 10, n) for n in (26,)] + [
        date(2026, 11, 2),
        date(2026, 11, 9),
    ]
    assert [row["period"] for row in found["month"]] == [date(2026, 10, 1), date(2026, 11, 1)]
    assert [row["gross_minor"] for row in found["month"]] == [500, 0]
    assert list(found["day"][0]) == ["period", *revenue.FIGURES, *revenue.MOVEMENT_FIGURES]


def test_currencies_with_revenue_come_before_those_with_movements_alone(engine: Engine) -> None:
    written(
        engine,
        [
            {"currency": "jpy", "days": 2},
            {"currency": "usd"},
            {"currency": "usd"},
            {"currency": "eur", "reporting_category": "payout"},
            {"currency": "gbp", "livemode": True},
        ],
    )
    with reading(engine) as conn:
        assert revenue.currencies(conn, livemode=False) == ("usd", "jpy", "eur")
        assert revenue.currencies(conn, livemode=False, since=TODAY) == ("usd", "eur")


def test_period_that_ends_before_it_begins_is_refused(engine: Engine) -> None:
    asked = {"livemode": False, "currency": "usd", "since": TODAY, "until": TODAY}
    with reading(engine) as conn, pytest.raises(InvalidInput, match="until"):
        revenue.summary(conn, **asked)
    with reading(engine) as conn, pytest.raises(InvalidInput, match="by"):
        revenue.series(conn, **asked | {"until": date(2027, 1, 1)}, by="year")  # type: ignore[arg-type]
