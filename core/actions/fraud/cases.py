"""Working a case of fraud: take it, write to it, approve it, dismiss it, give the money back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from core.access import audit, principals, rights
from core.access.principals import Caller
from core.access.rights import MANAGE_FRAUD
from core.actions.context import ActionContext
from core.actions.fraud.list_entries import NewEntry, checked, put
from core.actions.fraud.operation_kinds import APPROVE_REVIEW
from core.actions.operations.operations import StripeRequest, execute
from core.actions.payments.validation import text
from core.actions.refunds import ask as refunds
from core.actions.refunds.validation import FRAUDULENT, NewRefund
from core.actions.transaction import permitted_change
from core.db.engine import reading
from core.db.tables import case_notes, cases, payments, reviews
from core.errors import AlreadyDecided, InvalidInput, NotFound, NotSignedIn
from core.masking import mask_cards
from core.risk.cases import close
from core.states import CaseState, RefundState

ASSIGN, NOTE, DISMISS, APPROVE = "case.assign", "case.note", "case.dismiss", "case.approve"
REFUND = "case.refund"
#: The operation by which Radar's review is approved.
LONGEST_NOTE = 1000
#: What of a payment can be put on the block list with its refund.
BLOCKED = {"card": "card_fingerprint", "email": "email", "ip": "ip", "user": "user_id"}
_GIVEN_BACK = (RefundState.SUCCEEDED, RefundState.PENDING)


@dataclass(frozen=True)
class Refunded:
    """The refund's request, and whether the case is closed by it."""

    request: refunds.RefundRequest
    closed: bool


def assign(context: ActionContext, caller: Caller, case_id: str, user_id: str | None) -> None:
    """Give an open case to somebody who works on fraud, or to nobody."""

    def work(connection: Connection, now: datetime) -> None:
        _open_case(connection, case_id)
        if user_id is not None:
            _check_worker(connection, user_id)
        connection.execute(cases.update().where(cases.c.id == case_id).values(assigned_to=user_id))
        _note(connection, caller, ASSIGN, case_id, now, to=user_id or "")

    permitted_change(context, caller, ASSIGN, work, right=MANAGE_FRAUD, target=case_id)


def add_note(context: ActionContext, caller: Caller, case_id: str, written: str) -> None:
    """Write to a case, open or closed; card numbers in it are covered first."""

    def work(connection: Connection, now: datetime) -> None:
        _case(connection, case_id)
        _write(connection, caller, case_id, written, now)
        _note(connection, caller, NOTE, case_id, now)

    permitted_change(context, caller, NOTE, work, right=MANAGE_FRAUD, target=case_id)


def dismiss(context: ActionContext, caller: Caller, case_id: str, why: str) -> None:
    """Close a case as nothing to act on, with the reason as its last note."""

    def work(connection: Connection, now: datetime) -> None:
        _open_case(connection, case_id)
        _write(connection, caller, case_id, why, now)
        close(connection, case_id, CaseState.DISMISSED, by=caller.actor, now=now)
        _note(connection, caller, DISMISS, case_id, now)

    permitted_change(context, caller, DISMISS, work, right=MANAGE_FRAUD, target=case_id)


def approve(context: ActionContext, caller: Caller, case_id: str) -> None:
    """Close a case as a good payment; where Radar has it in review, that is approved first.

    What Stripe refused is raised, and the case stays open; so it does after `OutcomeUnknown`,
    until the review is found closed.
    """
    found = permitted_change(
        context,
        caller,
        APPROVE,
        lambda connection, _: _open_case(connection, case_id),
        right=MANAGE_FRAUD,
        target=case_id,
    )
    if (review := _open_review(context, found)) is not None:
        order = StripeRequest(
            APPROVE_REVIEW, found.livemode, f"/v1/reviews/{review}/approve", {}, target=review
        )
        execute(context, caller, order, rights=(rights.MANAGE_FRAUD,))

    def work(connection: Connection, now: datetime) -> None:
        if close(connection, case_id, CaseState.APPROVED, by=caller.actor, now=now):
            _note(connection, caller, APPROVE, case_id, now)

    permitted_change(context, caller, APPROVE, work, right=MANAGE_FRAUD, target=case_id)


def refund(
    context: ActionContext,
    caller: Caller,
    case_id: str,
    *,
    block: tuple[str, ...] = (),
    request_id: str | None = None,
) -> Refunded:
    """Give back what is left as fraud, through the refund rules and limits.

    `block`: what of the payment to put on the block list, keys of `BLOCKED`. The case is closed
    once the money is on its way; while the request waits for somebody, it stays open.
    """

    def before(connection: Connection, now: datetime) -> tuple[Row[Any], list[NewEntry]]:
        found = _open_case(connection, case_id)
        return found, _blocked(connection, found, block, now)

    found, entries = permitted_change(
        context, caller, REFUND, before, right=MANAGE_FRAUD, target=case_id
    )
    asked = NewRefund(found.payment_id, None, FRAUDULENT)
    request = refunds.ask(context, caller, asked, livemode=found.livemode, request_id=request_id)

    def after(connection: Connection, now: datetime) -> bool:
        put(connection, caller.actor, entries, now)
        closed = request.state in _GIVEN_BACK and close(
            connection, case_id, CaseState.REFUNDED, by=caller.actor, now=now
        )
        details = {"request": request.request_id, "blocked": ", ".join(sorted(block))}
        _note(connection, caller, REFUND, case_id, now, **details)
        return closed

    return Refunded(
        request,
        permitted_change(context, caller, REFUND, after, right=MANAGE_FRAUD, target=case_id),
    )


def _case(connection: Connection, case_id: str) -> Row[Any]:
    """The case, held until the transaction ends."""
    row = connection.execute(select(cases).where(cases.c.id == case_id)).first()
    if row is None:
        raise NotFound("There is no such case.")
    return row


def _open_case(connection: Connection, case_id: str) -> Row[Any]:
    row = _case(connection, case_id)
    if row.state != CaseState.OPEN:
        raise AlreadyDecided
    return row


def _check_worker(connection: Connection, user_id: str) -> None:
    try:
        fits = principals.principal(connection, user_id).may(rights.MANAGE_FRAUD)
    except NotSignedIn:
        fits = False
    if not fits:
        raise InvalidInput("assigned_to", "must be somebody who works on fraud")


def _write(
    connection: Connection, caller: Caller, case_id: str, written: str, now: datetime
) -> None:
    masked = mask_cards(text("text", written, LONGEST_NOTE))
    connection.execute(
        case_notes.insert().values(
            case_id=case_id, author=caller.actor, text=masked, created_at=now
        )
    )


def _open_review(context: ActionContext, found: Row[Any]) -> str | None:
    v = reviews.c
    asked = select(v.stripe_id).where(
        v.payment_id == found.payment_id, v.livemode == found.livemode, v.open
    )
    with reading(context.engine) as connection:
        return connection.scalar(asked)


def _blocked(
    connection: Connection, found: Row[Any], block: tuple[str, ...], now: datetime
) -> list[NewEntry]:
    p = payments.c
    row = (
        connection.execute(
            select(payments).where(p.stripe_id == found.payment_id, p.livemode == found.livemode)
        )
        .mappings()
        .first()
    )
    entries = []
    for field in block:
        if field not in BLOCKED:
            raise InvalidInput("block", "must be some of {known}", known=", ".join(BLOCKED))
        value = row[BLOCKED[field]] if row else None
        if not value:
            raise InvalidInput("block", "names a {what} that is not known", what=field)
        why = f"fraud: {found.payment_id}"
        entries.append(checked(NewEntry("block", field, value, why), now))
    return entries


def _note(
    connection: Connection,
    caller: Caller,
    action: str,
    case_id: str,
    now: datetime,
    **details: str,
) -> None:
    audit.append(
        connection, actor=caller.actor, action=action, target=case_id, details=details, now=now
    )
