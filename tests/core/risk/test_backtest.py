"""A backtest: who counts, what is fraud, what it would have saved and cost, by currency."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.db.engine import open_engine, reading, writing
from core.db.migrate import upgrade
from core.db.tables import disputes, early_fraud_warnings, refunds, risk_assessments
from core.errors import InvalidInput
from core.risk import backtest, confusion_matrix
from core.risk.backtest import Question
from core.risk.rules import DEFAULT, read
from core.risk.values import KINDS
from tests.support import factories
from tests.support.factories import NOON
from tests.support.risk_samples import assessment

ZONE = ZoneInfo("UTC")
SCORED = dict.fromkeys(KINDS) | {"currency": "usd"}
RULES = read(
    {
        "high_at": 50,
        "rules": [
            {"name": "many", "when": "attempts_hour_user >= 3", "points": 50},
            {"name": "some", "when": "attempts_hour_user >= 1", "points": 20},
        ],
    }
)


@pytest.fixture
def engine(database_url):
    made = open_engine(database_url)
    upgrade(made)
    yield made
    made.dispose()


class Shop:
    """Payments with their scorings, and what they turned out to be."""

    def __init__(self, engine):
        self._engine = engine
        self._count = 0

    def paid(self, attempts, label=None, amount=1000, currency="usd", at=NOON, **given):
        self._count += 1
        with writing(self._engine) as connection:
            payment = factories.paid(
                connection, amount_minor=amount, currency=currency, created_at=at, **given
            )
            signals = SCORED | {
                "attempts_hour_user": attempts,
                "amount": amount,
                "currency": currency,
            }
            row = assessment(
                self._count,
                signals,
                payment_id=payment["stripe_id"],
                created_at=at,
                month=at.year * 100 + at.month,
                paid_minor=payment["amount_received_minor"],
            )
            connection.execute(risk_assessments.insert(), [row])
            if label:
                self._label(connection, label, payment["stripe_id"])

    def _label(self, connection, label, payment_id):
        common = {
            "stripe_id": f"{label}_{self._count}",
            "payment_id": payment_id,
            "livemode": False,
            "created_at": NOON,
            "confirmed": True,
            "as_of": NOON,
        }
        money = {"amount_minor": 1, "currency": "usd"}
        if label == "warning":
            connection.execute(early_fraud_warnings.insert().values(**common, actionable=True))
        elif label == "refund":
            values = common | money | {"status": "succeeded", "reason": "fraudulent"}
            connection.execute(refunds.insert().values(**values))
        else:
            values = common | money | {"status": "lost", "reason": label}
            connection.execute(disputes.insert().values(**values))


@pytest.fixture
def shop(engine):
    return Shop(engine)


def cells(engine, rules=RULES, **given):
    window = {"since": NOON - timedelta(days=90), "until": NOON + timedelta(days=1)}
    with reading(engine) as connection:
        return backtest.run(connection, Question(False, **(window | given)), rules, read(DEFAULT))


def test_the_matrix_and_the_money_by_currency(engine, shop):
    shop.paid(3, "fraudulent", 5000)
    shop.paid(4, "warning", 700, "jpy")
    shop.paid(3, None, 900)
    shop.paid(1, "refund", 300)
    shop.paid(0, None)
    shop.paid(0, "duplicate")
    found = confusion_matrix.verdict(cells(engine), RULES.high_at)
    assert (found.caught, found.refused_good, found.missed_fraud, found.passed_good) == (2, 1, 1, 2)
    assert found.saved == {"usd": 5000, "jpy": 700}
    assert found.lost == {"usd": 900}
    assert found.missed == {"usd": 300}
    assert (found.precision, found.recall, found.false_positives) == (6667, 6667, 3333)


def test_a_payment_with_two_labels_counts_once(engine, shop):
    shop.paid(3, "fraudulent")
    with writing(engine) as connection:
        payment_id = connection.execute(disputes.select()).one().payment_id
        shop._label(connection, "warning", payment_id)
    found = confusion_matrix.verdict(cells(engine), 50)
    assert (found.caught, found.saved) == (1, {"usd": 1000})


def test_only_the_labels_that_were_chosen_count(engine, shop):
    shop.paid(3, "fraudulent")
    shop.paid(3, "warning")
    assert confusion_matrix.verdict(cells(engine, labels=("warning",)), 50).caught == 1
    with pytest.raises(InvalidInput, match="labels"):
        cells(engine, labels=("guess",))


def test_what_was_not_paid_or_lies_outside_has_no_part(engine, shop):
    shop.paid(3, status="requires_payment_method", failure_code="card_declined")
    shop.paid(3, at=NOON - timedelta(days=91))
    shop.paid(3, at=NOON + timedelta(days=2))
    assert cells(engine) == []


def test_months_are_those_of_the_zone_and_cut_to_the_window(engine, shop):
    shop.paid(3, at=datetime(2026, 10, 31, 23, 59, tzinfo=UTC))
    shop.paid(3, at=datetime(2026, 11, 1, tzinfo=UTC))
    shop.paid(0, at=datetime(2026, 11, 2, tzinfo=UTC))
    months = confusion_matrix.by_month(cells(engine), 50)
    assert {month: one.refused_good for month, one in months.items()} == {
        date(2026, 10, 1): 1,
        date(2026, 11, 1): 1,
    }
    told = []
    with reading(engine) as connection:
        question = Question(False, NOON - timedelta(days=160), NOON)
        backtest.run(
            connection, question, RULES, RULES, lambda done, total: told.append((done, total))
        )
    assert told == [(0, 1), (1, 1)]


def test_the_curve_trades_recall_for_good_money(engine, shop):
    for attempts, label in ((3, "fraudulent"), (1, "fraudulent"), (1, None), (0, None), (0, None)):
        shop.paid(attempts, label)
    found = confusion_matrix.curve(cells(engine))
    assert [(at, one.caught, one.refused_good) for at, one in found] == [
        (0, 2, 3),
        (20, 2, 1),
        (70, 1, 0),
        (71, 0, 0),
    ]
    assert confusion_matrix.best(cells(engine), 3400)[0] == 20
    assert confusion_matrix.best(cells(engine), 0)[0] == 70


def test_the_rules_in_force_stand_beside_those_tried(engine, shop):
    shop.paid(5, "fraudulent")
    found = cells(engine)
    assert [(cell.points, cell.before) for cell in found] == [(70, 50)]
    assert confusion_matrix.verdict(found, 70, before=True).caught == 0


def test_a_scan_in_many_parts_says_the_same(engine, shop, monkeypatch):
    for number in range(9):
        label = "fraudulent" if number % 4 == 0 else "warning" if number % 4 == 1 else None
        shop.paid(number % 5, label, currency=("usd", "jpy")[number % 2])
    whole = cells(engine)
    assert sum(cell.count for cell in whole) == 9
    monkeypatch.setattr(backtest, "ROWS", 2)
    monkeypatch.setattr(backtest, "FRAUDS", 2)
    assert cells(engine) == whole


def test_sqlite_reads_scorings_in_place_and_fraud_by_its_payments(tmp_path):
    made = open_engine(f"sqlite:///{tmp_path / 'plans.db'}")
    upgrade(made)
    question = Question(False, NOON - timedelta(days=9), NOON)
    scan = backtest._Scan(question, RULES, RULES, ["usd"])
    ids = risk_assessments.c.id
    plans = []
    with reading(made) as connection:
        for query in (scan.over(ids >= 1, ids < 9), scan.of(["pi_1", "pi_2"])):
            told = query.compile(made, compile_kwargs={"literal_binds": True})
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {told}").all()
            plans.append(plan[0][3])
    made.dispose()
    assert "USING INTEGER PRIMARY KEY" in plans[0]
    assert "(payment_id=? AND kind=?)" in plans[1]


def test_the_same_rules_tried_and_in_force_are_reckoned_once(engine, shop):
    for attempts in (0, 1, 3, 5):
        shop.paid(attempts)
    found = cells(engine, read(DEFAULT))
    assert sorted((cell.points, cell.before, cell.count) for cell in found) == [
        (0, 0, 3),
        (50, 50, 1),
    ]


def test_points_may_be_taken_away(engine, shop):
    rules = read(
        {
            "rules": [
                {"name": "calm", "when": "attempts_hour_user == 0", "points": -30},
                {"name": "more", "when": "attempts_hour_user >= 3", "points": 70},
            ]
        }
    )
    for attempts in (0, 3):
        shop.paid(attempts, "fraudulent")
    assert sorted((cell.points, cell.before) for cell in cells(engine, rules)) == [
        (-30, 0),
        (70, 0),
    ]


def test_a_window_must_have_an_order_and_an_end(engine):
    with pytest.raises(InvalidInput, match="since"):
        cells(engine, since=NOON, until=NOON)
    with pytest.raises(InvalidInput, match="at most 60 months"):
        cells(engine, since=NOON - timedelta(days=3000))
