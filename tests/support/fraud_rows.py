"""Rows that the screens of fraud show: scored payments, warnings, cases."""

from __future__ import annotations

import json
from datetime import timedelta

from sqlalchemy import select

from core import clock
from core.db.engine import reading, writing
from core.db.tables import cases, early_fraud_warnings, risk_assessments
from core.risk.cases import follow_sources
from tests.support import factories
from tests.support.risk_samples import assessment

FACTORS = [{"rule": "large_payment", "points": 20, "values": {"amount": 5000, "large_amount": 1}}]


def scored(console, *, level="high", age=timedelta(hours=1), kind="arrival", **given):
    """A payment with a score."""
    at = clock.now() - age
    with writing(console.engine) as connection:
        row = factories.paid(connection, created_at=at, **given)
        signals = {"amount": row["amount_minor"], "currency": row["currency"]}
        connection.execute(
            risk_assessments.insert().values(
                assessment(
                    0,
                    signals,
                    payment_id=row["stripe_id"],
                    level=level,
                    created_at=at,
                    score=70,
                    kind=kind,
                    factors=json.dumps(FACTORS),
                    month=at.year * 100 + at.month,
                    paid_minor=row["amount_received_minor"],
                )
            )
        )
    return row["stripe_id"]


def warned(console, payment_id):
    now = clock.now()
    row = dict.fromkeys(column.name for column in early_fraud_warnings.columns) | {
        "stripe_id": f"issfr_{payment_id}",
        "payment_id": payment_id,
        "actionable": True,
        "fraud_type": "made_with_stolen_card",
        "livemode": False,
        "created_at": now,
        "as_of": now,
        "confirmed": True,
    }
    with writing(console.engine) as connection:
        connection.execute(early_fraud_warnings.insert().values(**row))


def kept(console, table):
    with reading(console.engine) as connection:
        return connection.execute(select(table)).all()


def a_case(console, **given):
    scored(console, **given)
    follow_sources(console.engine)
    return kept(console, cases)[0].id
