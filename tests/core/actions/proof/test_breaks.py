"""A difference is explained, given to somebody and opened again, each with its row in the log."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from core import clock
from core.access.principals import Caller
from core.actions.proof import breaks as actions
from core.db.engine import reading, writing
from core.db.tables import breaks
from core.errors import AlreadyDecided, InvalidInput, NotFound
from core.proof.breaks import Break
from core.proof.record import record_run
from tests.support.fixtures_access import audited, person
from tests.support.fixtures_proof import difference, span_of


@pytest.fixture
def finance(console):
    return Caller(person(console, "finance"))


def row_of(console, number):
    with reading(console.engine) as connection:
        return connection.execute(select(breaks).where(breaks.c.id == number)).one()


def test_a_reason_is_kept_with_who_gave_it_and_a_card_number_is_covered(context, console, finance):
    number = difference(console)
    actions.explain(context, finance, number, "The bank kept it: 4242424242424242")
    row = row_of(console, number)
    assert (row.state, row.explained_by) == ("explained", finance.actor)
    assert row.reason.startswith("The bank kept it: ")
    assert "4242424242424242" not in row.reason
    (noted,) = audited(console, "break.explain")
    assert (noted.actor, noted.target) == (finance.actor, str(number))
    assert json.loads(noted.details)["reason"] == row.reason


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_nothing_is_explained_without_a_reason_that_fits(context, console, finance, reason):
    number = difference(console)
    with pytest.raises(InvalidInput, match="reason"):
        actions.explain(context, finance, number, reason)
    assert row_of(console, number).state == "open"
    assert audited(console, "break.explain") == []


def test_what_is_gone_cannot_be_explained_given_or_opened(context, console, finance):
    number = difference(console, state="closed")
    for act in (
        lambda: actions.explain(context, finance, number, "why"),
        lambda: actions.assign(context, finance, number, None),
        lambda: actions.reopen(context, finance, number),
    ):
        with pytest.raises(AlreadyDecided):
            act()
    with pytest.raises(NotFound):
        actions.reopen(context, finance, number + 1)


def test_a_difference_is_given_to_somebody_who_reconciles_and_to_nobody_else(
    context, console, finance
):
    number = difference(console)
    other = person(console, "finance")
    actions.assign(context, finance, number, other)
    assert row_of(console, number).owner == other
    for who in (person(console, "risk"), "nobody"):
        with pytest.raises(InvalidInput, match="owner"):
            actions.assign(context, finance, number, who)
    actions.assign(context, finance, number, None)
    assert row_of(console, number).owner is None
    assert [json.loads(row.details)["to"] for row in audited(console, "break.assign")] == [
        other,
        "",
    ]


def test_an_explanation_is_taken_back_and_its_reason_stays(context, console, finance):
    late = difference(
        console, object_id="txn_2", due_at=clock.now() + timedelta(hours=1), state="expected"
    )
    for number, state in ((difference(console), "open"), (late, "expected")):
        actions.explain(context, finance, number, "why")
        actions.reopen(context, finance, number)
        row = row_of(console, number)
        assert (row.state, row.reason) == (state, "why")
        with pytest.raises(AlreadyDecided):
            actions.reopen(context, finance, number)


def test_a_run_leaves_an_explanation_until_the_difference_is_gone(context, console, finance):
    span = span_of(400)
    number = difference(console, day=span.last)
    actions.explain(context, finance, number, "why")
    found = Break("list", "amount", "txn_1", "usd", span.last, "edited", 1100, 1000)

    def run(*breaks_):
        now = clock.now()
        with writing(console.engine) as connection:
            record_run(
                connection,
                span,
                found=breaks_,
                outcome="differs" if breaks_ else "agrees",
                witnesses="{}",
                digest="",
                asked_by="test",
                started_at=now,
                ended_at=now,
                whole=True,
            )

    run(found)
    assert row_of(console, number).state == "explained"
    run()
    assert row_of(console, number).state == "closed"
