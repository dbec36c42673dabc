"""Risk is asked before Stripe: what is refused is kept, noted and never sent."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from core import clock
from core.actions.operations.operations import id_for
from core.actions.payments import payments
from core.actions.payments.validation import NewPayment
from core.db.engine import reading, writing
from core.db.tables import list_entries, risk_assessments, rule_sets
from core.errors import RiskRefused
from core.risk.rules import DEFAULT
from tests.support.fixtures_access import audited
from tests.support.fixtures_actions import operations_kept

LARGE = NewPayment("10000.01", "usd", 7, user_id="u1", ip_address="192.0.2.7")


def scores(console):
    with reading(console.engine) as connection:
        return connection.execute(select(risk_assessments)).all()


def block(console, field="ip", value="192.0.2.7/32", kind="block"):
    entry = {"kind": kind, "field": field, "value": value, "reason": "x", "added_by": "test"}
    with writing(console.engine) as connection:
        connection.execute(list_entries.insert().values(**entry, created_at=clock.now()))


def five_before(context, backend):
    for number in range(5):
        asked = NewPayment("1.00", "usd", number + 1, user_id="u1")
        payments.create(context, backend, asked, livemode=False)


def at_stripe(context):
    return len(context.gateway(False).get("/v1/payment_intents", limit=100)["data"])


def test_a_score_is_kept_with_its_factors_and_linked_to_its_payment(console, context, backend):
    block(console)
    made = payments.create(context, backend, LARGE, livemode=False)
    (row,) = scores(console)
    assert (row.score, row.level, row.allowed, row.kind) == (60, "medium", True, "create")
    assert (row.payment_id, row.order_id, row.rule_version) == (made.payment_intent_id, "7", 0)
    assert [one["rule"] for one in json.loads(row.factors)] == ["large_payment", "listed_ip"]
    assert (row.amount, row.currency, row.blocked_ip) == (1000001, "usd", True)


def test_a_high_score_is_refused_and_nothing_is_sent(console, context, backend):
    five_before(context, backend)
    before = at_stripe(context)
    with pytest.raises(RiskRefused):
        payments.create(context, backend, LARGE, livemode=False)
    assert at_stripe(context) == before
    assert len(operations_kept(console)) == 5
    refused = [row for row in scores(console) if not row.allowed]
    assert [(row.score, row.level, row.payment_id) for row in refused] == [(70, "high", None)]
    assert [r.outcome for r in audited(console, "payment.create")][-1] == "refused by risk"


def test_shadow_mode_and_the_allow_list_let_pass_and_keep_the_score(console, context, backend):
    five_before(context, backend)
    block(console, "user", "u1", "allow")
    payments.create(context, backend, LARGE, livemode=False)
    assert [(row.score, row.allowed) for row in scores(console)][-1] == (70, True)
    with writing(console.engine) as connection:
        connection.execute(list_entries.delete())
        connection.execute(
            rule_sets.insert().values(
                version=1,
                body=json.dumps(DEFAULT | {"shadow": True}),
                author="test",
                reason="try",
                created_at=clock.now(),
            )
        )
    payments.create(context, backend, LARGE, livemode=False)
    last = scores(console)[-1]
    assert (last.score, last.level, last.allowed, last.rule_version) == (70, "high", True, 1)


def test_the_same_key_is_asked_about_once(console, context, backend):
    key = id_for(backend, "create", "k")
    for _ in range(2):
        payments.create(context, backend, LARGE, livemode=False, operation_id=key)
    assert len(scores(console)) == 1
