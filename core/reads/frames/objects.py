"""Payments, disputes and payouts that were made in a stretch of days, oldest first.

Nobody's name, address or card stands in them.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Table, select

from core.db.tables import disputes as dispute_table
from core.db.tables import payments as payment_table
from core.db.tables import payouts as payout_table
from core.reads.frames.columns import Column, Columns, Kind, Stretch, frame
from core.reads.permissions import requires

PAYMENTS: Columns = (
    Column("payment_id", Kind.TEXT, "the PaymentIntent, or the charge that has none"),
    Column("created_at", Kind.TIME, "when it was created at Stripe"),
    Column("state", Kind.TEXT, "what a person calls it: succeeded, failed, refunded and so on"),
    Column("status", Kind.TEXT, "Stripe's own status"),
    Column("currency", Kind.TEXT, "what the customer was charged in"),
    Column("amount", Kind.MONEY, "what was asked for"),
    Column("captured", Kind.MONEY, "what was taken"),
    Column("refunded", Kind.MONEY, "what refunds that did not fail give back"),
    Column("disputed", Kind.MONEY, "what disputes hold or took"),
    Column("settlement_currency", Kind.TEXT, "what it was booked in; none until it is booked"),
    Column("fee", Kind.MONEY, "what Stripe kept of its charge", "settlement_currency"),
    Column("net", Kind.MONEY, "what its charge brought the balance", "settlement_currency"),
    Column("method", Kind.TEXT, "card, alipay, wechat_pay and so on"),
    Column("card_brand", Kind.TEXT, "visa, mastercard and so on"),
    Column("card_country", Kind.TEXT, "the country of the card's bank, two letters"),
    Column("customer_id", Kind.TEXT, "the customer at Stripe"),
    Column("order_id", Kind.TEXT, "`order_id` of its metadata"),
    Column("user_id", Kind.TEXT, "`user_id` of its metadata"),
    Column("risk_level", Kind.TEXT, "Radar's word"),
    Column("risk_score", Kind.COUNT, "Radar's points, 0 to 100"),
    Column("failure_code", Kind.TEXT, "why the last attempt failed"),
    Column("decline_code", Kind.TEXT, "what the issuer said"),
    Column("dispute_outcome", Kind.TEXT, "open, lost, won and so on; '' where there is none"),
)
_P = payment_table.c
_PAYMENTS = (
    *(_P.stripe_id, _P.created_at, _P.state, _P.status, _P.currency, _P.amount_minor),
    *(_P.amount_captured_minor, _P.amount_refunded_minor, _P.amount_disputed_minor),
    *(_P.settlement_currency, _P.fee_minor, _P.net_minor, _P.method_type, _P.card_brand),
    *(_P.card_country, _P.customer_id, _P.order_id, _P.user_id, _P.risk_level, _P.risk_score),
    *(_P.failure_code, _P.decline_code, _P.dispute_outcome),
)

DISPUTES: Columns = (
    Column("dispute_id", Kind.TEXT, "the dispute at Stripe"),
    Column("created_at", Kind.TIME, "when it was opened"),
    Column("payment_id", Kind.TEXT, "the payment that is disputed"),
    Column("status", Kind.TEXT, "Stripe's own status"),
    Column("reason", Kind.TEXT, "Stripe's reason"),
    Column("network_reason_code", Kind.TEXT, "the card network's own code"),
    Column("currency", Kind.TEXT, "of the amount"),
    Column("amount", Kind.MONEY, "what is disputed"),
    Column("due_by", Kind.TIME, "until when it may be answered"),
    Column("has_evidence", Kind.FLAG, "whether there is evidence at Stripe"),
    Column("past_due", Kind.FLAG, "whether it was not answered in time"),
)
_D = dispute_table.c
_DISPUTES = (
    *(_D.stripe_id, _D.created_at, _D.payment_id, _D.status, _D.reason, _D.network_reason_code),
    *(_D.currency, _D.amount_minor, _D.due_by, _D.has_evidence, _D.past_due),
)

PAYOUTS: Columns = (
    Column("payout_id", Kind.TEXT, "the payout at Stripe"),
    Column("created_at", Kind.TIME, "when it was made"),
    Column("arrival_at", Kind.TIME, "when Stripe expects it at the bank"),
    Column("status", Kind.TEXT, "pending, in_transit, paid, failed, canceled"),
    Column("currency", Kind.TEXT, "of the amount"),
    Column("amount", Kind.MONEY, "positive to the bank, negative from it"),
    Column("automatic", Kind.FLAG, "made by the schedule, not by hand"),
    Column("method", Kind.TEXT, "standard or instant"),
    Column("reconciliation_status", Kind.TEXT, "whether the list of what it paid out is final"),
    Column("trace_id", Kind.TEXT, "the bank's own reference"),
    Column("trace_id_status", Kind.TEXT, "pending, supported, unsupported"),
    Column("failure_code", Kind.TEXT, "why it failed"),
    Column("balance_transaction_id", Kind.TEXT, "the ledger's row that took it off the balance"),
    Column("failure_balance_transaction_id", Kind.TEXT, "the row that brought it back"),
    Column("original_payout", Kind.TEXT, "the payout that this one reverses"),
    Column("reversed_by", Kind.TEXT, "the payout that reverses this one"),
)
_O = payout_table.c
_PAYOUTS = (
    *(_O.stripe_id, _O.created_at, _O.arrival_at, _O.status, _O.currency, _O.amount_minor),
    *(_O.automatic, _O.method, _O.reconciliation_status, _O.trace_id, _O.trace_id_status),
    *(_O.failure_code, _O.balance_transaction_id, _O.failure_balance_transaction_id),
    *(_O.original_payout, _O.reversed_by),
)


@requires("see_revenue")
def payments(conn: Connection, *, livemode: bool, stretch: Stretch) -> pd.DataFrame:
    """Columns `PAYMENTS`, of payments that were created in the stretch."""
    return _created(conn, payment_table, PAYMENTS, _PAYMENTS, livemode, stretch)


@requires("see_revenue")
def disputes(conn: Connection, *, livemode: bool, stretch: Stretch) -> pd.DataFrame:
    """Columns `DISPUTES`, of disputes and inquiries that were opened in the stretch."""
    return _created(conn, dispute_table, DISPUTES, _DISPUTES, livemode, stretch)


@requires("see_revenue")
def payouts(conn: Connection, *, livemode: bool, stretch: Stretch) -> pd.DataFrame:
    """Columns `PAYOUTS`, of payouts that were made in the stretch."""
    return _created(conn, payout_table, PAYOUTS, _PAYOUTS, livemode, stretch)


def _created(
    conn: Connection,
    table: Table,
    columns: Columns,
    read: tuple[ColumnElement[Any], ...],
    livemode: bool,
    stretch: Stretch,
) -> pd.DataFrame:
    made = table.c.created_at
    query = (
        select(*read)
        .where(table.c.livemode == livemode, made >= stretch.start, made < stretch.end)
        .order_by(made, table.c.stripe_id)
        .limit(stretch.limit + 1)
    )
    return frame(columns, conn.execute(query).all(), stretch.limit)
