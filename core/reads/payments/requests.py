"""Who asked for a payment's refunds, who decided about them, and what they wrote."""

from __future__ import annotations

import json

from sqlalchemy import Connection, select

from core.db.tables import audit_log, refund_requests, users
from core.reads.payments.parts import RequestPart

#: More than this is asked for one payment only by a program that went wrong.
MOST = 100
#: What the log calls a decision of a person.
_DECISIONS = ("refund.approve", "refund.refuse")


def requests_of(
    connection: Connection, payment_id: str, *, livemode: bool
) -> tuple[RequestPart, ...]:
    """The requests about a payment, oldest first. When one was decided, the log tells."""
    q, a = refund_requests.c, audit_log.c
    asker, decider = users.alias("asker"), users.alias("decider")
    rows = connection.execute(
        select(refund_requests, asker.c.name.label("asker"), decider.c.name.label("decider"))
        .outerjoin(asker, asker.c.id == q.asked_user_id)
        .outerjoin(decider, decider.c.id == q.approved_by)
        .where(q.payment_id == payment_id, q.livemode == livemode)
        .order_by(q.created_at, q.id)
        .limit(MOST)
    ).all()
    decided = {}
    if any(row.approved_by for row in rows):
        log = select(a.at, a.details).where(
            a.target == payment_id, a.action.in_(_DECISIONS), a.outcome == "ok"
        )
        decided = {
            json.loads(row.details).get("request"): row.at for row in connection.execute(log)
        }
    return tuple(
        RequestPart(
            request_id=row.id,
            created_at=row.created_at,
            state=row.state,
            amount_minor=row.amount_minor,
            currency=row.currency,
            reason=row.reason,
            note=row.note,
            why=row.why,
            over=row.over,
            asked_by=row.asker or row.asked_by,
            decided_by=row.decider or row.approved_by,
            decided_at=decided.get(row.id, row.updated_at) if row.approved_by else None,
            refund_id=row.refund_id,
        )
        for row in rows
    )
