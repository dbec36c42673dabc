"""The same request twice at the same moment: one is made, and nobody gets a fault of ours."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from sqlalchemy import select

from core import clock
from core.actions.operation_kinds import KINDS
from core.actions.operations.operations import id_for
from core.actions.operations.resolve import resolve
from core.actions.payments import payments
from core.actions.refunds import ask as refunds
from core.db.engine import reading, writing
from core.db.tables import operations, risk_assessments
from core.errors import IdempotencyKeyReused, RequestRepeated
from core.gateway.client import TRIES, Gateway
from tests.support.fixtures_access import person
from tests.support.fixtures_actions import ASKED, with_token
from tests.support.refunds import paid, part

AT_ONCE = 8


def test_one_is_made_and_the_others_are_told_so(till):
    backend = with_token(till.console, person(till.console, "viewer"), "service")
    for _ in range(3):
        key, start = str(uuid.uuid4()), Barrier(AT_ONCE)

        def ask(key=key, start=start):
            start.wait()
            try:
                made = payments.create(
                    till.context, backend, ASKED, livemode=False, operation_id=key
                )
            except RequestRepeated:
                return None
            return made.payment_intent_id

        with ThreadPoolExecutor(AT_ONCE) as pool:
            told = {found.result() for found in [pool.submit(ask) for _ in range(AT_ONCE)]}
        (made,) = told - {None}
        with reading(till.console.engine) as connection:
            kept = connection.execute(select(operations).where(operations.c.id == key)).one()
            scored = connection.scalars(select(risk_assessments.c.payment_id)).all()
        assert kept.stripe_id == made
        assert scored.count(made) == 1
    assert len(scored) == 3, "a request has one score, however often it comes at once"


def test_a_key_of_test_mode_does_not_answer_in_live_mode(context, backend):
    key = id_for(backend, "payment.create", "order-42")
    payments.create(context, backend, ASKED, livemode=False, operation_id=key)
    both = replace(context, gateways={mode: context.gateway(False) for mode in (False, True)})
    with pytest.raises(IdempotencyKeyReused):
        payments.create(both, backend, ASKED, livemode=True, operation_id=key)


def test_what_is_sent_again_is_sent_in_the_same_words(till, monkeypatch):
    """Stripe takes a key for one request only; what is sent again comes from the database."""
    payment, sent, once = paid(till.context), [], Gateway._once

    def noted(self, method, path, params):
        if method == "post":
            sent.append(json.dumps(params))
        return once(self, method, path, params)

    monkeypatch.setattr(Gateway, "_once", noted)
    till.emulator.fault("rate_limit", path="/v1/refunds", method="POST", count=TRIES)
    asked = refunds.ask(till.context, till.support, part(payment, "9.00"), livemode=False)
    assert asked.state == "unknown"
    with writing(till.context.engine) as connection:
        connection.execute(operations.update().values(next_attempt_at=clock.now()))
    resolve(till.context, KINDS)
    assert len(sent) == TRIES + 1
    assert sent == [sent[0]] * len(sent)
