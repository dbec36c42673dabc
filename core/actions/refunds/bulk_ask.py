"""Bulk refunds: try out, ask, stop. The worker sends what was decided, a row at a time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, select

from core import clock
from core.access import rights
from core.access.principals import Caller, Principal, permitted
from core.actions.context import ActionContext
from core.actions.operations.operations import authorize
from core.actions.refunds import bulk_plan as plan
from core.actions.refunds import bulk_requests as records
from core.actions.refunds import validation as rules
from core.actions.refunds.allowance import allowance_of
from core.actions.refunds.ask import WAITS
from core.actions.refunds.bulk_plan import How, Target, Verdict
from core.actions.refunds.bulk_requests import BulkRefund
from core.actions.transaction import refusals_noted
from core.db.bulk import insert_rows
from core.db.engine import reading, retrying
from core.db.tables import bulk_refunds, refund_requests
from core.db.turns import in_turn
from core.db.upsert import insert_new
from core.domain.refund_warnings import counted
from core.errors import AlreadyDecided, IdempotencyKeyReused, InvalidInput
from core.money import Money
from core.states import BulkRefundState, RefundState

TRY = "bulk_refund.try"
ASK = "bulk_refund.ask"
STOPPED = "the bulk refund was stopped"


@dataclass(frozen=True)
class NewBulk:
    """Which payments, how much of each, and why."""

    targets: Sequence[Target]
    how: How
    reason: str
    note: str | None = None


@dataclass(frozen=True)
class DryRun:
    """What would come of a bulk. `totals` holds by currency how many rows give back how much;
    `over` is the limit that it is above: a second person then decides."""

    verdicts: Sequence[Verdict]
    totals: Mapping[str, tuple[int, Money]]
    over: str | None

    @property
    def warned(self) -> Mapping[str, int]:
        """How many payments each warning (`core.domain.refund_warnings`) is about."""
        return counted(one.warnings for one in self.verdicts)

    def possible(self) -> tuple[Target, ...]:
        """The payments of which something can be given back, with what was shown for each."""
        return tuple(
            Target(one.payment_id, str(one.amount).partition(" ")[0])
            for one in self.verdicts
            if one.amount is not None
        )


def try_out(context: ActionContext, caller: Caller, asked: NewBulk, *, livemode: bool) -> DryRun:
    """What would come of it, row by row; nothing is written, nothing sent.

    `InvalidInput` names what of the form cannot be read.
    """
    authorize(context, caller, (rights.BULK_REFUND,), TRY, "")
    _checked(asked)
    with reading(context.engine) as connection:
        person = permitted(connection, caller, rights.BULK_REFUND)
        found = plan.verdicts(connection, asked.targets, asked.how, livemode=livemode)
        over = _over(connection, context, person, asked, livemode, found, clock.now())
    return DryRun(found, plan.totals(found), over)


def ask(
    context: ActionContext,
    caller: Caller,
    asked: NewBulk,
    *,
    livemode: bool,
    bulk_id: str | None = None,
) -> BulkRefund:
    """Ask for a bulk: the worker begins at once within the caller's limits, else it waits.

    Within the limits means each row, and each currency's sum with what the day has seen. Every
    payment must be refundable as asked, or nothing is written: `possible` gives those that are.
    The same `bulk_id` again answers the same and adds nothing.
    """
    authorize(context, caller, (rights.BULK_REFUND,), ASK, str(bulk_id or ""))
    asked = _checked(asked)
    context.gateway(livemode)
    key = rules.new_id(bulk_id)
    with refusals_noted(context, caller, ASK, key):
        return retrying(partial(_write_down, context, caller, asked, livemode, key))


def stop(context: ActionContext, caller: Caller, bulk_id: str) -> BulkRefund:
    """Send no further row; what was sent stays sent. `AlreadyDecided` when it does not run."""
    authorize(context, caller, (rights.BULK_REFUND,), records.STOP, str(bulk_id))
    with refusals_noted(context, caller, records.STOP, str(bulk_id)):
        return retrying(partial(_stop, context, caller, bulk_id))


def _checked(asked: NewBulk) -> NewBulk:
    """The bulk as it is kept, if its form can be read."""
    plan.checked_targets(asked.targets)
    plan.check_how(asked.how)
    if asked.reason not in rules.REASONS:
        raise InvalidInput("reason", "must be one of {allowed}", allowed=", ".join(rules.REASONS))
    return asked if asked.note is None else replace(asked, note=rules.covered("note", asked.note))


def _write_down(
    context: ActionContext, caller: Caller, asked: NewBulk, livemode: bool, key: str
) -> BulkRefund:
    digest = _digest(asked, livemode)
    lines = [rules.line_of_payment(target.payment_id) for target in asked.targets]
    with in_turn(context.engine, rules.line_of_person(caller), *lines) as connection:
        moment = clock.now()
        person = permitted(connection, caller, rights.BULK_REFUND, now=moment)
        b = bulk_refunds.c
        kept = connection.execute(select(bulk_refunds).where(b.id == key)).first()
        if kept is not None:
            if (kept.asked_by, kept.digest) != (caller.actor, digest):
                raise IdempotencyKeyReused
            return records.shape(kept)
        # In the order of their ids, as everybody who locks several.
        targets = sorted(asked.targets, key=lambda target: target.payment_id)
        find = rules.locked_payment
        found = plan.verdicts(connection, targets, asked.how, livemode=livemode, find=find)
        _check_all(found)
        over = _over(connection, context, person, asked, livemode, found, moment)
        row = {
            "id": key,
            "livemode": livemode,
            "state": BulkRefundState.AWAITING_APPROVAL if over else BulkRefundState.RUNNING,
            "reason": asked.reason,
            "note": asked.note,
            "over": over,
            "total": len(found),
            "digest": digest,
            "asked_by": caller.actor,
            "asked_user_id": person.user_id,
            "created_at": moment,
            "updated_at": moment,
            "expires_at": moment + WAITS if over else None,
        }
        # The same bulk by two people at once: who was slower comes back, and finds it.
        insert_new(connection, bulk_refunds, [row])
        _insert_rows(connection, row, found)
        asked_for = records.shape(records.find(connection, key))
        sums = {code: total.minor for code, (_, total) in plan.totals(found).items()}
        details = {"rows": len(found), "sums": sums, "reason": asked.reason}
        outcome = asked_for.state
        records.note_bulk(connection, caller.actor, ASK, key, moment, outcome=outcome, **details)
    return asked_for


def _insert_rows(connection: Connection, bulk: Mapping[str, Any], found: list[Verdict]) -> None:
    names = "livemode reason note asked_by asked_user_id over created_at updated_at".split()
    shared = {name: bulk[name] for name in names} | {
        "bulk_id": bulk["id"],
        "whole": False,
        "state": RefundState.REQUESTED if bulk["over"] else RefundState.QUEUED,
    }
    rows = [
        shared
        | {
            "id": records.row_id(bulk["id"], one.payment_id),
            "payment_id": one.payment_id,
            "amount_minor": one.amount.minor,
            "currency": one.amount.currency,
        }
        for one in found
        if one.amount is not None
    ]
    insert_rows(connection, refund_requests, rows)


def _check_all(found: Iterable[Verdict]) -> None:
    """What is asked for is what was shown: a list that changed since is shown again."""
    for one in found:
        if one.error is not None:
            rule = "{payment} cannot be refunded like this: check the list again"
            raise InvalidInput("list", rule, payment=one.payment_id)


def _over(
    connection: Connection,
    context: ActionContext,
    person: Principal,
    asked: NewBulk,
    livemode: bool,
    found: Iterable[Verdict],
    now: datetime,
) -> str | None:
    """The limit that a row, or a currency's sum with what went today, is above."""
    amounts = [one.amount for one in found if one.amount is not None]
    over = set()
    for currency in {amount.currency for amount in amounts}:
        mine = allowance_of(
            connection, context, person, asked.reason, currency, livemode=livemode, now=now
        )
        over.add(mine.above(one for one in amounts if one.currency == currency))
    return max((one for one in over if one), default=None)


def _stop(context: ActionContext, caller: Caller, bulk_id: str) -> BulkRefund:
    with in_turn(context.engine, records.line(bulk_id)) as connection:
        moment = clock.now()
        permitted(connection, caller, rights.BULK_REFUND, now=moment)
        row = records.find(connection, bulk_id)
        if row.state != BulkRefundState.RUNNING:
            raise AlreadyDecided
        left = records.move_rows(connection, row.id, RefundState.CANCELED, moment, why=STOPPED)
        records.move(connection, row.id, BulkRefundState.STOPPED, moment, stopped_by=caller.actor)
        stopped = records.shape(records.find(connection, row.id))
        records.note_bulk(connection, caller.actor, records.STOP, row.id, moment, unsent=left)
    return stopped


def _digest(asked: NewBulk, livemode: bool) -> str:
    """The same for the same payments, amounts and words."""
    lines = sorted((one.payment_id, one.amount or "") for one in asked.targets)
    how = [asked.how.kind, asked.how.value, asked.how.currency]
    said = json.dumps([lines, how, asked.reason, asked.note, livemode])
    return hashlib.sha256(said.encode()).hexdigest()
