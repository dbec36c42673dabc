"""Operations whose outcome nobody knows: found at Stripe, or sent again under the same key.

Stripe keeps an idempotency key for 24 hours. Until 23 an operation that cannot be found is sent
again, which acts once at most; after that it is only looked for, and ends undone.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select

from core import clock
from core.actions.desk import Desk
from core.actions.operations import LEASE
from core.actions.sending import REFUND, TAG, Sending, end_undone, record, send
from core.actions.traces import trace_of
from core.db.engine import reading, retrying, writing
from core.db.tables import operations
from core.errors import Misconfigured, StripeError
from core.gateway.client import FILES, Gateway
from core.gateway.evidence_fields import ANSWERABLE
from core.inbox.faults import OF_ONE_OBJECT, raise_if_transient, reason
from core.inbox.refund_requests import follow_operation

_log = logging.getLogger(__name__)

SENT_AGAIN_FOR = timedelta(hours=23)
#: What was not kept cannot be sent again; so long it may still turn up.
LOOKED_FOR = timedelta(minutes=10)
#: A failing look waits twice as long each time, up to this.
LONGEST_WAIT = timedelta(minutes=10)
#: Stripe's clock and ours may differ: objects are looked for from so long before the operation.
_BEFORE = timedelta(minutes=10)
BATCH = 20

Json = Mapping[str, Any]
Find = Callable[[Gateway, "Unresolved"], Json | None]


@dataclass(frozen=True)
class Unresolved:
    """An operation without an outcome, and since when."""

    sending: Sending
    attempts: int
    created_at: datetime


def resolve(desk: Desk) -> int:
    """Look once for each operation that is due; how many were looked for."""
    due = retrying(partial(_claim, desk, clock.now()))
    for one in due:
        _look(desk, one)
    return len(due)


def _claim(desk: Desk, moment: datetime) -> list[Unresolved]:
    c = operations.c
    due = c.state.in_(["sending", "unknown"]) & (c.next_attempt_at <= moment)
    due &= c.livemode.in_(list(desk.gateways))
    fence = uuid.uuid4().hex
    with reading(desk.engine) as connection:
        if connection.execute(select(c.id).where(due).limit(1)).first() is None:
            return []
    with writing(desk.engine) as connection:
        ids = connection.scalars(
            select(c.id).where(due).order_by(c.next_attempt_at).limit(BATCH).with_for_update()
        ).all()
        connection.execute(
            operations.update()
            .where(c.id.in_(ids))
            .values(
                fence=fence,
                state="unknown",
                attempts=c.attempts + 1,
                next_attempt_at=moment + LEASE,
            )
        )
        rows = connection.execute(select(operations).where(c.id.in_(ids), c.fence == fence)).all()
        for row in rows:
            if row.kind == REFUND:
                follow_operation(connection, row.id, "unknown", None, moment)
    return [_unresolved(row, fence) for row in rows]


def _unresolved(row: Any, fence: str) -> Unresolved:
    params = json.loads(row.params)
    sending = Sending(
        operation_id=row.id,
        kind=row.kind,
        livemode=row.livemode,
        path=params["path"],
        body=params["body"],
        target=params["target"],
        tagged=params["tagged"],
        fence=fence,
        actor=row.actor,
        trace=params.get("trace", {}),
        again=True,
    )
    return Unresolved(sending, row.attempts, row.created_at)


def _look(desk: Desk, one: Unresolved) -> None:
    """Find what came of it, or send it again; an error of Stripe's puts it off."""
    sending, started = one.sending, clock.now()
    try:
        found = _finder(sending.kind)(desk.gateway(sending.livemode), one)
        if found is not None:
            retrying(partial(record, desk, sending, found, started))
        elif sending.trace and clock.now() - one.created_at < LOOKED_FOR:
            retrying(partial(_put_off, desk, one))
        elif sending.trace:
            why = "Stripe does not have it, and it was not kept here: do it again"
            retrying(partial(end_undone, desk, sending, why))
        elif clock.now() - one.created_at < SENT_AGAIN_FOR:
            send(desk, sending)
        else:
            why = "Stripe does not have it, and its key has ended: it is not sent again"
            retrying(partial(end_undone, desk, sending, why))
    except StripeError as error:
        _log.warning("%s %s: %s", sending.kind, sending.operation_id, error.code)
        retrying(partial(_put_off, desk, one))
    except OF_ONE_OBJECT as error:
        raise_if_transient(error)
        # What cannot be read, or not be kept, must not hold up those that were claimed with it.
        _log.error("%s %s: %s", sending.kind, sending.operation_id, reason(error))
        retrying(partial(_put_off, desk, one))


def _put_off(desk: Desk, one: Unresolved) -> None:
    """Look again later, unless the error was the outcome."""
    c = operations.c
    wait = min(timedelta(seconds=3) * 2 ** min(one.attempts, 10), LONGEST_WAIT)
    with writing(desk.engine) as connection:
        connection.execute(
            operations.update()
            .where(
                c.id == one.sending.operation_id,
                c.state.in_(["unknown", "not_sent"]),
                c.fence.is_(None) | (c.fence == one.sending.fence),
            )
            .values(state="unknown", fence=None, next_attempt_at=clock.now() + wait)
        )


def _finder(kind: str) -> Find:
    if kind not in FINDERS:
        raise Misconfigured(f"nobody knows how to find out about {kind}")
    return FINDERS[kind]


def tagged_among(pages: Iterable[Iterable[Json]], operation_id: str) -> Json | None:
    """The object that carries this operation's id."""
    for page in pages:
        for one in page:
            if (one.get("metadata") or {}).get(TAG) == operation_id:
                return one
    return None


def _created_payment(gateway: Gateway, one: Unresolved) -> Json | None:
    since = clock.to_unix(one.created_at - _BEFORE)
    pages = gateway.pages("/v1/payment_intents", created={"gte": since})
    return tagged_among(pages, one.sending.operation_id)


def _checkout_session(gateway: Gateway, one: Unresolved) -> Json | None:
    since = clock.to_unix(one.created_at - _BEFORE)
    pages = gateway.pages("/v1/checkout/sessions", created={"gte": since})
    return tagged_among(pages, one.sending.operation_id)


def _refund(gateway: Gateway, one: Unresolved) -> Json | None:
    body = one.sending.body
    pages = gateway.pages("/v1/refunds", payment_intent=body["payment_intent"])
    # The tag alone can be written by anybody who works with the account.
    own = ([refund for refund in page if refund["amount"] == body["amount"]] for page in pages)
    return tagged_among(own, one.sending.operation_id)


def _canceled_refund(gateway: Gateway, one: Unresolved) -> Json | None:
    refund = gateway.get(one.sending.path.rpartition("/")[0])
    return refund if refund["status"] == "canceled" else None


def _closed_review(gateway: Gateway, one: Unresolved) -> Json | None:
    review = gateway.get(one.sending.path.rpartition("/")[0])
    return None if review["open"] else review


def _in_state(*states: str) -> Find:
    """A payment that has moved on has had this call; asked again it would be refused."""

    def find(gateway: Gateway, one: Unresolved) -> Json | None:
        payment = gateway.get(one.sending.path.rpartition("/")[0], expand=["latest_charge"])
        return payment if payment["status"] in states else None

    return find


def _drafted(gateway: Gateway, one: Unresolved) -> Json | None:
    """The dispute, if its draft holds exactly what was sent. A later draft may have overwritten
    it: then nothing is lost by calling it undone, and sending it again would lose the later one."""
    dispute = gateway.get(one.sending.path)
    evidence = {name: dispute["evidence"].get(name) for name in one.sending.trace["fields"]}
    return dispute if trace_of({"evidence": evidence}) == one.sending.trace else None


def _uploaded(gateway: Gateway, one: Unresolved) -> Json | None:
    """The file whose name is this operation's."""
    since = clock.to_unix(one.created_at - _BEFORE)
    purpose, name = one.sending.body["purpose"], one.sending.body["name"]
    for page in gateway.pages(FILES, purpose=purpose, created={"gte": since}):
        for file in page:
            if file["filename"] == name:
                return file
    return None


def _answered(gateway: Gateway, one: Unresolved) -> Json | None:
    """The dispute, once it takes no answer any more."""
    dispute = gateway.get(f"/v1/disputes/{one.sending.target}")
    return None if dispute["status"] in ANSWERABLE else dispute


#: How each kind of operation is found at Stripe.
FINDERS: dict[str, Find] = {
    "payment.create": _created_payment,
    "payment.confirm": _in_state("succeeded", "processing", "requires_capture", "requires_action"),
    "payment.capture": _in_state("succeeded"),
    "payment.cancel": _in_state("canceled"),
    REFUND: _refund,
    "refund.cancel": _canceled_refund,
    "review.approve": _closed_review,
    "checkout_session.create": _checkout_session,
    "dispute.draft": _drafted,
    "dispute.upload": _uploaded,
    "dispute.submit": _answered,
    "dispute.accept": _answered,
}
