"""Objects that events spoke of and that Stripe does not have: they leave the mirror again.

The button "send test webhook" makes such events, and so does test data that was deleted. What has
a ledger row was there, and stays whatever Stripe says now.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, Table, delete, exists, select

from core.db.tables import (
    balance_transactions,
    charges,
    customers,
    disputes,
    early_fraud_warnings,
    payments,
    payouts,
    refunds,
    reviews,
)
from core.domain import versions
from core.ledger import payment_words
from core.ledger.payment_rollups import PaymentTally
from core.mirror.apply import BookingContext
from core.mirror.payments import apply_payments, hold

_TABLES: dict[str, Table] = {
    "refund": refunds,
    "dispute": disputes,
    "early_fraud_warning": early_fraud_warnings,
    "review": reviews,
    "payout": payouts,
    "customer": customers,
}
#: A charge may be its own payment.
_PAYMENTS = ("payment_intent", "charge")


def take_out(
    connection: Connection, absent: Iterable[tuple[str, str]], books: BookingContext
) -> int:
    """Delete the unconfirmed rows of these objects (kind, id); how many went. The caller commits.

    The payments of refunds and disputes that went are summed up anew.
    """
    by_kind: dict[str, list[str]] = {}
    if not (absent := list(absent)):
        return 0
    books.scope.take_turn(connection)
    for kind, stripe_id in absent:
        by_kind.setdefault(kind, []).append(stripe_id)
    payment_ids = [one for kind in _PAYMENTS for one in by_kind.get(kind, ())]
    gone = _payments(connection, payment_ids, books) if payment_ids else 0
    concerned: set[str] = set()
    for kind, ids in sorted(by_kind.items()):
        table = _TABLES.get(kind)
        if table is not None:
            went, of_payments = _rows(connection, table, ids)
            gone, concerned = gone + went, concerned | of_payments
    held = hold(connection, concerned)
    if held:
        apply_payments(connection, held, (), (), held, books.scope, books.facets)
    if gone:
        versions.bump(connection, ["payments", "disputes", "revenue"], slot=books.scope.slot)
    return gone


def _rows(connection: Connection, table: Table, ids: Sequence[str]) -> tuple[int, set[str]]:
    """How many rows went, and the payments of refunds and disputes among them."""
    booked = exists().where(balance_transactions.c.source_id == table.c.stripe_id)
    which = (table.c.stripe_id.in_(sorted(ids)), ~table.c.confirmed, ~booked)
    of_payments: set[str] = set()
    if table in (refunds, disputes):
        asked = select(table.c.payment_id).where(*which, table.c.payment_id.is_not(None))
        of_payments = set(connection.scalars(asked))
    found = list(connection.scalars(select(table.c.stripe_id).where(*which)))
    if found:
        connection.execute(delete(table).where(table.c.stripe_id.in_(found)))
    return len(found), of_payments


def _payments(connection: Connection, ids: Sequence[str], books: BookingContext) -> int:
    """Payments without a confirmed attempt or a ledger row, and their attempts."""
    c, b = charges.c, balance_transactions.c
    held = hold(connection, ids)
    kept = set(connection.scalars(select(b.payment_id).where(b.payment_id.in_(sorted(ids)))))
    kept |= set(
        connection.scalars(select(c.payment_id).where(c.payment_id.in_(sorted(ids)), c.confirmed))
    )
    unfounded = {key: row for key, row in held.items() if not row["confirmed"] and key not in kept}
    tally = PaymentTally()
    for row in unfounded.values():
        tally.remove(row)
    attempts = delete(charges).where(
        ~c.confirmed, c.stripe_id.in_(sorted(ids)) | c.payment_id.in_(sorted(unfounded))
    )
    booked = exists().where(b.source_id == c.stripe_id)
    connection.execute(attempts.where(~booked))
    if unfounded:
        connection.execute(delete(payments).where(payments.c.stripe_id.in_(sorted(unfounded))))
        payment_words.forget(connection, list(unfounded.values()))
        tally.write(connection, books.scope.slot)
    return len(unfounded)
