"""The card programmes: what counts, over what, since when, and where the month is heading."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.db.engine import reading, writing
from core.db.tables import disputes, early_fraud_warnings
from core.reads.fraud import programmes
from tests.support import factories

ZONE = ZoneInfo("UTC")
NOW = datetime(2026, 11, 16, tzinfo=UTC)  # half of November is over
EARLY = datetime(2026, 11, 3, tzinfo=UTC)
OCTOBER = datetime(2026, 10, 20, tzinfo=UTC)


@pytest.fixture
def bank(engine):
    """Payments and what came of them: `bank.paid("visa", 10)`, `bank.dispute("visa")`."""
    return Bank(engine)


class Bank:
    def __init__(self, engine):
        self.engine = engine
        self._count = 0

    def paid(self, brand, count=1, at=EARLY, **given):
        rows = [
            factories.payment_row(card_brand=brand, created_at=at, **given) for _ in range(count)
        ]
        with writing(self.engine) as connection:
            factories.add_payments(connection, rows)
        return rows[-1]["stripe_id"]

    def dispute(self, brand, at=EARLY, status="needs_response"):
        self._keep(disputes, self.paid(brand, at=at), at, status=status, card_brand=brand)

    def warning(self, brand, at=EARLY, payment=None):
        self._keep(early_fraud_warnings, payment or self.paid(brand, at=at), at, actionable=True)

    def _keep(self, table, payment_id, at, **more):
        self._count += 1
        row = {
            "stripe_id": f"x_{self._count}",
            "payment_id": payment_id,
            "livemode": False,
            "created_at": at,
            "confirmed": True,
            "as_of": at,
        }
        money = {"amount_minor": 1, "currency": "usd"} if table is disputes else {}
        with writing(self.engine) as connection:
            connection.execute(table.insert().values(**row, **money, **more))

    def gauges(self, now=NOW):
        with reading(self.engine) as connection:
            found = programmes.gauge(connection, livemode=False, zone=ZONE, now=now)
        return {one.name: one for one in found}


def test_visa_counts_warnings_and_disputes_over_this_month(bank):
    bank.paid("visa", 95)
    bank.paid("mastercard", 30)
    for _ in range(3):
        bank.warning("visa")
    for _ in range(2):
        bank.dispute("visa")
    found = bank.gauges()["VAMP"]
    assert (found.warnings, found.disputes, found.count, found.denominator) == (3, 2, 5, 100)
    assert (found.ratio, found.level) == (500, "non_compliant")
    assert found.month == date(2026, 11, 1)


def test_a_payment_in_both_reports_counts_twice(bank):
    payment = bank.paid("visa")
    bank.warning("visa", payment=payment)
    bank._keep(disputes, payment, EARLY, status="lost", card_brand="visa")
    assert bank.gauges()["VAMP"].count == 2


@pytest.mark.parametrize("status", ["prevented", "warning_closed", "warning_needs_response"])
def test_what_never_became_a_dispute_does_not_count(bank, status):
    bank.dispute("visa", status=status)
    assert bank.gauges()["VAMP"].count == 0


def test_mastercard_divides_by_the_month_before(bank):
    bank.paid("mastercard", 50, at=OCTOBER)
    for _ in range(4):
        bank.dispute("mastercard")
    bank.dispute("mastercard", at=OCTOBER)
    found = bank.gauges()["ECM"]
    assert (found.count, found.denominator, found.ratio) == (4, 51, 784)
    assert found.level is None


def test_failed_live_and_older_payments_have_no_part(bank):
    bank.paid("visa", 2)
    bank.paid("visa", status="requires_payment_method", failure_code="card_declined")
    bank.paid("visa", livemode=True)
    bank.paid("visa", at=OCTOBER)
    assert bank.gauges()["VAMP"].denominator == 2


def test_both_count_and_ratio_must_be_reached(bank):
    bank.paid("visa", 2000)
    for _ in range(5):
        bank.dispute("visa")
    found = bank.gauges()["VAMP"]
    assert (found.count, found.ratio, found.level) == (5, 25, None)


def test_the_projection_doubles_at_half_time_with_a_range(bank):
    bank.paid("visa", 91)
    for _ in range(9):
        bank.dispute("visa")
    found = bank.gauges()["VAMP"]
    assert found.projected == (6, 18, 30)
    assert found.projected_ratio == (300, 900, 1500)
    assert (found.level, found.projected_level) == ("non_compliant", "non_compliant")


def test_nothing_to_divide_by_is_no_ratio(bank):
    found = bank.gauges()["VAMP"]
    assert (found.ratio, found.level, found.projected_ratio) == (None, None, None)


def test_thresholds_are_those_of_the_month(bank):
    def excessive(now):
        steps = bank.gauges(now)["VAMP"].steps
        return [(step.count, step.ratio) for step in steps if step.level == "excessive"]

    assert excessive(datetime(2025, 5, 2, tzinfo=UTC)) == []
    assert excessive(datetime(2026, 3, 31, tzinfo=UTC)) == [(1500, 220)]
    assert excessive(NOW) == [(1500, 150)]


def test_the_first_hour_of_a_month_does_not_run_away(bank):
    bank.dispute("visa", at=datetime(2026, 11, 1, tzinfo=UTC))
    found = bank.gauges(datetime(2026, 11, 1, tzinfo=UTC) + timedelta(seconds=1))["VAMP"]
    assert found.projected[1] == 30 * 24
