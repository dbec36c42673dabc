"""A payment's detail holds all that belongs to it, in order, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from core.access import audit
from core.db.engine import reading, writing
from core.db.tables import disputes, early_fraud_warnings, events, refund_requests, refunds
from core.errors import NotFound
from core.reads.payments import detail as payment_detail
from tests.support.factories import (
    NOON,
    Row,
    add_charges,
    add_ledger,
    charge_row,
    fresh_engine,
    ledger_row,
    paid,
)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = fresh_engine(database_url)
    yield engine
    engine.dispose()


def later(minutes: int) -> dict[str, Any]:
    moment = NOON + timedelta(minutes=minutes)
    return {"created_at": moment, "as_of": moment, "confirmed": True, "livemode": False}


def event_row(object_id: str, kind: str, minutes: int, **given: Any) -> Row:
    moment = NOON + timedelta(minutes=minutes)
    return {
        "stripe_id": f"evt_{object_id}_{minutes}",
        "type": kind,
        "livemode": False,
        "object_id": object_id,
        "source": "webhook",
        "body": b"{}",
        "created_at": moment,
        "received_at": moment,
        "state": "applied",
        "attempts": 1,
        "next_attempt_at": moment,
    } | given


def troubled(conn: Connection) -> Row:
    """A payment with a failed attempt, a refund, a dispute and a warning; another beside it."""
    one = paid(conn, created_at=NOON, amount_minor=10_000)
    paid(conn)
    of_payment = {"payment_id": one["stripe_id"], "charge_id": one["latest_charge_id"]}
    of_payment |= {"currency": "usd"}
    first_try = charge_row(one, stripe_id="ch_first", status="failed", decline_code="do_not_honor")
    add_charges(conn, [first_try | later(1)])
    refund = {"stripe_id": "re_1", "status": "succeeded", "amount_minor": 4_000}
    conn.execute(refunds.insert(), [of_payment | refund | {"reason": "duplicate"} | later(3)])
    dispute = {"stripe_id": "dp_1", "status": "needs_response", "amount_minor": 6_000}
    conn.execute(disputes.insert(), [of_payment | dispute | {"reason": "fraudulent"} | later(5)])
    warning = {"stripe_id": "issfr_1", "actionable": True, "fraud_type": "made_with_stolen_card"}
    kept = {name: of_payment[name] for name in ("payment_id", "charge_id")}
    conn.execute(early_fraud_warnings.insert(), [kept | warning | later(4)])
    back = {"type": "refund", "reporting_category": "refund", "source_id": "re_1"}
    at = {"created_at": NOON + timedelta(minutes=3)}
    add_ledger(conn, [ledger_row(one, amount_minor=-4_000, fee_minor=0, **back, **at)])
    lost = {"type": "adjustment", "reporting_category": "dispute", "source_id": "dp_1"}
    at = {"created_at": NOON + timedelta(minutes=5)}
    add_ledger(conn, [ledger_row(one, amount_minor=-6_000, fee_minor=1_500, **lost, **at)])
    conn.execute(
        events.insert(),
        [
            event_row(one["stripe_id"], "payment_intent.succeeded", 2),
            event_row("re_1", "refund.created", 3),
            event_row("dp_1", "charge.dispute.created", 5),
            event_row("pi_other", "payment_intent.succeeded", 2),
            event_row(one["stripe_id"], "payment_intent.created", 0, livemode=True),
        ],
    )
    return one


def test_detail_holds_every_part_of_the_payment_alone(engine: Engine) -> None:
    with writing(engine) as conn:
        one = troubled(conn)
    with reading(engine) as conn:
        found = payment_detail.by_id(conn, payment_id=one["stripe_id"], livemode=False)
    assert found.payment.stripe_id == one["stripe_id"]
    assert [a.stripe_id for a in found.attempts] == [one["latest_charge_id"], "ch_first"]
    assert [r.stripe_id for r in found.refunds] == ["re_1"]
    assert [d.stripe_id for d in found.disputes] == ["dp_1"]
    assert [w.stripe_id for w in found.fraud_warnings] == ["issfr_1"]
    assert [row.reporting_category for row in found.ledger] == ["charge", "refund", "dispute"]
    assert [e.type for e in found.events] == [
        "payment_intent.succeeded",
        "refund.created",
        "charge.dispute.created",
    ]


def test_timeline_is_in_order_and_starts_with_the_creation(engine: Engine) -> None:
    with writing(engine) as conn:
        one = troubled(conn)
    with reading(engine) as conn:
        entries = payment_detail.by_id(conn, payment_id=one["stripe_id"], livemode=False).timeline
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
    kinds = [entry.kind for entry in entries]
    assert kinds[0] == "created"
    assert kinds.index("refund_succeeded") < kinds.index("fraud_warning")
    assert kinds.index("fraud_warning") < kinds.index("dispute_needs_response")
    assert [e.detail for e in entries if e.kind == "attempt_failed"] == ["do_not_honor"]


def test_money_of_a_payment_adds_up_in_its_settlement_currency(engine: Engine) -> None:
    with writing(engine) as conn:
        one = troubled(conn)
    with reading(engine) as conn:
        asked = {"payment_id": one["stripe_id"], "livemode": False}
        (figures,) = payment_detail.money(conn, **asked)
        assert payment_detail.by_id(conn, **asked).money == (figures,)
    assert figures.currency == "usd"
    assert (figures.gross_minor, figures.refund_minor) == (10_000, -4_000)
    assert (figures.dispute_minor, figures.fee_minor) == (-6_000, 300 + 1_500)
    assert figures.net_minor == -1_800
    parts = figures.gross_minor + figures.refund_minor + figures.dispute_minor
    assert figures.net_minor == parts - figures.fee_minor
    assert figures.others == ()


def test_rows_that_are_no_revenue_stand_beside_the_net_by_name(engine: Engine) -> None:
    with writing(engine) as conn:
        one = paid(conn)
        for category, amount in (("transfer", -500), ("tax", -7), ("novelty", 3)):
            given = {"reporting_category": category, "amount_minor": amount, "fee_minor": 0}
            add_ledger(conn, [ledger_row(one, **given)])
    with reading(engine) as conn:
        (figures,) = payment_detail.money(conn, payment_id=one["stripe_id"], livemode=False)
    assert figures.others == (("novelty", 3), ("transfer", -500))
    assert (figures.gross_minor, figures.fee_minor, figures.tax_minor) == (1_000, 30, 7)
    assert figures.net_minor == 963


def test_currencies_of_a_payment_stay_apart(engine: Engine) -> None:
    with writing(engine) as conn:
        one = paid(conn)
        add_ledger(conn, [ledger_row(one, amount_minor=-500, currency="eur", fee_minor=0)])
    with reading(engine) as conn:
        found = payment_detail.money(conn, payment_id=one["stripe_id"], livemode=False)
    assert [(m.currency, m.net_minor) for m in found] == [("eur", -500), ("usd", 970)]


def test_payment_of_the_other_mode_is_not_found(engine: Engine) -> None:
    with writing(engine) as conn:
        one = paid(conn)
    with reading(engine) as conn, pytest.raises(NotFound):
        payment_detail.by_id(conn, payment_id=one["stripe_id"], livemode=True)


def test_people_who_decided_stand_before_the_refund_of_the_same_second(engine: Engine) -> None:
    asked, sent = later(1)["created_at"], later(2)["created_at"]
    with writing(engine) as conn:
        one = paid(conn, created_at=NOON)
        request: dict[str, Any] = {
            "payment_id": one["stripe_id"],
            "livemode": False,
            "amount_minor": 400,
            "currency": "usd",
            "reason": "duplicate",
            "asked_by": "sam",
            "asked_user_id": "sam",
            "created_at": asked,
            "updated_at": later(9)["created_at"],
        }
        approved = request | {"id": "rq_1", "state": "succeeded", "approved_by": "lea"}
        waits = request | {"id": "rq_2", "state": "awaiting_approval", "note": "twice"}
        for row in (approved, waits):
            conn.execute(refund_requests.insert().values(row))
        # Stripe's time has no parts of a second: the decision seems to come after it.
        decided = sent + timedelta(milliseconds=700)
        audit.append(
            conn,
            actor="lea",
            action="refund.approve",
            target=one["stripe_id"],
            details={"request": "rq_1"},
            now=decided,
        )
        made = {"amount_minor": 400, "currency": "usd", "status": "succeeded"}
        conn.execute(
            refunds.insert().values(
                stripe_id="re_1", payment_id=one["stripe_id"], **made, **later(2)
            )
        )
    with reading(engine) as conn:
        found = payment_detail.by_id(conn, payment_id=one["stripe_id"], livemode=False)
    people = [(e.kind, e.who, e.note) for e in found.timeline if not e.is_plumbing][2:]
    assert people == [
        ("request_asked", "sam", None),
        ("request_asked", "sam", "twice"),
        ("request_approved", "lea", None),
        ("refund_succeeded", None, None),
    ]
    assert found.requests[0].decided_at == decided
    assert found.requests[1].decided_at is None
    # 10.00 were taken; Stripe's refund is not in the payment's sums here, what waits is held.
    assert found.left_minor == 600
