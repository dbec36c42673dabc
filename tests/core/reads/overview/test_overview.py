"""The overview's figures: the same hours compared, in the zone's days, per currency."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, Engine

from core.access.rights import TOKEN_ROLES, rights_of
from core.actions.payments.payments import TAKERS
from core.clock import NEVER
from core.db.engine import reading, writing
from core.db.tables import (
    cases,
    disputes,
    events,
    stale_objects,
    versions,
)
from core.reads import versions as live
from core.reads.overview import attention, overview
from tests.support.factories import (
    Row,
    add_charges,
    add_ledger,
    add_payments,
    charge_row,
    fresh_engine,
    ledger_row,
    payment_row,
)

ZONE = ZoneInfo("Asia/Kolkata")  # its hours begin at half past
#: 15:45 on Friday the 20th in Kolkata.
NOW = datetime(2026, 11, 20, 10, 15, tzinfo=UTC)
CLOCK: dict[str, Any] = {"zone": ZONE, "now": NOW, "livemode": False}


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = fresh_engine(database_url)
    yield engine
    engine.dispose()


def local(day: int, hour: int, minute: int) -> datetime:
    """A time in November, by Kolkata's clocks."""
    return datetime(2026, 11, day, hour, minute, tzinfo=ZONE)


def taken(conn: Connection, at: datetime, **given: Any) -> Row:
    """A payment with its charge and ledger row."""
    row = payment_row(ZONE, created_at=at.astimezone(UTC), **given)
    add_payments(conn, [row])
    add_charges(conn, [charge_row(row)])
    if row["amount_received_minor"]:
        add_ledger(conn, [ledger_row(row, ZONE)])
    return row


def failed(conn: Connection, at: datetime, **given: Any) -> Row:
    declined = {"status": "requires_payment_method", "failure_code": "card_declined"}
    return taken(conn, at, **declined, **given)


def test_today_is_compared_with_the_same_hours(engine: Engine) -> None:
    with writing(engine) as conn:
        taken(conn, local(20, 0, 0), amount_minor=1_000)
        taken(conn, local(20, 15, 44), amount_minor=2_000)
        failed(conn, local(20, 9, 0))
        taken(conn, local(19, 23, 59), amount_minor=64_000)  # after this hour
        taken(conn, local(19, 15, 44), amount_minor=4_000)
        taken(conn, local(13, 1, 0), amount_minor=8_000)
        taken(conn, local(20, 1, 0), amount_minor=700, currency="jpy")
        taken(conn, local(20, 1, 0), amount_minor=9_999, livemode=True)
    with reading(engine) as conn:
        usd, jpy = overview.today(conn, **CLOCK)
        nets = {net.currency: net for net in overview.net_today(conn, **CLOCK)}
    assert (usd.currency, jpy.currency) == ("usd", "jpy")
    assert usd.today == overview.Figures(volume_minor=3_000, paid=2, attempts=3, succeeded=2)
    assert usd.today.success_rate == Fraction(2, 3)
    assert (usd.yesterday.volume_minor, usd.last_week.volume_minor) == (4_000, 8_000)
    assert jpy.today.volume_minor == 700
    assert jpy.yesterday.success_rate is None
    assert nets["usd"] == overview.Net("usd", 2_910, 3_880, 7_760)


def test_net_of_today_is_revenue_alone(engine: Engine) -> None:
    with writing(engine) as conn:
        sale = taken(conn, local(20, 9, 0), amount_minor=10_000)
        given = {"created_at": local(20, 10, 0).astimezone(UTC), "fee_minor": 0}
        for category, amount in (
            ("financing_payout", 500_000),
            ("network_cost", -150),
            ("novelty", 7_000),
        ):
            given |= {"reporting_category": category, "amount_minor": amount}
            add_ledger(conn, [ledger_row(sale, ZONE, **given)])
        given |= {"reporting_category": "payout", "amount_minor": -5_000, "fee_minor": 50}
        add_ledger(conn, [ledger_row(sale, ZONE, **given)])
    with reading(engine) as conn:
        (net,) = overview.net_today(conn, **CLOCK)
    assert net.today_minor == 10_000 - 300 - 150 - 50


def test_volume_is_what_was_captured(engine: Engine) -> None:
    held = {"status": "requires_capture", "amount_received_minor": 0}
    with writing(engine) as conn:
        for day in (20, 19):
            at = local(day, 9, 0)
            taken(conn, at, amount_minor=10_000, amount_captured_minor=4_000)
            taken(conn, at, amount_minor=8_000, amount_captured_minor=1_000, **held)
            taken(conn, at, amount_minor=8_000, **held)
    with reading(engine) as conn:
        (line,) = overview.today(conn, **CLOCK)
        days = overview.complete_days(conn, **CLOCK, days=1)
    assert (line.today.volume_minor, line.today.paid) == (5_000, 1)
    assert days == (overview.CompleteDay(date(2026, 11, 19), "usd", volume_minor=5_000, count=1),)


def test_complete_days_leave_today_out_and_fill_gaps(engine: Engine) -> None:
    with writing(engine) as conn:
        taken(conn, local(20, 1, 0), amount_minor=1_000)
        taken(conn, local(19, 0, 0), amount_minor=2_000)
        taken(conn, local(17, 23, 59), amount_minor=3_000)
        failed(conn, local(19, 9, 0))
    with reading(engine) as conn:
        found = overview.complete_days(conn, **CLOCK, days=4)
    assert [one.day for one in found] == [date(2026, 11, day) for day in (16, 17, 18, 19)]
    assert [one.volume_minor for one in found] == [0, 3_000, 0, 2_000]
    assert [one.count for one in found] == [0, 1, 0, 1]


def test_hours_are_those_of_the_zone(engine: Engine) -> None:
    with writing(engine) as conn:
        taken(conn, local(20, 14, 59))
        taken(conn, local(20, 15, 0))
        failed(conn, local(20, 15, 30))
        taken(conn, local(20, 15, 40), status="canceled")
        taken(conn, local(18, 15, 59))  # an hour too early
    with reading(engine) as conn:
        found = overview.per_hour(conn, **CLOCK)
    assert len(found) == 48
    assert found[-1].hour == datetime(2026, 11, 20, 15, 0, tzinfo=ZONE)
    last = [[one.succeeded, one.failed, one.other] for one in found[-2:]]
    assert last == [[1, 0, 0], [1, 1, 1]]
    assert sum(one.succeeded for one in found) == 2


def test_latest_failures_are_the_newest_of_this_mode(engine: Engine) -> None:
    with writing(engine) as conn:
        rows = [failed(conn, local(20, hour, 0)) for hour in range(8)]
        taken(conn, local(20, 9, 0))
        failed(conn, local(20, 9, 0), livemode=True)
    with reading(engine) as conn:
        found = overview.latest_failures(conn, livemode=False, limit=3)
    assert [row.stripe_id for row in found] == [row["stripe_id"] for row in rows[:-4:-1]]


def mirror(minutes: int, **given: Any) -> Row:
    moment = NOW - timedelta(minutes=minutes)
    return {"created_at": moment, "as_of": moment, "confirmed": True, "livemode": False} | given


def event_row(number: int, state: str, minutes: int, **given: Any) -> Row:
    moment = NOW - timedelta(minutes=minutes)
    row = {"stripe_id": f"evt_{number}", "type": "charge.updated", "livemode": False}
    row |= {"source": "webhook", "body": b"{}", "created_at": moment, "received_at": moment}
    return row | {"state": state, "attempts": 0, "next_attempt_at": moment} | given


def test_what_needs_a_person_is_counted_with_its_first_moment(engine: Engine) -> None:
    due = NOW + timedelta(days=3)
    with writing(engine) as conn:
        money = {"amount_minor": 1, "currency": "usd"}
        for number, status in enumerate(("needs_response", "warning_needs_response", "won")):
            row = {"stripe_id": f"dp_{number}", "status": status, **money}
            conn.execute(disputes.insert(), [mirror(5, **row, due_by=due + timedelta(number))])
        for number, state in enumerate(("open", "open", "approved")):
            case = {"id": f"c{number}", "source_id": f"c{number}", "state": state, **money}
            case |= {"livemode": False, "kind": "flag", "payment_id": "pi_1", "opened_at": NOW}
            conn.execute(cases.insert(), [case])
        conn.execute(events.insert(), [event_row(1, "dead", 60), event_row(2, "dead", 30)])
        stale = {"kind": "payment", "livemode": False, "mark": 1, "known_at": NOW}
        late = [{"stripe_id": "pi_late", "next_attempt_at": NOW - timedelta(minutes=6)}]
        late += [{"stripe_id": "pi_soon", "next_attempt_at": NOW - timedelta(minutes=1)}]
        late += [{"stripe_id": "pi_refused", "next_attempt_at": NEVER}]
        conn.execute(stale_objects.insert(), [stale | row for row in late])
        waiting = taken(conn, local(20, 1, 0), status="requires_capture")
    with reading(engine) as conn:
        found = {n.kind: n for n in attention.needs_you(conn, livemode=False, now=NOW)}
        assert attention.needs_you(conn, livemode=True, now=NOW) == ()
    assert {kind: need.count for kind, need in found.items()} == {
        "disputes_to_answer": 2,
        "open_cases": 2,
        "payments_to_capture": 1,
        "dead_events": 2,
        "stale_objects": 1,
        "parked_objects": 1,
    }
    assert found["disputes_to_answer"].first_at == due
    assert found["dead_events"].first_at == NOW - timedelta(minutes=60)
    assert found["payments_to_capture"].first_at == waiting["created_at"]


@pytest.mark.parametrize("livemode", [True, False])
def test_a_payment_to_capture_is_told_to_whom_may_capture_it(engine: Engine, livemode) -> None:
    with writing(engine) as conn:
        taken(conn, local(20, 1, 0), status="requires_capture", livemode=livemode)
    with reading(engine) as conn:
        (need,) = attention.needs_you(conn, livemode=livemode, now=NOW)
    assert (need.kind, need.count) == ("payments_to_capture", 1)
    for role in TOKEN_ROLES:
        held = rights_of([role])
        assert need.is_for(held) == any(right in held for right in TAKERS[livemode]), role


def test_freshness_tells_the_newest_event_and_what_waits(engine: Engine) -> None:
    with writing(engine) as conn:
        conn.execute(events.insert(), [event_row(1, "applied", 20), event_row(2, "pending", 4)])
        conn.execute(events.insert(), [event_row(3, "pending", 1, livemode=True)])
    with reading(engine) as conn:
        found = overview.freshness(conn, livemode=False)
    at = NOW - timedelta(minutes=4)
    assert found == overview.Freshness(at, at, 1, at)


def test_version_of_a_topic_is_the_sum_over_its_slots(engine: Engine) -> None:
    rows = [
        {"topic": topic, "slot": slot, "version": version}
        for topic, slot, version in (("payments", 0, 3), ("payments", 9, 4), ("ledger", 0, 50))
    ]
    with writing(engine) as conn:
        conn.execute(versions.insert(), rows)
    with reading(engine) as conn:
        assert live.version(conn, topic="payments", livemode=False) == 7
