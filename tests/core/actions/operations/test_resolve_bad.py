"""Operations that cannot be found out about: each is put off alone, and holds up no other."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select

from core import clock
from core.access.principals import Caller
from core.actions.operation_kinds import KINDS
from core.actions.operations import resolve
from core.actions.operations.call import TAG
from core.actions.payments import payments
from core.actions.refunds import ask as refunds
from core.db.engine import reading, writing
from core.db.tables import operations, refund_requests
from core.errors import OutcomeUnknown
from tests.support.fixtures_access import person
from tests.support.fixtures_actions import ASKED, operations_kept, pay

FIRST = str(uuid.UUID(int=0))


def look(console, context, times=3):
    """As the worker does once each is due again."""
    for _ in range(times):
        with writing(console.engine) as connection:
            connection.execute(
                operations.update()
                .where(operations.c.state.in_(["sending", "unknown"]))
                .values(next_attempt_at=clock.now() - timedelta(seconds=1))
            )
        resolve.resolve(context, KINDS)


def keep(console, kind, path):
    """An operation that this version cannot find out about, claimed before all others."""
    now = clock.now()
    params = {"path": path, "body": {}, "target": "", "tagged": False}
    with writing(console.engine) as connection:
        connection.execute(
            operations.insert().values(
                id=FIRST,
                kind=kind,
                livemode=False,
                idempotency_key=FIRST,
                params=json.dumps(params),
                state="unknown",
                actor="test",
                attempts=1,
                next_attempt_at=now,
                created_at=now,
                updated_at=now,
            )
        )


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("unknown.kind", "/v1/unknown"),
        # The list of refunds stands where a refund is looked for: it has no status.
        ("refund.cancel", "/v1/refunds/cancel"),
    ],
)
def test_one_that_cannot_be_read_holds_up_no_other(
    console, context, backend, action_emulator, kind, path
):
    keep(console, kind, path)
    action_emulator.fault("lost_reply", method="POST", path="/v1/payment_intents", count=3)
    with pytest.raises(OutcomeUnknown):
        payments.create(context, backend, ASKED, livemode=False)
    look(console, context)
    states = {row.kind: row.state for row in operations_kept(console)}
    assert states == {kind: "unknown", "payment.create": "succeeded"}


def test_a_refund_of_another_amount_with_our_tag_is_not_the_one_asked_for(
    console, context, backend, action_emulator
):
    lead = Caller(person(console, "support_lead"))
    paid = pay(context, backend, "pm_card_visa").payment_intent_id
    action_emulator.fault("reset", method="POST", path="/v1/refunds", count=3)
    asked = refunds.NewRefund(paid, "5.00", "duplicate")
    request = refunds.ask(context, lead, asked, livemode=False)
    assert request.state == "unknown"
    foreign = {"payment_intent": paid, "amount": 100, "metadata": {TAG: request.request_id}}
    context.gateway(False).post("/v1/refunds", idempotency_key="foreign", **foreign)
    look(console, context)
    with reading(console.engine) as connection:
        row = connection.execute(select(refund_requests)).one()
    assert row.state == "succeeded"
    kept = context.gateway(False).get(f"/v1/refunds/{row.refund_id}")
    assert kept["amount"] == 500


def test_a_busy_stripe_leaves_unknown_what_was_sent_before(
    console, context, backend, action_emulator, monkeypatch
):
    made = payments.create(context, backend, ASKED, livemode=False).payment_intent_id
    confirming = "/v1/payment_intents/*"
    action_emulator.fault("reset", method="POST", path=confirming, count=3)
    with pytest.raises(OutcomeUnknown):
        payments.confirm(context, backend, made, livemode=False, payment_method="pm_card_visa")
    action_emulator.fault("rate_limit", method="POST", path=confirming, count=3)
    with monkeypatch.context() as ended:
        # The worker ends right after the answer is kept.
        ended.setattr(resolve, "_put_off", lambda *_: None)
        look(console, context, times=1)
    states = {row.kind: row.state for row in operations_kept(console)}
    assert states["payment.confirm"] == "unknown"
    look(console, context)
    assert context.gateway(False).get(f"/v1/payment_intents/{made}")["status"] == "succeeded"
