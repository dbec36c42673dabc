"""A currency that Stripe added since: its money is shown on every screen, and breaks none."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import clock
from core.db.engine import writing
from core.db.tables import disputes, refunds, risk_assessments
from tests.support import factories
from tests.support.fixtures_access import person
from tests.support.kit_parts import tables
from tests.support.risk_samples import assessment

#: Role, screen, its query, and the column of its tables that has amounts; or they head the page.
SCREENS = [
    ("finance", "overview", {}, "volume"),
    ("finance", "payments", {}, "amount"),
    ("finance", "payments", {"q": "amount:>40"}, "amount"),
    ("finance", "payment", {"id": "pi_new"}, "amount"),
    ("finance", "revenue", {}, "gross"),
    ("support", "refunds", {"tab": "history"}, "amount"),
    ("support", "disputes", {"view": "all"}, "amount"),
    ("support", "dispute", {"id": "du_new"}, "amount"),
    ("risk", "fraud", {}, "amount"),
]


@pytest.fixture
def new_currency(console, nothing_cached):
    """A payment of 50.00 XYZ: refunded in part, disputed, scored high."""
    at = clock.now() - timedelta(minutes=5)
    base = {"livemode": False, "created_at": at, "as_of": at, "confirmed": True}
    money = {"payment_id": "pi_new", "currency": "xyz", **base}
    with writing(console.engine) as conn:
        factories.paid(
            conn,
            stripe_id="pi_new",
            created_at=at,
            amount_minor=5000,
            currency="xyz",
            settlement_currency="xyz",
            fee_minor=150,
            net_minor=4850,
            disputed=True,
        )
        conn.execute(
            refunds.insert().values(
                stripe_id="re_new", status="succeeded", amount_minor=5000, **money
            )
        )
        conn.execute(
            disputes.insert().values(
                stripe_id="du_new",
                status="needs_response",
                amount_minor=5000,
                reason="fraudulent",
                has_evidence=False,
                past_due=False,
                submission_count=0,
                due_by=at + timedelta(days=7),
                **money,
            )
        )
        signals = {"amount": 5000, "currency": "xyz"}
        scored = assessment(0, signals, payment_id="pi_new", level="high", created_at=at)
        conn.execute(risk_assessments.insert().values(scored))


@pytest.mark.parametrize(("role", "screen", "query", "column"), SCREENS)
def test_a_new_currency_breaks_no_screen(
    console, screen_as, new_currency, role, screen, query, column
):
    test = screen_as(person(console, role), screen, **query)
    assert not test.exception
    found = [table.value for table in tables(test) if column in table.value]
    shown = [title.value.replace("\\", "") for title in test.title]
    assert "50.00 XYZ" in shown or any("50.00" in list(table[column]) for table in found)
