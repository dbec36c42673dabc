"""A change of rules is a new version, with who and why; nothing that cannot be read gets in."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select

from core.access.principals import Caller
from core.actions.context import Approvals
from core.actions.fraud import rule_sets
from core.db.engine import reading
from core.db.tables import rule_sets as table
from core.errors import InvalidInput, NotFound
from core.reads.fraud import rules as reads
from core.risk.rules import DEFAULT
from core.risk.scoring import in_force
from tests.support.fixtures_access import audited, give, person
from tests.support.fixtures_actions import with_token


@pytest.fixture
def risk(console):
    return Caller(person(console, "risk"))


def body(**changed):
    return json.dumps(DEFAULT | changed)


def kept(console):
    with reading(console.engine) as connection:
        return connection.execute(select(table).order_by(table.c.version)).all()


def test_a_change_is_in_force_with_its_author_and_reason(console, context, risk):
    assert rule_sets.change(context, risk, body(high_at=80), "too many good ones refused") == 1
    assert rule_sets.change(context, risk, body(high_at=90), "still too many") == 2
    with reading(console.engine) as connection:
        found = in_force(connection)
    assert (found.number, found.rules.high_at) == (2, 90)
    first, _ = kept(console)
    assert (first.author, first.reason) == (risk.actor, "too many good ones refused")
    assert json.loads(first.body)["high_at"] == 80
    assert [row.target for row in audited(console, "rules.change")] == ["rules 1", "rules 2"]


@pytest.mark.parametrize(
    ("text", "reason", "field", "rule"),
    [
        (body(high_at=80), "", "reason", "1 to 500"),
        (body(high_at=80), "two\nlines", "reason", "printable"),
        (body(high_at=80), "x" * 501, "reason", "1 to 500"),
        ('{\n "rules": [,]}', "why", "rules", "line 2, column 12"),
        ("[" * 100_000, "why", "rules", "JSON"),
        ("x" * 200_001, "why", "rules", "at most 200000"),
        (body(), "why", "rules", "in force already"),
        (body(high_at=1), "why", "medium_at", "1 to high_at"),
        (
            body(rules=[{"name": "mine", "when": "amount > nothing", "points": 3}]),
            "why",
            "mine.when",
            "",
        ),
        (
            body(rules=[{"name": "mine", "when": "blocked_ip", "points": 1.5}]),
            "why",
            "mine.points",
            "",
        ),
        (body(thresholds={"most": {"xxx": "1"}}), "why", "most", "xxx is no currency"),
    ],
)
def test_what_cannot_be_read_is_named_and_changes_nothing(
    console, context, risk, text, reason, field, rule
):
    with pytest.raises(InvalidInput) as error:
        rule_sets.change(context, risk, text, reason)
    assert error.value.field == field
    assert rule in error.value.rule
    assert kept(console) == []
    assert audited(console, "rules.change") == []


def test_two_at_once_get_two_numbers(console, context, risk):
    with ThreadPoolExecutor(2) as pool:
        made = pool.map(
            lambda at: rule_sets.change(context, risk, body(high_at=at), f"at {at}"), (81, 82)
        )
    assert sorted(made) == [1, 2]
    assert len(kept(console)) == 2


@pytest.fixture
def two_people(context):
    return replace(context, approvals=Approvals(rules=True))


def test_another_person_puts_proposed_rules_in_force(console, two_people, risk):
    other = Caller(person(console, "risk"))
    assert rule_sets.change(two_people, risk, body(high_at=80), "too strict") is None
    assert kept(console) == []
    with reading(console.engine) as connection:
        found = reads.proposed(connection)
    assert (found.user_id, found.reason) == (risk.user_id, "too strict")
    assert json.loads(found.body)["high_at"] == 80
    for same in (risk, with_token(console, risk.user_id, "risk")):
        with pytest.raises(InvalidInput, match="another person"):
            rule_sets.confirm(two_people, same)
    assert rule_sets.confirm(two_people, other) == 1
    (row,) = kept(console)
    assert (row.author, row.reason) == (risk.actor, "too strict")
    (change,) = audited(console, "rules.change")
    assert change.actor == other.actor
    assert json.loads(change.details)["proposed_by"] == risk.actor
    with pytest.raises(NotFound):
        rule_sets.confirm(two_people, other)


def test_proposed_rules_are_replaced_taken_back_and_not_confirmed_for_who_lost_the_right(
    console, two_people, risk
):
    other = Caller(person(console, "risk"))
    rule_sets.change(two_people, risk, body(high_at=80), "first")
    rule_sets.change(two_people, risk, body(high_at=90), "second")
    give(console, risk.user_id, "viewer")
    with pytest.raises(InvalidInput, match="may not change them now"):
        rule_sets.confirm(two_people, other)
    rule_sets.withdraw(two_people, other)
    with pytest.raises(NotFound):
        rule_sets.withdraw(two_people, other)
    assert kept(console) == []
    assert len(audited(console, "rules.propose")) == 2
    assert len(audited(console, "rules.withdraw")) == 1
