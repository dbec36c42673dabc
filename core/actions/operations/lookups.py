"""How each kind of operation is found at Stripe, when nobody knows what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core import clock
from core.actions.disputes.responses import has_moved_on
from core.actions.operations.call import REFUND, TAG, PendingCall
from core.actions.operations.fingerprint import trace_of
from core.errors import Misconfigured
from core.gateway.client import FILES, Gateway
from core.mirror.refresh_queue import payment_kind

#: Stripe's clock and ours may differ: objects are looked for from so long before the operation.
_BEFORE = timedelta(minutes=10)

Json = Mapping[str, Any]
Find = Callable[[Gateway, "Unresolved"], Json | None]


@dataclass(frozen=True)
class Unresolved:
    """An operation without an outcome, since when, and when it was last sent."""

    sending: PendingCall
    attempts: int
    created_at: datetime
    sent_at: datetime


def finder(kind: str) -> Find:
    """How an operation of this kind is found; `Misconfigured` for one that has no way."""
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
    by = payment_kind(one.sending.target)
    pages = gateway.pages("/v1/refunds", **{by: body[by]})
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
    kept = dispute["evidence"]
    if appeal := (kept.get("appeal") or {}).get("card"):
        # Stripe fills in what was not sent.
        kept = kept | {"appeal": {"card": {name: part for name, part in appeal.items() if part}}}
    evidence = {name: kept.get(name) for name in one.sending.trace["fields"]}
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
    """The dispute, once it takes no answer any more, or another one than this."""
    dispute = gateway.get(f"/v1/disputes/{one.sending.target}")
    moved_on = has_moved_on(one.sending.target, dispute["status"], one.sending.operation_id)
    return dispute if moved_on else None


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
