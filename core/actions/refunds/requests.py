"""Refund requests as they are kept: their shape, their row under a lock, their one operation."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from core.access import audit
from core.actions.context import ActionContext
from core.actions.operations.call import send
from core.actions.operations.kinds import PendingCall
from core.actions.operations.operations import StripeRequest
from core.actions.operations.outcomes import FINAL, raise_again
from core.actions.payments.validation import text
from core.actions.refunds.operation_kinds import CREATE
from core.actions.refunds.validation import line_of_payment, locked_payment
from core.db.engine import reading
from core.db.tables import operations, refund_requests
from core.errors import NotFound, StripeError
from core.mirror.refresh_queue import payment_kind
from core.money import Money
from core.states import RefundState


@dataclass(frozen=True)
class RefundRequest:
    """A decision to give money back. `why` says what refused or failed it; `over` the limit
    (per_refund, per_day) that it is above; `asked_by` and `approved_by` are users or tokens;
    `warnings` are those of the moment when it was asked for (`core.domain.refund_warnings`)."""

    request_id: str
    payment_id: str
    livemode: bool
    amount: Money
    reason: str
    note: str | None
    state: str
    why: str | None
    over: str | None
    asked_by: str
    asked_user_id: str
    approved_by: str | None
    refund_id: str | None
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    warnings: tuple[str, ...] = ()


def shape(row: Row[Any], warnings: tuple[str, ...] = ()) -> RefundRequest:
    """A request from its row."""
    return RefundRequest(
        request_id=row.id,
        payment_id=row.payment_id,
        livemode=row.livemode,
        amount=Money(row.amount_minor, row.currency),
        reason=row.reason,
        note=row.note,
        state=row.state,
        why=row.why,
        over=row.over,
        asked_by=row.asked_by,
        asked_user_id=row.asked_user_id,
        approved_by=row.approved_by,
        refund_id=row.refund_id,
        created_at=row.created_at,
        updated_at=row.updated_at,
        expires_at=row.expires_at,
        warnings=warnings,
    )


def find(connection: Connection, request_id: str) -> Row[Any] | None:
    """The row of a request, unlocked."""
    return connection.execute(
        select(refund_requests).where(refund_requests.c.id == request_id)
    ).first()


def lines_of(context: ActionContext, request_id: Any) -> tuple[str, ...]:
    """Where whoever decides about a request stands in line: its payment's. None without one."""
    with reading(context.engine) as connection:
        row = find(connection, text("request_id", request_id, 36))
    return () if row is None else (line_of_payment(row.payment_id),)


def locked(connection: Connection, request_id: Any) -> tuple[Row[Any], Row[Any]]:
    """The payment of a request and the request, in the turn of `lines_of`."""
    row = find(connection, text("request_id", request_id, 36))
    if row is None:
        raise NotFound(f"There is no refund request {request_id}")
    return locked_payment(connection, row.payment_id, row.livemode), row


def order_of(payment_id: str, livemode: bool, amount: Money, reason: str) -> StripeRequest:
    """What is asked of Stripe. The amount is always said: "the rest" may change until then.

    Its parameters `payment_intent` and `charge` are named as what they are the ids of.
    """
    body = {payment_kind(payment_id): payment_id, "amount": amount.minor, "reason": reason}
    return StripeRequest(CREATE, livemode, "/v1/refunds", body, target=payment_id, tagged=True)


def answer(
    context: ActionContext,
    request_id: str,
    sending: PendingCall | None,
    warnings: tuple[str, ...] = (),
) -> RefundRequest:
    """Send what was just written down, and answer with the request as it is then.

    What Stripe refused is raised; an answer that did not come leaves it `unknown`, being resolved.
    """
    if sending is not None:
        try:
            send(context, sending)
        except StripeError as error:
            if error.code in FINAL:
                raise
    with reading(context.engine) as connection:
        row = find(connection, request_id)
        if row is None:
            raise NotFound(f"There is no refund request {request_id}")
        if sending is None and row.state == RefundState.FAILED and row.refund_id is None:
            _raise_kept(connection, request_id)
    return shape(row, warnings)


def note_request(
    connection: Connection,
    actor: str,
    action: str,
    row: Row[Any],
    moment: datetime,
    *,
    outcome: str = "ok",
    **details: Any,
) -> None:
    """Say in the log what was done to a request. The last write of a transaction."""
    audit.append(
        connection,
        actor=actor,
        action=action,
        target=row.payment_id,
        outcome=outcome,
        details={"request": row.id} | details,
        now=moment,
    )


def _raise_kept(connection: Connection, request_id: str) -> None:
    kept = operations.c
    outcome = connection.scalar(select(kept.outcome).where(kept.id == request_id))
    if outcome is not None:
        raise_again(json.loads(outcome))
