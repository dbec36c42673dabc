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
from core.reads import revenue
from core.reads.categories import MOVED
from tests.factories import NOON, Row, add_ledger, fresh_engine, ledger_row, payment_row

TODAY = NOON.date()
CATEGORIES = (
    "charge partial_capture_reversal charge_failure refund refund_failure dispute dispute_reversal"
    " fee network_cost other_adjustment payout payout_reversal topup transfer"
).split()

ledger_rows = st.lists(
    st.fixed_dictionaries(
        {
            "reporting_category": st.sampled_from(CATEGORIES),
            "amount_minor": st.integers(-(10**9), 10**9),
            "fee_minor": st.integers(-500, 10**6),
            "currency": st.sampled_from(["usd", "jpy", "kwd"]),
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
        for table in ("balance_transactions", "revenue_daily", "revenue_country_daily"):
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
    """The sum of a column over the rows that count and have these values."""
    kept = [r for r in rows if all(r[k] == v for k, v in wanted.items())]
    return sum(row[name] for row in kept if row["reporting_category"] not in MOVED)


def test_net_is_gross_and_what_came_back_less_fees_and_equals_the_rows(engine: Engine) -> None:
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(ledger_rows)
    def check(drawn: list[Row]) -> None:
        rows = written(engine, drawn)
        for currency in ("usd", "jpy", "kwd"):
            mine = {"livemode": False, "currency": currency}
            period = {"since": TODAY - timedelta(days=59), "until": TODAY + timedelta(days=1)}
            with reading(engine) as conn:
                found = revenue.summary(conn, **mine, **period).current
                cuts = [revenue.series(conn, **mine, **period, by=b) for b in _STEPS]
                cuts.append(revenue.by_method(conn, **mine, **period))
                cuts.append(revenue.by_country(conn, **mine, **period))
            parts = found.gross_minor + found.refund_minor + found.dispute_minor
            assert found.net_minor == parts + found.other_minor - found.fee_minor
            assert found.net_minor == total(rows, "net_minor", **mine)
            charged = total(rows, "amount_minor", **mine, reporting_category="charge")
            back = total(
                rows, "amount_minor", **mine, reporting_category="partial_capture_reversal"
            )
            assert found.gross_minor == charged + back
            for cut in cuts:
                sums = [int(cut[name].sum()) for name in revenue.FIGURES]
                assert sums == [getattr(found, name) for name in revenue.FIGURES]

    check()


_STEPS: tuple[revenue.Step, ...] = ("day", "week", "month")


def test_fees_hold_the_bills_of_stripe_too(engine: Engine) -> None:
    written(
        engine,
        [
            {"amount_minor": 10_000, "fee_minor": 320},
            {"reporting_category": "fee", "amount_minor": -80, "fee_minor": 0},
            {"reporting_category": "payout", "amount_minor": -9_000, "fee_minor": 0},
        ],
    )
    period = {"since": TODAY, "until": TODAY + timedelta(days=1)}
    with reading(engine) as conn:
        found = revenue.summary(conn, livemode=False, currency="usd", **period).current
    assert (found.gross_minor, found.fee_minor, found.net_minor) == (10_000, 400, 9_600)
    assert found.fee_rate == Fraction(1, 25)
    assert found.count == 1


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
    assert list(found["week"]["period"]) == [date(2026, 10, n) for n in (26,)] + [
        date(2026, 11, 2),
        date(2026, 11, 9),
    ]
    assert list(found["month"]["period"]) == [date(2026, 10, 1), date(2026, 11, 1)]
    assert list(found["month"]["gross_minor"]) == [500, 0]
    assert list(found["day"].columns) == ["period", *revenue.FIGURES]


def test_currencies_are_those_with_revenue_in_the_period(engine: Engine) -> None:
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
        assert revenue.currencies(conn, livemode=False) == ("usd", "jpy")
        assert revenue.currencies(conn, livemode=False, since=TODAY) == ("usd",)


def test_period_that_ends_before_it_begins_is_refused(engine: Engine) -> None:
    asked = {"livemode": False, "currency": "usd", "since": TODAY, "until": TODAY}
    with reading(engine) as conn, pytest.raises(InvalidInput, match="until"):
        revenue.summary(conn, **asked)
    with reading(engine) as conn, pytest.raises(InvalidInput, match="by"):
        revenue.series(conn, **asked | {"until": date(2027, 1, 1)}, by="year")  # type: ignore[arg-type]
