"""Signals: against a plain count over all rows, and never from the future."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.db.engine import open_engine, reading, writing
from core.db.migrate import upgrade
from core.db.tables import list_entries
from core.risk.rules import DEFAULT, read
from core.risk.signals import Subject, signals_of
from core.risk.values import KINDS
from core.risk.velocity import DAY, HOUR
from tests.support import factories

ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SUBJECT = Subject(
    livemode=False,
    at=NOON,
    amount_minor=2500,
    currency="usd",
    user_id="u1",
    email="u1@shop.example",
    ip="192.0.2.1",
    card_fingerprint="card1",
    card_country="US",
)


@pytest.fixture
def engine(database_url):
    made = open_engine(database_url)
    upgrade(made)
    yield made
    made.dispose()


def history(dice: random.Random, count: int) -> list[dict]:
    """Payments of a few people around noon, each with one charge; some in the same second."""
    made = []
    for _ in range(count):
        at = NOON + timedelta(minutes=dice.randint(-2000, 600), seconds=dice.randint(0, 1))
        good = dice.random() < 0.6
        made.append(
            {
                "created_at": dice.choice([at, at, NOON]),
                "user_id": dice.choice(["u1", "u2", None]),
                "email": f"u{dice.randint(1, 2)}@shop.example",
                "ip": f"192.0.2.{dice.randint(1, 2)}",
                "card_fingerprint": dice.choice(["card1", "card2", "card3"]),
                "card_country": dice.choice(["US", "DE"]),
                "currency": dice.choice(["usd", "jpy"]),
                "amount_minor": dice.randint(100, 9000),
                "status": "succeeded" if good else "requires_payment_method",
                "failure_code": None if good else "card_declined",
                "livemode": dice.random() < 0.1,
            }
        )
    return made


def told(engine, subject: Subject) -> dict:
    with reading(engine) as connection:
        return signals_of(connection, subject, ZONE)


def count(rows, subject, column, reach):
    value = {
        "user_id": subject.user_id,
        "email": subject.email,
        "card_fingerprint": subject.card_fingerprint,
        "ip": subject.ip,
    }[column]
    return [
        row
        for row in rows
        if row[column] == value
        and not row["livemode"]
        and subject.at - reach <= row["created_at"] <= subject.at
    ]


@pytest.mark.parametrize("seed", range(8))
def test_signals_are_what_a_plain_count_says(engine, seed):
    dice = random.Random(seed)
    rows = history(dice, 120)
    with writing(engine) as connection:
        for row in rows:
            factories.paid(connection, **row)
    found = told(engine, SUBJECT)
    names = {"user": "user_id", "email": "email", "card": "card_fingerprint", "ip": "ip"}
    for what, column in names.items():
        for reach, name in ((HOUR, "hour"), (DAY, "day")):
            expected = len(count(rows, SUBJECT, column, reach))
            assert found[f"attempts_{name}_{what}"] == expected, (what, name)
    mine = count(rows, SUBJECT, "user_id", DAY)
    assert found["cards_day_user"] == len({row["card_fingerprint"] for row in mine})
    same = [row["user_id"] for row in count(rows, SUBJECT, "card_fingerprint", DAY)]
    assert found["users_day_card"] == len({user for user in same if user})
    midnight = datetime(2026, 11, 20, tzinfo=ZONE)
    paid = [r for r in count(rows, SUBJECT, "user_id", timedelta(days=99)) if not r["failure_code"]]
    today = [r for r in paid if r["created_at"] >= midnight and r["currency"] == "usd"]
    assert found["day_total"] == 2500 + sum(row["amount_minor"] for row in today)
    assert found["first_payment"] is (not paid)


@pytest.mark.parametrize("seed", range(4))
def test_what_comes_later_changes_nothing(engine, seed):
    dice = random.Random(seed)
    rows = history(dice, 60)
    earlier = [row for row in rows if row["created_at"] <= NOON]
    with writing(engine) as connection:
        for row in earlier:
            factories.paid(connection, **row)
    before = told(engine, SUBJECT)
    with writing(engine) as connection:
        for row in rows:
            if row["created_at"] > NOON:
                factories.paid(connection, **row)
    assert told(engine, SUBJECT) == before


def test_within_a_second_the_id_decides_and_a_payment_does_not_count_itself(engine):
    with writing(engine) as connection:
        ids = [
            factories.paid(connection, created_at=NOON, user_id="u1")["stripe_id"] for _ in range(3)
        ]

    def counted(payment_id):
        subject = Subject(False, NOON, 100, "usd", payment_id=payment_id, user_id="u1")
        return told(engine, subject)["attempts_hour_user"]

    assert [counted(one) for one in sorted(ids)] == [0, 1, 2]
    assert counted(None) == 3


def test_a_streak_of_declines_ends_with_a_success(engine):
    def attempt(minutes, good):
        failure = None if good else "card_declined"
        status = "succeeded" if good else "requires_payment_method"
        at = NOON - timedelta(minutes=minutes)
        with writing(engine) as connection:
            factories.paid(
                connection, created_at=at, user_id="u1", status=status, failure_code=failure
            )

    assert told(engine, SUBJECT)["decline_streak"] == 0
    for minutes in (9, 8, 7):
        attempt(minutes, False)
    assert told(engine, SUBJECT)["decline_streak"] == 3
    attempt(5, True)
    attempt(4, False)
    assert told(engine, SUBJECT)["decline_streak"] == 1


def test_what_is_usual_and_where_the_card_is_from(engine):
    with writing(engine) as connection:
        for day, amount in enumerate([1000, 2000, 9000], start=3):
            factories.paid(
                connection,
                created_at=NOON - timedelta(days=day),
                user_id="u1",
                amount_minor=amount,
                card_country="DE",
            )
    found = told(engine, SUBJECT)
    assert (found["user_usual"], found["percent_of_user_usual"]) == (2000, 125)
    assert (found["shop_usual"], found["percent_of_shop_usual"]) == (4000, 62)
    assert (found["usual_country"], found["country_differs"]) == ("DE", True)


def test_who_is_not_known_has_no_history(engine):
    found = told(engine, Subject(False, NOON, 100, "usd"))
    unknown = {"attempts_hour_user", "day_total", "decline_streak", "first_payment", "shop_usual"}
    assert all(found[name] is None for name in unknown)
    assert found["user_known"] is False
    assert found.keys() == KINDS.keys()
    assert read(DEFAULT).score(found, "usd").points == 0


@pytest.mark.parametrize(
    ("field", "value", "signal"),
    [
        ("ip", "192.0.2.0/28", "blocked_ip"),
        ("ip", "192.0.2.1/32", "blocked_ip"),
        ("email", "@shop.example", "blocked_email"),
        ("email", "@example", None),
        ("email", "u1@shop.example", "blocked_email"),
        ("card", "card1", "blocked_card"),
        ("user", "u1", "blocked_user"),
        ("user", "U1", None),
        ("country", "US", "blocked_country"),
        ("ip", "192.0.3.0/24", None),
    ],
)
def test_lists_say_who_is_blocked(engine, field, value, signal):
    entry = {"kind": "block", "field": field, "value": value, "reason": "x", "added_by": "u"}
    with writing(engine) as connection:
        connection.execute(list_entries.insert().values(**entry, created_at=NOON))
    found = told(engine, SUBJECT)
    assert [name for name in found if name.startswith("blocked_") and found[name]] == (
        [signal] if signal else []
    )


def test_an_entry_counts_from_its_making_until_it_expires(engine):
    entry = {"kind": "allow", "field": "user", "value": "u1", "reason": "x", "added_by": "u"}
    made, ends = NOON - timedelta(hours=1), NOON + timedelta(hours=1)
    with writing(engine) as connection:
        connection.execute(list_entries.insert().values(**entry, created_at=made, expires_at=ends))

    def allowed(at):
        return told(engine, Subject(False, at, 100, "usd", user_id="u1"))["allow_listed"]

    minute = timedelta(minutes=1)
    assert [allowed(at) for at in (made - minute, made, NOON, ends - minute, ends)] == [
        False,
        True,
        True,
        True,
        False,
    ]
