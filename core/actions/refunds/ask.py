"""Refunds: ask, approve, refuse, cancel. A decision is written down before Stripe hears of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row

from core import clock
from core.access import audit, rights
from core.access.principals import Caller, permitted
from core.actions.context import ActionContext
from core.actions.operations.kinds import PendingCall
from core.actions.operations.operations import authorize, record
from core.actions.refunds import validation as rules
from core.actions.refunds.allowance import allowance_of
from core.actions.refunds.requests import RefundRequest, answer, find, order_of
from core.actions.refunds.validation import NewRefund
from core.actions.transaction import refusals_noted
from core.db.engine import retrying
from core.db.tables import refund_requests
from core.db.turns import in_turn
from core.db.upsert import insert_new
from core.domain import versions
from core.domain.refund_warnings import warnings
from core.domain.refundable import refundable_balance
from core.errors import IdempotencyKeyReused
from core.states import RefundState

__all__ = ["NewRefund", "RefundRequest", "ask"]

ASK = "refund.ask"
#: So long a request waits for a second person.
WAITS = timedelta(hours=72)


def ask(
    context: ActionContext,
    caller: Caller,
    asked: NewRefund,
    *,
    livemode: bool,
    request_id: str | None = None,
) -> RefundRequest:
    """Ask for a refund: sent at once within the caller's limits, else it waits for approval.

    The same `request_id` again answers the same and sends nothing. `InvalidInput` (with
    `NotRefundable`, `InvalidAmount`) names field and rule, and nothing was written or sent. What
    Stripe refused is raised; without its answer the state is `unknown`, and the worker resolves it.
    """
    authorize(context, caller, (rights.ASK_REFUND,), ASK, str(asked.payment_intent_id))
    rules.check_form(asked)
    if asked.note is not None:
        asked = replace(asked, note=rules.covered("note", asked.note))
    context.gateway(livemode)
    key = rules.new_id(request_id)
    with refusals_noted(context, caller, ASK, asked.payment_intent_id):
        # What was kept is found by its key: the worker then sends it.
        write = partial(_write_down, context, caller, asked, livemode, key)
        sending, warned = retrying(write, repeatable=True)
    return answer(context, key, sending, warned)


def _write_down(
    context: ActionContext, caller: Caller, asked: NewRefund, livemode: bool, key: str
) -> tuple[PendingCall | None, tuple[str, ...]]:
    """The request, and its operation if it needs nobody else, in one transaction; the warnings."""
    lines = rules.line_of_person(caller), rules.line_of_payment(asked.payment_intent_id)
    with in_turn(context.engine, *lines) as connection:
        moment = clock.now()
        person = permitted(connection, caller, rights.ASK_REFUND, now=moment)
        rules.asking_roles(person, asked.reason)
        if (kept := find(connection, key)) is not None:
            _check_same(kept, caller, asked, livemode)
            return None, warnings(connection, kept.payment_id)
        payment = rules.locked_payment(connection, asked.payment_intent_id, livemode)
        warned = rules.check_refundable(connection, payment)
        amount = rules.checked_amount(asked.amount, refundable_balance(connection, payment))
        alone = allowance_of(
            connection,
            context,
            person,
            asked.reason,
            amount.currency,
            livemode=livemode,
            now=moment,
        )
        over = alone.above([amount])
        row = {
            "id": key,
            "payment_id": payment.stripe_id,
            "livemode": livemode,
            "amount_minor": amount.minor,
            "currency": amount.currency,
            "reason": asked.reason,
            "note": asked.note,
            "state": RefundState.AWAITING_APPROVAL if over else RefundState.SENDING,
            "asked_by": caller.actor,
            "asked_user_id": person.user_id,
            "whole": asked.amount is None,
            "over": over,
            "operation_id": None if over else key,
            "created_at": moment,
            "updated_at": moment,
            "expires_at": moment + WAITS if over else None,
        }
        # The same id for two payments at once: who was slower comes back, and finds it.
        insert_new(connection, refund_requests, [row])
        versions.bump(connection, ["refunds"], slot=context.books.scope.slot)
        order = order_of(payment.stripe_id, livemode, amount, asked.reason)
        sending = None if over else record(connection, caller, order, key, moment)
        _note_asked(connection, caller, row)
    return sending, warned


def _note_asked(connection: Connection, caller: Caller, row: Mapping[str, Any]) -> None:
    audit.append(
        connection,
        actor=caller.actor,
        action=ASK,
        target=row["payment_id"],
        outcome=row["state"],
        details={
            "request": row["id"],
            "amount_minor": row["amount_minor"],
            "currency": row["currency"],
            "reason": row["reason"],
        },
        now=row["created_at"],
    )


def _check_same(kept: Row[Any], caller: Caller, asked: NewRefund, livemode: bool) -> None:
    """The same request again; `IdempotencyKeyReused` for another one under the same id."""
    minor = kept.amount_minor
    if asked.amount is not None:
        minor = rules.read_amount(asked.amount, kept.currency).minor
    same = (
        kept.asked_by == caller.actor
        and kept.livemode == livemode
        and kept.payment_id == asked.payment_intent_id
        and kept.whole == (asked.amount is None)
        and kept.amount_minor == minor
        and (kept.reason, kept.note) == (asked.reason, asked.note)
    )
    if not same:
        raise IdempotencyKeyReused
