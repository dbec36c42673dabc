"""Risk is asked before Stripe: a high score is refused, and nothing is sent.

It is asked in the transaction that writes the operation down, in line with whoever asks about the
same user, address or IP: many at once are let through exactly as one after the other.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from core import clock
from core.access import audit
from core.access.principals import Caller
from core.actions.context import ActionContext
from core.actions.operations.operations import Done, StripeRequest, execute
from core.db.engine import retrying, writing
from core.errors import RiskRefused
from core.risk import inflight_approvals, scoring
from core.risk.signals import Subject


def execute_with_risk(
    context: ActionContext,
    caller: Caller,
    order: StripeRequest,
    subject: Subject,
    *,
    order_id: str,
    rights: tuple[str, ...],
    operation_id: str | None = None,
    paid_later: bool = False,
) -> Done:
    """`execute` unless the score is high: `RiskRefused`. The score is kept either way.

    An operation that was written down before was asked about then. `paid_later`: the payment is
    not what the operation makes, but comes of it later with the same order id.
    """
    operation_id = operation_id or str(uuid.uuid4())
    question = _Question(context, caller, order, subject, order_id, operation_id, paid_later)
    try:
        done = execute(
            context,
            caller,
            order,
            rights=rights,
            operation_id=operation_id,
            check=question.ask,
            lines=question.lines(),
        )
    except RiskRefused:
        retrying(question.keep_refusal)
        raise
    if question.kept is not None and not paid_later:
        _link(context, question.kept, done.facts["id"])
    return done


@dataclass
class _Question:
    """One request's question, and what came of it: `kept` is the number of the score, once it was
    let through."""

    context: ActionContext
    caller: Caller
    order: StripeRequest
    subject: Subject
    order_id: str
    operation_id: str
    paid_later: bool
    kept: int | None = None
    refused: scoring.Weighed | None = None

    def lines(self) -> list[str]:
        """Where it stands in line."""
        known = {"user": self.subject.user_id, "email": self.subject.email, "ip": self.subject.ip}
        return inflight_approvals.lines(self.subject.livemode, known)

    def ask(self, connection: Connection) -> None:
        """Let the operation through, or raise `RiskRefused`."""
        # As of the moment when it is its turn: what was let through meanwhile came before it.
        asked = replace(self.subject, at=clock.now())
        weighed = scoring.weigh(connection, asked, self.context.books.scope.zone)
        if not weighed.allowed:
            self.refused = weighed
            raise RiskRefused
        self.kept = self._keep(connection, weighed)
        inflight_approvals.keep_approval(
            connection,
            operation_id=self.operation_id,
            assessment_id=self.kept,
            livemode=asked.livemode,
            user_id=asked.user_id,
            email=asked.email,
            ip=asked.ip,
            order_id=self.order_id if self.paid_later else None,
            amount_minor=asked.amount_minor,
            currency=asked.currency,
            created_at=asked.at,
        )

    def keep_refusal(self) -> None:
        """Keep the score of what was refused, and a row of the audit log."""
        if self.refused is None:
            return
        with writing(self.context.engine) as connection:
            kept = self._keep(connection, self.refused)
            audit.append(
                connection,
                actor=self.caller.actor,
                action=self.order.kind.name,
                target=f"order {self.order_id}",
                outcome="refused by risk",
                details={"assessment": kept, "score": self.refused.score.points},
                now=clock.now(),
            )

    def _keep(self, connection: Connection, weighed: scoring.Weighed) -> int:
        return scoring.keep_new(
            connection,
            weighed,
            now=clock.now(),
            actor=self.caller.actor,
            order_id=self.order_id,
        )


def _link(context: ActionContext, assessment_id: int, payment_id: str) -> None:
    """Say which payment came of it."""

    def work() -> None:
        with writing(context.engine) as connection:
            scoring.link(connection, assessment_id, payment_id)

    retrying(work)
