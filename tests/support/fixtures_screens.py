"""A small shop for tests of screens: payments of each kind, and one hostile customer."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core import clock
from core.bootstrap import Console
from core.db.engine import writing
from core.db.tables import disputes, early_fraud_warnings, events, refunds
from tests.support import factories, stream_rows

UTC = ZoneInfo("UTC")
#: What stored text may try on a screen: a remote image, markup, a link, math, colour, a formula.
HOSTILE = (
    "=cmd()![x](https://evil.example/p.png)<img src=https://evil.example/i.png>"
    "[click](https://evil.example) $x^2$ :red[hi] `code` https://evil.example"
)


@pytest.fixture
def nothing_cached() -> None:
    """Each test has its own database; a process in use has one."""
    from streamlit import cache_resource

    cache_resource.clear()


@pytest.fixture
def shop(console: Console, nothing_cached: None) -> dict[str, Any]:
    """Ids of payments by what happened to them; all of today, within the last two hours.

    A worker that lives keeps them.
    """
    now = clock.now()
    stream_rows.write(console.engine)
    start = max(now - timedelta(hours=2), clock.start_of_day(now, UTC))
    made: dict[str, Any] = {}
    with writing(console.engine) as conn:

        def pay(name: str, minutes: int, **given: Any) -> None:
            at = start + (now - start) * minutes / 120
            made[name] = factories.paid(conn, created_at=at, **given)["stripe_id"]

        pay("dollars", 1, amount_minor=123456)
        pay("yen", 2, amount_minor=5000, currency="jpy")
        pay("dinar", 3, amount_minor=10580, currency="kwd")
        pay(
            "failed",
            4,
            status="requires_payment_method",
            failure_code="card_declined",
            decline_code="insufficient_funds",
        )
        pay("refunded", 5, amount_minor=4000, amount_refunded_minor=1000)
        pay("disputed", 6, amount_minor=7000, disputed=True)
        pay(
            "hostile",
            7,
            email="mallory@example.com",
            customer_name=HOSTILE,
            description=HOSTILE,
            metadata_json='{"note": "![x](https://evil.example/m.png)"}',
        )
        pay("live", 8, livemode=True)
        _around(conn, made, start + (now - start) / 4)
    return made


def _around(conn: Any, made: dict[str, Any], later: datetime) -> None:
    """What hangs on the refunded, the disputed and the hostile payment."""
    base = {"livemode": False, "created_at": later, "confirmed": True, "as_of": later}
    conn.execute(
        refunds.insert().values(
            stripe_id="re_1",
            payment_id=made["refunded"],
            status="succeeded",
            amount_minor=1000,
            currency="usd",
            reason="requested_by_customer",
            **base,
        )
    )
    conn.execute(
        disputes.insert().values(
            stripe_id="dp_1",
            payment_id=made["disputed"],
            status="needs_response",
            amount_minor=7000,
            currency="usd",
            reason="fraudulent",
            has_evidence=False,
            past_due=False,
            submission_count=0,
            due_by=later + timedelta(days=7),
            **base,
        )
    )
    conn.execute(
        early_fraud_warnings.insert().values(
            stripe_id="issfr_1",
            payment_id=made["disputed"],
            fraud_type="made_with_stolen_card",
            actionable=True,
            **base,
        )
    )
    conn.execute(
        events.insert().values(
            stripe_id="evt_1",
            type="payment_intent.succeeded",
            livemode=False,
            object_id=made["hostile"],
            source="webhook",
            body=b"{}",
            created_at=later,
            received_at=later,
            state="applied",
            attempts=1,
            next_attempt_at=later,
            applied_at=later,
            duration_us=900,
        )
    )
