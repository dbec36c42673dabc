"""Each kind of alert: when its condition holds, and when it does not; for random histories."""

import random
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import clock
from core.alerts import payment_checks
from core.alerts.findings import MOST, Asked
from core.alerts.kinds import KINDS
from core.alerts.parameters import complete
from core.db.engine import reading, writing
from core.db.tables import breaks, disputes, payouts, refunds, streams
from core.reads.search.payments import facets
from tests.support.alerts import ZONE, SetClock, add_rule, found, look, put_event, set_events
from tests.support.factories import NOON, add_payments, fresh_engine, payment_row

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)


def asked(engine, kind, now=NOON, **parameters):
    """What a check finds: subjects with their facts."""
    question = Asked(complete(KINDS[kind].fields, parameters), False, now, ZONE)
    with reading(engine) as connection:
        answer = KINDS[kind].check(connection, question)
    return {one.subject: one.facts for one in answer.found}


def pay(engine, *times, **values):
    with writing(engine) as connection:
        add_payments(connection, [payment_row(created_at=at, **values) for at in times])


def fail(engine, *times):
    pay(engine, *times, status="requires_payment_method", failure_code="card_declined")


def minutes_before(now, count, step=1):
    return [now - timedelta(minutes=step * n) for n in range(1, count + 1)]


def mirror_row(table, name, **given):
    row = {"stripe_id": name, "livemode": False, "confirmed": True, "currency": "usd"}
    return row | {"amount_minor": 1000, "created_at": NOON - HOUR, "as_of": NOON} | given


def put(engine, table, *rows):
    with writing(engine) as connection:
        connection.execute(table.insert(), list(rows))


def test_failures_above_the_share_and_the_usual_are_told(engine):
    usual = [NOON - n * DAY for n in range(1, 8)]
    pay(engine, *(day + timedelta(minutes=n) for day in usual for n in range(9)))
    fail(engine, *usual)
    pay(engine, *minutes_before(NOON, 14))
    fail(engine, *minutes_before(NOON, 6))
    assert asked(engine, "failure_rate") == {
        "payments": {
            "failed": 6,
            "finished": 20,
            "before_failed": 7,
            "before": 70,
            "minutes": 60,
        }
    }
    # 30 % is four times nothing of 10 %, and no share of 40 %; 21 payments are too few.
    assert asked(engine, "failure_rate", times=4) == {}
    assert asked(engine, "failure_rate", above_percent=31) == {}
    assert asked(engine, "failure_rate", least=21) == {}
    assert asked(engine, "failure_rate", now=NOON + 2 * HOUR) == {}


def test_disputes_above_the_share_are_told_and_inquiries_are_not(engine):
    pay(engine, *minutes_before(NOON, 100))
    rows = [
        mirror_row(disputes, f"du_{n}", status=status, has_evidence=False, past_due=False)
        | {"submission_count": 0}
        for n, status in enumerate(["needs_response"] * 3 + ["lost", "won", "warning_closed"])
    ]
    put(engine, disputes, *rows)
    found_now = asked(engine, "dispute_rate", least=5, above_basis_points=500)
    assert found_now == {"disputes": {"disputes": 5, "paid": 100, "days": 30}}
    assert asked(engine, "dispute_rate", least=6) == {}
    assert asked(engine, "dispute_rate", above_basis_points=501) == {}


def test_failed_payouts_are_told_one_by_one(engine):
    put(
        engine,
        payouts,
        mirror_row(payouts, "po_1", status="failed", automatic=True),
        mirror_row(payouts, "po_2", status="paid", automatic=True),
        mirror_row(payouts, "po_3", status="failed", automatic=True, created_at=NOON - 20 * DAY),
    )
    assert asked(engine, "failed_payout") == {"po_1": {"amount_minor": 1000, "currency": "usd"}}
    assert set(asked(engine, "failed_payout", days=30)) == {"po_1", "po_3"}


@pytest.mark.parametrize(
    ("currency", "amount", "limit"),
    [("usd", 100_000, "1000"), ("jpy", 1000, "1000"), ("kwd", 1_000_000, "1000")],
)
def test_a_refund_is_large_by_the_exponent_of_its_currency(engine, currency, amount, limit):
    rows = [
        mirror_row(refunds, "re_at", status="succeeded", currency=currency, amount_minor=amount),
        mirror_row(
            refunds, "re_below", status="succeeded", currency=currency, amount_minor=amount - 1
        ),
        mirror_row(refunds, "re_failed", status="failed", currency=currency, amount_minor=amount),
        mirror_row(refunds, "re_other", status="succeeded", currency="eur", amount_minor=amount),
    ]
    put(engine, refunds, *(row | {"payment_id": None, "released": False} for row in rows))
    assert set(asked(engine, "large_refund", currency=currency, amount=limit)) == {"re_at"}


def test_breaks_that_are_past_due_are_told_by_kind_and_currency(engine):
    common = {"livemode": False, "identity": "rows", "day": NOON.date(), "cause": "edited"}
    common |= {"first_run": 1, "last_run": 1, "found_at": NOON - HOUR, "kind": "amount"}
    rows = [
        {"object_id": "a", "currency": "usd", "state": "open", "due_at": NOON - HOUR},
        {"object_id": "b", "currency": "usd", "state": "open", "due_at": None},
        {"object_id": "c", "currency": "jpy", "state": "expected", "due_at": NOON + HOUR},
        {"object_id": "d", "currency": "jpy", "state": "explained", "due_at": None},
    ]
    put(engine, breaks, *(common | row for row in rows))
    assert {name: one["count"] for name, one in asked(engine, "open_break").items()} == {
        "amount/usd": 2
    }
    assert asked(engine, "open_break", days=1) == {}


def test_a_stream_that_is_stopped_for_some_minutes_is_told(engine):
    row = {"name": "events", "livemode": False, "checked_at": NOON, "fresh_as_of": NOON}
    row |= {"failed_since": NOON - timedelta(minutes=6), "error": "stripe_down"}
    put(engine, streams, row)
    assert asked(engine, "stopped_stream")["events"]["error"] == "stripe_down"
    assert asked(engine, "stopped_stream", minutes=7) == {}


def test_more_than_are_told_at_once_close_nothing(engine, time):
    add_rule(engine, "failed_payout")
    rows = [
        mirror_row(payouts, f"po_{n:03}", status="failed", automatic=True)
        | {"created_at": NOON - timedelta(minutes=n)}
        for n in range(MOST)
    ]
    put(engine, payouts, *rows)
    look(engine)
    newer = mirror_row(payouts, "po_new", status="failed", automatic=True)
    put(engine, payouts, newer | {"created_at": NOON})
    look(engine)
    assert {one.state for one in found(engine)} == {"open"}
    assert len(found(engine)) == MOST + 1


#: A shop that is open from 9 to 18 o'clock on working days, a payment each ten minutes.
def opening_hours(until, weeks):
    moment, found_times = until - weeks * WEEK, []
    while moment <= until:
        if moment.weekday() < 5 and 9 <= moment.hour < 18:
            found_times.append(moment)
        moment += timedelta(minutes=10)
    return found_times


#: A Friday, shortly before the shop closes.
LAST = NOON.replace(hour=17, minute=50)


def told_of_silence(engine):
    """Hours after the last payment of a Friday at which silence is told of."""
    return {
        hours
        for hours in range(1, 24 * 12)
        if asked(engine, "silence", now=LAST + timedelta(hours=hours))
    }


def test_nights_and_weekends_are_no_silence_and_monday_is(engine):
    pay(engine, *opening_hours(LAST, weeks=4))
    assert LAST.weekday() == 4
    told = told_of_silence(engine)
    # Monday 9:20 is 63.5 hours later: the third payment of a usual Monday has come by then.
    assert told == set(range(64, 24 * 12))


def test_a_silence_that_is_measured_by_days_would_be_seen(engine, monkeypatch):
    """The planted bug: the hour of the day instead of the hour of the week."""
    pay(engine, *opening_hours(LAST, weeks=4))
    monkeypatch.setattr(payment_checks, "WEEK", DAY)
    assert min(told_of_silence(engine)) < 64


def test_a_young_shop_has_no_usual_hours(engine):
    pay(engine, *opening_hours(LAST, weeks=2))
    assert told_of_silence(engine) == set()


def is_silent(times, now, weeks, least):
    """The condition, said in another way: by a list."""
    last = max(times)
    gap = min(now - last, WEEK)
    if now - last < timedelta(minutes=least):
        return False
    return all(
        sum(last - n * WEEK < at <= last - n * WEEK + gap for at in times) >= payment_checks.BUSY
        for n in range(1, weeks + 1)
    )


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), weeks=st.integers(1, 3), least=st.integers(5, 600))
def test_silence_is_told_exactly_when_it_is_one(tmp_path_factory, seed, weeks, least):
    chance = random.Random(seed)
    engine = fresh_engine(f"sqlite:///{tmp_path_factory.mktemp('silence') / 'x.db'}")
    gaps = [
        timedelta(minutes=chance.choice([1, 20, 90, 700])) for _ in range(chance.randint(1, 90))
    ]
    times = [NOON - sum(gaps[:n], timedelta()) for n in range(len(gaps))]
    pay(engine, *times)
    for _ in range(8):
        now = NOON + timedelta(minutes=chance.choice([4, 5, 30, 600, 3000, 20_000]))
        holds = bool(asked(engine, "silence", now=now, weeks=weeks, least_minutes=least))
        assert holds == is_silent(times, now, weeks, least), seed
    engine.dispose()
    facets.forget()


TYPES = ("charge.failed", "payout.paid", "refund.created")


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    history=st.lists(
        st.tuples(st.sampled_from(TYPES), st.booleans(), st.integers(0, 200)), max_size=25
    )
)
def test_an_alert_is_open_exactly_while_its_condition_holds(tmp_path_factory, history):
    """Events die and come to life; after each look the open alerts are the dead types, and an
    alert was opened for each time that one died."""
    engine = fresh_engine(f"sqlite:///{tmp_path_factory.mktemp('alerts') / 'x.db'}")
    add_rule(engine, "dead_event")
    for kind in TYPES:
        put_event(engine, f"evt_{kind}", kind, "applied")
    dead, deaths, time = set(), 0, SetClock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", time.now)
        for kind, dies, minutes in history:
            deaths += dies and kind not in dead
            dead = dead | {kind} if dies else dead - {kind}
            set_events(engine, kind, "dead" if dies else "applied")
            time.later(minutes=minutes)
            look(engine)
            rows = found(engine)
            assert sorted(one.subject for one in rows if one.closed_at is None) == sorted(dead)
            assert len(rows) == deaths
    engine.dispose()
