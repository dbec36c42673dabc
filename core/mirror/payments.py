"""PaymentIntents and charges into the mirror, with what hangs on them and the sums kept of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, func, select, update

from core.db.tables import balance_transactions, charges, disputes, payments, refunds
from core.db.turns import hold as hold_rows
from core.db.upsert import insert_new, upsert, upsert_newer
from core.domain.refund_states import UNDONE
from core.gateway.snapshots import ChargeSnapshot, PaymentSnapshot
from core.ledger import payment_words
from core.ledger.booking import Scope
from core.ledger.facets import FacetRegistry
from core.ledger.ingest import PAID_BY
from core.ledger.payment_rollups import PaymentTally, facet_of
from core.mirror.merge import (
    DisputeOf,
    RefundOf,
    is_newer,
    is_release,
    newest,
    with_charge,
    with_disputes,
    with_intent,
    with_refunds,
    with_state,
)
from core.risk import captured_amounts

Row = Mapping[Any, Any]
Rows = dict[str, dict[str, Any]]
Held = Mapping[str, Row]

# Built once: putting a statement together takes longer than running it.
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_HELD = hold_rows(
    select(payments).where(payments.c.stripe_id.in_(_IDS)).order_by(payments.c.stripe_id)
)
_BEHIND = select(charges).where(charges.c.stripe_id.in_(_IDS))
_B = balance_transactions.c
_PAID = (
    select(_B.payment_id, func.sum(_B.fee_minor), func.sum(_B.net_minor), func.min(_B.currency))
    .where(
        _B.payment_id.in_(_IDS),
        _B.reporting_category.in_(bindparam("paid_by", expanding=True)),
    )
    .group_by(_B.payment_id)
    .having(func.min(_B.currency) == func.max(_B.currency))
)

#: Kinds of stale objects: the list of a charge's refunds, and of its disputes.
CHARGE_REFUNDS = "charge_refunds"
CHARGE_DISPUTES = "charge_disputes"


def hold(connection: Connection, ids: Iterable[str]) -> Held:
    """The payments with these ids as they stand, locked in key order until the commit."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    found = connection.execute(_HELD, {"ids": wanted}).mappings()
    return {row["stripe_id"]: row for row in found}


def ids_of(intents: Iterable[PaymentSnapshot], attempts: Iterable[ChargeSnapshot]) -> set[str]:
    """The payments that these snapshots speak of."""
    tried = [*attempts, *(intent.charge for intent in intents if intent.charge)]
    return {intent.stripe_id for intent in intents} | {
        charge.payment_id for charge in tried if charge.payment_id
    }


def apply_payments(
    connection: Connection,
    held: Held,
    intents: Sequence[PaymentSnapshot],
    attempts: Sequence[ChargeSnapshot],
    touched: Iterable[str],
    scope: Scope,
    book: FacetRegistry,
) -> list[tuple[str, str]]:
    """Bring payments, charges and their sums to these states, where they are newer.

    `held` are the payments concerned, locked; `touched` those whose refunds or disputes changed.
    Charges are locked after payments, each in key order. Raises `InsertRace` when another worker
    inserted the same payment meanwhile. Returns lists to read again (kind, charge): Stripe's own
    sum on a charge says that there are refunds or disputes that are not mirrored.
    """
    seen = newest(intents)
    tried = newest([*attempts, *(i.charge for i in intents if i.charge)])
    upsert_newer(connection, charges, [dict(vars(charge)) for charge in tried.values()])
    rows: Rows = {}
    for payment_id in sorted({*held, *seen}):
        before, snapshot = held.get(payment_id), seen.get(payment_id)
        if snapshot is not None and (before is None or is_newer(snapshot, before)):
            rows[payment_id] = with_intent(before, snapshot, scope)
        elif before is not None:
            rows[payment_id] = dict(before)
    missing = _complete(connection, rows, set(touched))
    _write(connection, rows, held, scope, book)
    return missing


def rewrite_without(
    connection: Connection,
    ids: Iterable[str],
    names: Sequence[str],
    scope: Scope,
    book: FacetRegistry,
    *,
    before: datetime,
) -> None:
    """Write these payments without the columns `names`, where they were made before a time; what
    their charges still say of a person stands in them again. Their words and sums follow."""
    held = hold(connection, ids)
    rows = {
        key: dict(row) | (dict.fromkeys(names) if row["created_at"] < before else {})
        for key, row in held.items()
    }
    charged = sorted({row["latest_charge_id"] for row in rows.values() if row["latest_charge_id"]})
    behind: dict[str, Row] = {}
    if charged:
        found = connection.execute(_BEHIND, {"ids": charged}).mappings()
        behind = {row["stripe_id"]: row for row in found}
    for row in rows.values():
        with_charge(row, behind.get(row["latest_charge_id"]))
    _write(connection, rows, held, scope, book)


def _complete(connection: Connection, rows: Rows, touched: set[str]) -> list[tuple[str, str]]:
    """Add what the latest charge, its refunds, its disputes and the ledger say."""
    ids = sorted({row["latest_charge_id"] for row in rows.values() if row["latest_charge_id"]})
    behind: dict[str, Row] = {}
    if ids:
        found = connection.execute(_BEHIND, {"ids": ids}).mappings()
        behind = {row["stripe_id"]: row for row in found}
    refunded, disputed = set(touched), set(touched)
    for payment_id, row in rows.items():
        charge = behind.get(row["latest_charge_id"])
        with_charge(row, charge)
        if row["amount_refunded_minor"] or (charge and charge["amount_refunded_minor"]):
            refunded.add(payment_id)
        if row["dispute_outcome"] or (charge and charge["disputed"]):
            disputed.add(payment_id)
    missing = _add_refunds(connection, rows, behind, refunded & rows.keys())
    missing += _add_disputes(connection, rows, behind, disputed & rows.keys())
    for row in rows.values():
        with_state(row)
    _add_fees(connection, rows)
    return missing


def _add_refunds(
    connection: Connection, rows: Rows, behind: Mapping[str, Row], ids: set[str]
) -> list[tuple[str, str]]:
    if not ids:
        return []
    r, b = refunds.c, balance_transactions.c
    query = (
        select(
            r.stripe_id, r.payment_id, r.status, r.amount_minor, r.released, b.reporting_category
        )
        .outerjoin(balance_transactions, b.stripe_id == r.balance_transaction_id)
        .where(r.payment_id.in_(sorted(ids)))
    )
    of_payment: dict[str, list[RefundOf]] = {payment_id: [] for payment_id in ids}
    changed: dict[bool, list[str]] = {True: [], False: []}
    for row in connection.execute(query):
        refund = RefundOf(*row)
        charge = behind.get(rows[refund.payment_id]["latest_charge_id"])
        released = is_release(refund, charge)
        if released != refund.released:
            changed[released].append(refund.stripe_id)
        of_payment[refund.payment_id].append(
            RefundOf(*row[:4], released=released, category=refund.category)
        )
    for released, found in changed.items():
        if found:
            connection.execute(
                update(refunds).where(r.stripe_id.in_(sorted(found))).values(released=released)
            )
    missing = []
    for payment_id, parts in of_payment.items():
        charge = behind.get(rows[payment_id]["latest_charge_id"])
        with_refunds(rows[payment_id], charge, parts)
        told = sum(one.amount_minor for one in parts if one.status not in UNDONE)
        if charge is not None and charge["amount_refunded_minor"] != told:
            missing.append((CHARGE_REFUNDS, charge["stripe_id"]))
    return missing


def _add_disputes(
    connection: Connection, rows: Rows, behind: Mapping[str, Row], ids: set[str]
) -> list[tuple[str, str]]:
    if not ids:
        return []
    d = disputes.c
    query = select(
        d.payment_id, d.status, d.amount_minor, d.currency, d.is_charge_refundable
    ).where(d.payment_id.in_(sorted(ids)))
    of_payment: dict[str, list[DisputeOf]] = {payment_id: [] for payment_id in ids}
    for row in connection.execute(query):
        of_payment[row.payment_id].append(DisputeOf(*row[:4], refundable=bool(row[4])))
    missing = []
    for payment_id, parts in of_payment.items():
        charge = behind.get(rows[payment_id]["latest_charge_id"])
        with_disputes(rows[payment_id], charge, parts)
        if charge is not None and charge["disputed"] and not parts:
            missing.append((CHARGE_DISPUTES, charge["stripe_id"]))
    return missing


def _add_fees(connection: Connection, rows: Rows) -> None:
    """Fee and net of payments that have none yet: their ledger rows may have come first."""
    unpaid = [payment_id for payment_id, row in rows.items() if row["fee_minor"] is None]
    if not unpaid:
        return
    asked = {"ids": sorted(unpaid), "paid_by": PAID_BY}
    for payment_id, fee, net, currency in connection.execute(_PAID, asked):
        rows[payment_id] |= {
            "fee_minor": int(fee),
            "net_minor": int(net),
            "settlement_currency": currency,
        }


def _write(
    connection: Connection,
    rows: Rows,
    old: Held,
    scope: Scope,
    book: FacetRegistry,
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
    payment_words.follow_payments(connection, [*fresh, *changed], old)
    captured_amounts.follow_captures(connection, received)
    tally.write(connection, scope.slot)
