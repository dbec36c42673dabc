"""What must be true of a shop at rest, whatever came before."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Table, select

from core import clock
from core.actions.operations.kinds import TAG
from core.clock import NEVER
from core.db import tables as t
from core.db.engine import reading
from core.mirror.rollups import differences
from core.proof.reconcile import AGREES, reconcile
from core.proof.span import Span
from core.states import EventState, OperationState
from tests.support.simulator.shop import ZONE, Shop
from tests.support.simulator.storm import Storm
from tests.support.simulator.watches import ENDS, noted

Json = dict[str, Any]
#: One run in so many is proved by the product's own proof too.
PROVED = 4
#: Columns of the mirror beside the field of Stripe's object that they show.
_SHOWN: dict[str, tuple[Table, dict[str, str]]] = {
    "payment_intents": (
        t.payments,
        {
            "status": "status",
            "amount_minor": "amount",
            "currency": "currency",
            "amount_received_minor": "amount_received",
            "latest_charge_id": "latest_charge",
        },
    ),
    "charges": (
        t.charges,
        {
            "status": "status",
            "amount_captured_minor": "amount_captured",
            "amount_refunded_minor": "amount_refunded",
            "disputed": "disputed",
            "balance_transaction_id": "balance_transaction",
        },
    ),
    "refunds": (
        t.refunds,
        {"status": "status", "amount_minor": "amount", "payment_id": "payment_intent"},
    ),
    "disputes": (t.disputes, {"status": "status", "amount_minor": "amount", "charge_id": "charge"}),
    "payouts": (t.payouts, {"status": "status", "amount_minor": "amount", "currency": "currency"}),
    "balance_transactions": (
        t.balance_transactions,
        {
            "amount_minor": "amount",
            "fee_minor": "fee",
            "net_minor": "net",
            "currency": "currency",
            "status": "status",
            "reporting_category": "reporting_category",
            "source_id": "source",
        },
    ),
}


def broken(storm: Storm) -> list[str]:
    """Every rule that does not hold, in words; none of a shop that is right."""
    shop = storm.shop
    with reading(shop.web.engine) as connection:
        found = [
            *_mirror(shop, connection),
            *_paid_out(shop, connection),
            *_refunds(shop, connection),
            *_captured(shop),
            *_settled(connection),
            *_ended_once(connection),
            *noted(connection),
            *_waiting(connection),
        ]
    found += [f"a sum is not its rows: {one}" for one in differences(shop.web.engine)]
    # The proof costs as much as a third of a run, and looks at what was looked at already.
    return found if shop.seed % PROVED else found + _proof(shop)


def _mirror(shop: Shop, connection: Connection) -> Iterator[str]:
    """The mirror has each of Stripe's objects as it is there, and no other."""
    for name, (table, columns) in _SHOWN.items():
        theirs = {
            one["id"]: {column: one[field] for column, field in columns.items()}
            for one in shop.outside.everything(name)
        }
        ours = {
            row["stripe_id"]: {column: row[column] for column in columns}
            for row in connection.execute(select(table)).mappings()
        }
        for one in sorted(theirs.keys() | ours.keys()):
            if theirs.get(one) != ours.get(one):
                yield f"{name} {one}: Stripe has {theirs.get(one)}, here is {ours.get(one)}"


def _paid_out(shop: Shop, connection: Connection) -> Iterator[str]:
    """Each row says which automatic payout paid it out."""
    theirs = {
        row["id"]: payout["id"]
        for payout in shop.outside.everything("payouts")
        if payout["automatic"]
        for row in shop.outside.everything("balance_transactions", payout=payout["id"])
    }
    b = t.balance_transactions.c
    kept = connection.execute(select(b.stripe_id, b.payout_id).where(b.payout_id.is_not(None)))
    ours = {row.stripe_id: row.payout_id for row in kept}
    for one in sorted(theirs.keys() | ours.keys()):
        if theirs.get(one) != ours.get(one):
            yield f"{one} was paid out by {theirs.get(one)}, here by {ours.get(one)}"


def _refunds(shop: Shop, connection: Connection) -> Iterator[str]:
    """One refund at Stripe for each request that was sent and not given up, and none else."""
    made: dict[str, list[Json]] = defaultdict(list)
    for refund in shop.outside.everything("refunds"):
        made[refund["metadata"].get(TAG, "")].append(refund)
    requests = {row.id: row for row in connection.execute(select(t.refund_requests))}
    for key, row in requests.items():
        found = made.pop(key, [])
        if len(found) > 1:
            yield f"request {key} made {len(found)} refunds"
        if [one["id"] for one in found] != ([row.refund_id] if row.refund_id else []):
            yield f"request {key} is {row.state} with {row.refund_id}, Stripe has {found}"
        if found and found[0]["status"] != row.state:
            yield f"request {key} is {row.state}, its refund {found[0]['status']}"
        if found and found[0]["amount"] != row.amount_minor:
            yield f"request {key} asked for {row.amount_minor}, Stripe made {found[0]['amount']}"
    for key, found in made.items():
        yield f"refunds of no request: {key} {found}"


def _captured(shop: Shop) -> Iterator[str]:
    """No payment gave back more than it took."""
    for charge in shop.outside.everything("charges"):
        back = shop.control.others.refunds({"charge": charge["id"]})["amount"]
        if back > charge["amount_captured"] and charge["status"] == "succeeded":
            yield f"{charge['id']}: {back} went back of {charge['amount_captured']}"


def _ended_once(connection: Connection) -> Iterator[str]:
    """The end of an operation is told once, and is the one that it has."""
    log, told = t.audit_log.c, defaultdict[str, list[str]](list)
    kinds = select(t.operations.c.kind)
    for row in connection.execute(select(log.details, log.outcome).where(log.action.in_(kinds))):
        if row.outcome in ENDS:
            told[json.loads(row.details).get("operation", "")].append(row.outcome)
    for row in connection.execute(select(t.operations)):
        ended = [row.state] if row.state in ENDS else []
        if told[row.id] != ended:
            yield f"operation {row.id} is {row.state}, the log says {told[row.id]}"


def _settled(connection: Connection) -> Iterator[str]:
    """Each operation and each request came to an end."""
    for row in connection.execute(select(t.operations)):
        # What Stripe refused before it acted waits for its asker, who may ask again.
        asked_again = row.state == OperationState.NOT_SENT and row.kind == "refund.cancel"
        if row.state not in ENDS and not asked_again:
            yield f"operation {row.id} is {row.state}: {row.outcome}"
        if json.loads(row.outcome or "{}").get("error", {}).get("code") == "idempotency_conflict":
            yield f"operation {row.id} was sent twice with different words"
    for row in connection.execute(select(t.refund_requests)):
        if row.state in ("sending", "unknown", "awaiting_approval"):
            yield f"request {row.id} is {row.state}"


def _waiting(connection: Connection) -> Iterator[str]:
    """Nothing waits: no event, no object that is to be read, none that was set aside."""
    for row in connection.execute(select(t.events)):
        if row.state not in (EventState.APPLIED, EventState.SKIPPED):
            yield f"event {row.stripe_id} is {row.state}: {row.last_error}"
    for row in connection.execute(select(t.stale_objects)):
        parked = "is parked" if row.next_attempt_at >= NEVER else "is to be read"
        yield f"{row.kind} {row.stripe_id} {parked}: {row.last_error}"


def _proof(shop: Shop) -> list[str]:
    """The product's own proof agrees over all the days of the run."""
    today = clock.business_day(clock.now(), ZONE)
    span = Span(False, today - timedelta(days=1), today, ZONE)
    found = reconcile(shop.web.engine, shop.web.gateway, span, asked_by="simulator")
    if found.outcome == AGREES:
        return []
    return [f"the proof {found.outcome}: {one}" for one in found.open or found.identities]
