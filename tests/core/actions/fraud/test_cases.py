"""A case is worked: taken, written to, approved at Radar too, dismissed, given back as fraud."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from core import clock
from core.access.principals import Caller
from core.actions.fraud import cases
from core.actions.fraud.operation_kinds import APPROVE_REVIEW
from core.actions.operations.kinds import PendingCall, Unresolved
from core.actions.refunds.limits import change as change_limit
from core.db.engine import reading, writing
from core.db.tables import case_notes, list_entries, payments, users
from core.db.tables import cases as table
from core.errors import AlreadyDecided, InvalidInput, NotFound
from core.gateway.readings import read_one
from core.mirror.apply import apply
from core.money import Money
from core.reads.fraud import case_detail
from core.reads.fraud import cases as reads
from core.risk.cases import follow_sources
from tests.support.fixtures_access import audited, person
from tests.support.fixtures_actions import operations_kept
from tests.support.refunds import mirror, paid


@pytest.fixture
def risk(console):
    return Caller(person(console, "risk"))


@pytest.fixture
def in_review(context, console):
    return put_in_review(context, console)


def put_in_review(context, console):
    """A payment in Radar's review, with its case: (payment id, review id, case id)."""
    payment = paid(context, 5_000, token="pm_card_riskLevelElevated")
    review = str(context.gateway(False).get(f"/v1/payment_intents/{payment}")["review"])
    mirror_review(context, review)
    follow_sources(console.engine)
    with reading(console.engine) as connection:
        case_id = connection.scalar(select(table.c.id).where(table.c.source_id == review))
    return payment, review, case_id


def mirror_review(context, review):
    seen = read_one(context.gateway(False), "review", review, known_at=clock.now())
    with writing(context.engine) as connection:
        apply(connection, [seen], context.books)


def state(console, case_id):
    with reading(console.engine) as connection:
        return connection.execute(select(table).where(table.c.id == case_id)).one()


def test_approving_closes_radars_review_too(console, context, risk, in_review):
    _payment, review, case_id = in_review
    cases.approve(context, risk, case_id)
    found = context.gateway(False).get(f"/v1/reviews/{review}")
    assert (found["open"], found["closed_reason"]) == (False, "approved")
    row = state(console, case_id)
    assert (row.state, row.closed_by) == ("approved", risk.actor)
    (operation,) = operations_kept(console)
    assert (operation.kind, operation.state) == ("review.approve", "succeeded")
    with pytest.raises(AlreadyDecided):
        cases.approve(context, risk, case_id)
    assert len(audited(console, "case.approve")) == 1


def test_an_approval_without_an_answer_is_found_at_stripe(context, in_review):
    _payment, review, _case = in_review
    path = f"/v1/reviews/{review}/approve"
    sending = PendingCall("op", APPROVE_REVIEW, False, path, {}, review, False, "fence", "x")
    one, gateway = Unresolved(sending, 1, *[clock.now()] * 3), context.gateway(False)
    assert APPROVE_REVIEW.find(gateway, one) is None
    gateway.post(path, idempotency_key="another")
    assert APPROVE_REVIEW.find(gateway, one)["closed_reason"] == "approved"


def test_a_case_is_given_to_who_works_on_fraud_only(console, context, risk, in_review):
    case_id = in_review[2]
    cases.assign(context, risk, case_id, risk.user_id)
    assert state(console, case_id).assigned_to == risk.user_id
    with pytest.raises(InvalidInput, match="assigned_to"):
        cases.assign(context, risk, case_id, person(console, "finance"))
    with pytest.raises(InvalidInput, match="assigned_to"):
        cases.assign(context, risk, case_id, "nobody")
    cases.assign(context, risk, case_id, None)
    assert state(console, case_id).assigned_to is None


def test_card_numbers_in_notes_are_covered(console, context, risk, in_review):
    case_id = in_review[2]
    cases.add_note(context, risk, case_id, "called about 4242 4242 4242 4242")
    with reading(console.engine) as connection:
        assert connection.scalars(select(case_notes.c.text)).all() == ["called about •••• 4242"]
    for bad in ("", "two\nlines", "x" * 1001):
        with pytest.raises(InvalidInput, match="text"):
            cases.add_note(context, risk, case_id, bad)
    with pytest.raises(NotFound):
        cases.add_note(context, risk, "none", "hello")


def test_a_dismissed_case_says_why_and_is_closed(console, context, risk, in_review):
    case_id = in_review[2]
    cases.dismiss(context, risk, case_id, "known customer")
    assert state(console, case_id).state == "dismissed"
    with pytest.raises(AlreadyDecided):
        cases.dismiss(context, risk, case_id, "again")
    with reading(console.engine) as connection:
        found = case_detail.by_id(connection, case_id=case_id, livemode=False)
    assert [one.text for one in found.notes] == ["known customer"]
    assert follow_sources(console.engine) is False


def test_a_refund_as_fraud_goes_back_feeds_the_list_and_closes_the_case(
    console, context, risk, in_review
):
    payment, review, case_id = in_review
    with writing(console.engine) as connection:
        connection.execute(payments.update().values(email="bad@shop.example"))
    done = cases.refund(context, risk, case_id, block=("card", "email"))
    assert (done.closed, done.request.reason) == (True, "fraudulent")
    assert state(console, case_id).state == "refunded"
    found = context.gateway(False).get(f"/v1/reviews/{review}")
    assert found["closed_reason"] == "refunded_as_fraud"
    with reading(console.engine) as connection:
        listed = connection.execute(select(list_entries).order_by(list_entries.c.field)).all()
    assert [(row.kind, row.field) for row in listed] == [("block", "card"), ("block", "email")]
    assert listed[1].value == "bad@shop.example"
    assert payment in listed[0].reason


def test_above_the_limit_it_waits_and_the_case_stays_open(console, context, risk, in_review):
    case_id = in_review[2]
    admin = Caller(person(console, "admin"))
    change_limit(context, admin, role="risk", currency="usd", per_refund="1", per_day="1")
    done = cases.refund(context, risk, case_id)
    assert (done.closed, done.request.state) == (False, "awaiting_approval")
    assert state(console, case_id).state == "open"
    with reading(console.engine) as connection:
        found = case_detail.by_id(connection, case_id=case_id, livemode=False)
    (waiting,) = found.waiting
    assert (waiting.request_id, waiting.amount_minor) == (done.request.request_id, 5_000)
    assert waiting.asked_by == names(console)[risk.actor]


def test_what_was_done_about_a_case_is_told_with_who_and_when(console, context, risk, in_review):
    case_id = in_review[2]
    cases.assign(context, risk, case_id, risk.user_id)
    cases.assign(context, risk, case_id, None)
    cases.refund(context, risk, case_id)
    cases.add_note(context, risk, case_id, "told the bank")
    with reading(console.engine) as connection:
        found = case_detail.by_id(connection, case_id=case_id, livemode=False)
    mine = names(console)[risk.actor]
    told = {one.kind: (one.who, one.amount, one.detail, one.note) for one in found.events}
    whole = Money(5_000, "usd")
    assert told["opened"] == (None, whole, None, None)
    assert told["assigned"] == (mine, None, mine, None)
    assert told["returned"] == (mine, None, None, None)
    assert told["request_asked"] == (mine, whole, "fraudulent", None)
    assert told["refunded"] == (mine, None, None, None)
    assert told["note"] == (mine, None, None, "told the bank")
    assert [one.at for one in found.events] == sorted(
        (one.at for one in found.events), reverse=True
    )
    assert found.waiting == ()


def test_a_case_whose_reason_ended_says_how_it_closed(console, context, risk, in_review):
    _payment, review, case_id = in_review
    context.gateway(False).post(f"/v1/reviews/{review}/approve", idempotency_key="elsewhere")
    mirror_review(context, review)
    follow_sources(console.engine)
    with reading(console.engine) as connection:
        found = case_detail.by_id(connection, case_id=case_id, livemode=False)
    assert [(one.kind, one.detail) for one in found.events] == [
        ("closed", "approved"),
        ("opened", None),
    ]


def names(console):
    with reading(console.engine) as connection:
        return dict(connection.execute(select(users.c.id, users.c.name)).all())


def test_what_is_not_known_of_the_payment_cannot_be_blocked(console, context, risk, in_review):
    case_id = in_review[2]
    for block in (("user",), ("phone",)):
        with pytest.raises(InvalidInput, match="block"):
            cases.refund(context, risk, case_id, block=block)
    assert operations_kept(console) == []


def test_the_queue_is_by_age_or_by_money_within_a_currency(console, context, in_review):
    paid(context, 9_000)
    mirror(context, in_review[0])
    with reading(console.engine) as connection:
        found = reads.queue(connection, livemode=False)
        by_money = reads.queue(connection, livemode=False, currency="usd", by_money=True)
        none = reads.queue(connection, livemode=False, currency="eur")
        closed = reads.queue(connection, livemode=False, is_open=False)
    assert [row.case_id for row in found.rows] == [in_review[2]]
    assert found.rows == by_money.rows
    assert found.open_by_currency == {"usd": 1}
    assert none.rows == closed.rows == ()
