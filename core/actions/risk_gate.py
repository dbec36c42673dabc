"""Risk is asked before Stripe: a high score is refused, and nothing is sent."""

from __future__ import annotations

import logging

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from core import clock
from core.access import audit
from core.access.principals import Caller
from core.actions.desk import Desk
from core.db.engine import reading, retrying, writing
from core.db.tables import operations
from core.errors import RiskRefused
from core.risk import scoring
from core.risk.signals import Subject

_log = logging.getLogger(__name__)


def pass_gate(
    desk: Desk, caller: Caller, subject: Subject, *, order_id: str, operation_id: str
) -> int | None:
    """The number of the score, which is kept; `RiskRefused` when it is high.

    None for an operation that was written down before: it was asked about then.
    """
    with reading(desk.engine) as connection:
        known = select(operations.c.id).where(operations.c.id == operation_id)
        if connection.execute(known).first() is not None:
            return None
        weighed = scoring.weigh(connection, subject, desk.books.scope.zone)

    def keep() -> int:
        with writing(desk.engine) as connection:
            now = clock.now()
            kept = scoring.keep_new(
                connection, weighed, now=now, actor=caller.actor, order_id=order_id
            )
            if not weighed.allowed:
                details = {"assessment": kept, "score": weighed.score.points}
                audit.append(
                    connection,
                    actor=caller.actor,
                    action="payment.create",
                    target=f"order {order_id}",
                    outcome="refused by risk",
                    details=details,
                    now=now,
                )
            return kept

    kept = retrying(keep)
    if not weighed.allowed:
        raise RiskRefused
    return kept


def link(desk: Desk, assessment_id: int, payment_id: str) -> None:
    """Say which payment came of it; of two scorings of one request the first is linked."""

    def work() -> None:
        with writing(desk.engine) as connection:
            scoring.link(connection, assessment_id, payment_id)

    try:
        retrying(work)
    except IntegrityError:
        # The same request came twice at once and was scored twice, and the other one is linked.
        _log.info("payment %s is linked to another score already", payment_id)
