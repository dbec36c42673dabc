"""PaymentIntents and charges into the mirror, with the sums kept of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from core.db.tables import balance_transactions, charges, payments
from core.db.upsert import insert_new, upsert, upsert_newer
from core.gateway.snapshots import ChargeSnapshot, PaymentSnapshot
from core.inbox.merge import is_newer, newest, with_charge, with_intent
from core.ledger.facets import FacetBook
from core.ledger.ingest import CHARGE
from core.ledger.scope import Scope
from core.ledger.tally import PaymentTally, facet_of
from core.risk import paid

Rows = dict[str, dict[str, Any]]


def apply_payments(
    connection: Connection,
    intents: Sequence[PaymentSnapshot],
    attempts: Sequence[ChargeSnapshot],
    scope: Scope,
    book: FacetBook,
) -> None:
    """Bring payments, charges and their sums to these states, where they are newer.

    Payments are locked before charges, each in key order. Raises `InsertRace` when another
    worker inserted the same payment meanwhile.
    """
    seen = newest(list(intents))
    tried = newest([*attempts, *(i.charge for i in intents if i.charge)])
    wanted = sorted({*seen, *(c.payment_id for c in tried.values() if c.payment_id)})
    old = _locked(connection, wanted)
    upsert_newer(connection, charges, [dict(vars(charge)) for charge in tried.values()])
    rows: Rows = {}
    for payment_id in wanted:
        before, snapshot = old.get(payment_id), seen.get(payment_id)
        if snapshot is not None and (before is None or is_newer(snapshot, before)):
            rows[payment_id] = with_intent(before, snapshot, scope)
        elif before is not None:
            rows[payment_id] = dict(before)
    _complete(connection, rows)
    _write(connection, rows, old, scope, book)


def _locked(connection: Connection, ids: Sequence[str]) -> Mapping[str, Mapping[Any, Any]]:
    if not ids:
        return {}
    query = select(payments).where(payments.c.stripe_id.in_(ids)).order_by(payments.c.stripe_id)
    found = connection.execute(query.with_for_update()).mappings()
    return {row["stripe_id"]: row for row in found}


def _complete(connection: Connection, rows: Rows) -> None:
    """Add what the latest charge and its balance transaction say."""
    ids = sorted({row["latest_charge_id"] for row in rows.values() if row["latest_charge_id"]})
    behind: dict[str, Any] = {}
    if ids:
        found = connection.execute(select(charges).where(charges.c.stripe_id.in_(ids))).mappings()
        behind = {row["stripe_id"]: row for row in found}
    for row in rows.values():
        with_charge(row, behind.get(row["latest_charge_id"]))
    unpaid = {r["latest_charge_id"]: r for r in rows.values() if r["fee_minor"] is None}
    unpaid.pop(None, None)
    if unpaid:
        b = balance_transactions.c
        query = select(b.source_id, b.fee_minor, b.net_minor, b.currency).where(
            b.source_id.in_(sorted(unpaid)), b.reporting_category == CHARGE
        )
        for source, fee, net, currency in connection.execute(query):
            unpaid[source] |= {
                "fee_minor": fee,
                "net_minor": net,
                "settlement_currency": currency,
            }


def _write(
    connection: Connection,
    rows: Rows,
    old: Mapping[str, Mapping[Any, Any]],
    scope: Scope,
    book: FacetBook,
) -> None:
    """Write what changed, and add the differences to the sums last."""
    numbers = book.numbers(connection, (facet_of(row) for row in rows.values()))
    tally, fresh, changed, received = PaymentTally(), [], [], {}
    for payment_id, row in rows.items():
        row["facet"] = numbers[facet_of(row)]
        before = old.get(payment_id)
        if before is None:
            fresh.append(row)
        elif any(row[name] != before[name] for name in row):
            changed.append(row)
            if row["amount_received_minor"] != before["amount_received_minor"]:
                received[payment_id] = row["amount_received_minor"]
            tally.remove(before)
        else:
            continue
        tally.add(row)
    insert_new(connection, payments, fresh)
    upsert(connection, payments, changed)
    paid.follow(connection, received)
    tally.write(connection, scope.slot)
