"""Each figure of fraud is what its rows are: as many, and as much, in any window and currency."""

from __future__ import annotations

import json
from datetime import date, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from core import clock
from core.db.engine import reading, writing
from core.db.tables import cases as cases_table
from core.db.tables import disputes, early_fraud_warnings, refunds, risk_assessments
from core.reads.fraud import cases, overview, scored
from core.reads.fraud.scored import FIGURES, Filters
from tests.support import factories
from tests.support.factories import NOON
from tests.support.risk_samples import assessment

#: Days begin at another hour than in UTC.
ZONE = ZoneInfo("Asia/Shanghai")
CURRENCIES = ("usd", "jpy", "kwd")
#: Names that are alike, or that would end a text.
RULES = ("large", "large_total", 'a "quoted" 100%_rule', "大额")
TODAY = clock.business_day(NOON, ZONE)
WINDOWS = [
    (TODAY - timedelta(days=first), TODAY - timedelta(days=first - length))
    for first, length in ((0, 1), (3, 2), (9, 10), (30, 31))
]


def written(*rules):
    """Factors as scoring writes them; a value says what a rule would look like."""
    values = {"email": '{"rule": "large", "points": 1}'}
    found = [{"rule": name, "points": 5, "values": values} for name in rules]
    return json.dumps(found, ensure_ascii=False)


@pytest.fixture
def history(engine):
    """A hundred scorings of twelve days, with what was reported of some of them."""
    chance = Random(11)
    with writing(engine) as connection:
        for number in range(100):
            _one(connection, chance, number)
    with reading(engine) as connection:
        yield connection


def _one(connection, chance, number):
    at = NOON - timedelta(hours=chance.randrange(24 * 12), microseconds=number)
    currency, refused = chance.choice(CURRENCIES), number % 9 == 0
    amount, payment = chance.randrange(100, 100_000), None
    if not refused:
        received = amount if chance.random() < 0.8 else 0
        row = factories.paid(
            connection,
            created_at=at,
            currency=currency,
            amount_minor=amount,
            amount_received_minor=received,
        )
        payment = row["stripe_id"]
    score = chance.choice([-5, 0, 5, 10, 11, 31, 70, 100, 101, 240])
    signals = {"amount": amount, "currency": currency}
    held = [name for name in RULES if chance.random() < 0.4]
    given = {
        "factors": written(*held),
        "payment_id": payment,
        "kind": "create" if refused else "arrival",
        "allowed": not refused,
        "created_at": at,
        "score": score,
        "level": "low" if score < 30 else "medium" if score < 70 else "high",
    }
    connection.execute(risk_assessments.insert().values(assessment(number, signals, **given)))
    if payment and chance.random() < 0.5:
        _report(connection, chance, payment, currency, at)
    if payment and score >= 70:
        _open(connection, chance, payment, currency, at)


def _report(connection, chance, payment, currency, at):
    table = chance.choice([disputes, refunds, early_fraud_warnings])
    row = {
        "stripe_id": f"x_{payment}",
        "payment_id": payment,
        "livemode": False,
        "created_at": at,
        "confirmed": True,
        "as_of": at,
    }
    if table is early_fraud_warnings:
        row["actionable"] = True
    else:
        states = ("lost", "won") if table is disputes else ("succeeded", "failed")
        row |= {
            "amount_minor": chance.randrange(1, 999),
            "currency": currency,
            "reason": chance.choice(["fraudulent", "duplicate"]),
            "status": chance.choice(states),
        }
    connection.execute(table.insert().values(**row))


def _open(connection, chance, payment, currency, at):
    decided = chance.random() < 0.6
    connection.execute(
        cases_table.insert().values(
            id=f"case_{payment}"[:36],
            livemode=False,
            kind="flag",
            source_id=payment,
            payment_id=payment,
            amount_minor=chance.randrange(1, 9_999),
            currency=currency,
            state=chance.choice(["approved", "dismissed"]) if decided else "open",
            opened_at=at,
            closed_at=at + timedelta(hours=chance.randrange(60)) if decided else None,
        )
    )


def rows_of(conn, filters):
    """All rows, page by page, and the sums that each page said."""
    rows, cursor, sums = [], None, set()
    while True:
        page = scored.page(conn, livemode=False, zone=ZONE, filters=filters, cursor=cursor, limit=7)
        rows, cursor = [*rows, *page.rows], page.older
        sums.add(page.sums)
        if cursor is None:
            (said,) = sums
            return rows, said


def asked(since: date, until: date):
    return {"livemode": False, "zone": ZONE, "since": since, "until": until}


def test_a_figure_is_the_count_or_the_sum_of_its_rows(history):
    seen = set()
    for since, until in WINDOWS:
        lines = {one.currency: one for one in overview.by_currency(history, **asked(since, until))}
        for currency in CURRENCIES:
            line = lines.get(currency, overview.Figures(currency))
            for figure in (one for one in FIGURES if one != "low"):
                rows, sums = rows_of(history, Filters(figure, since, until, currency))
                assert len({row.key for row in rows}) == len(rows)
                total = sum(row.amount_minor for row in rows)
                said = [(one.currency, one.count, one.amount_minor) for one in sums]
                assert said == ([(currency, len(rows), total)] if rows else [])
                shown = line.lost_minor if figure == "lost" else getattr(line, figure)
                assert shown == (total if figure == "lost" else len(rows))
                seen |= {figure} if rows else set()
    assert seen == {*FIGURES} - {"low"}


def test_the_hits_of_a_rule_are_its_rows(history):
    seen = set()
    for since, until in WINDOWS:
        hits = scored.hits(history, **asked(since, until), rules=(*RULES, "never", "_arge"))
        for rule, found in hits.items():
            for figure, count in (("scored", found.scored), ("refused", found.refused)):
                rows, sums = rows_of(history, Filters(figure, since, until, rule=rule))
                assert len(rows) == sum(one.count for one in sums) == count
                assert all(rule in [one["rule"] for one in row.factors] for row in rows)
                seen |= {(rule, figure)} if rows else set()
    assert seen == {(rule, figure) for rule in RULES for figure in ("scored", "refused")}
    assert scored.hits(history, **asked(*WINDOWS[0]), rules=()) == {}


def test_a_bar_of_points_is_its_rows(history):
    for since, until in WINDOWS:
        bands = overview.bands(history, **asked(since, until))
        for one in bands:
            filters = Filters(one.level, since, until, points=(one.least, one.most))
            assert len(rows_of(history, filters)[0]) == one.count
        every = rows_of(history, Filters("scored", since, until))[0]
        assert sum(one.count for one in bands) == len(every)


def test_a_bar_of_cases_is_the_cases_of_its_day(history):
    since, until = WINDOWS[-1]
    days = cases.by_day(history, **asked(since, until))
    assert [one.day for one in days] == [since + timedelta(days=n) for n in range(31)]
    for one in days:
        start = scored.start_of(one.day, ZONE)
        within = start, start + timedelta(days=1)
        for name, count in (("opened", one.opened), ("decided", one.decided)):
            found = cases.queue(history, livemode=False, is_open=None, **{name: within})
            assert len(found.rows) == sum(sum_.count for sum_ in found.sums) == count
    assert sum(one.opened for one in days) > sum(one.decided for one in days) > 0


def test_money_at_risk_is_what_the_open_cases_of_a_currency_come_to(history):
    sums = cases.queue(history, livemode=False).sums
    assert len(sums) == len(CURRENCIES)
    for one in sums:
        rows = cases.queue(history, livemode=False, currency=one.currency).rows
        assert (one.count, one.amount_minor) == (len(rows), sum(r.amount.minor for r in rows))
