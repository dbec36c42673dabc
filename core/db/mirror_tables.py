"""The mirror of the Stripe account: one table an object, newest reading wins.

Amounts are BIGINT minor units beside `currency` (lower case). `as_of` is when the state shown was
true at Stripe; `confirmed` says that it was read back, not only seen in an event.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Index, MetaData, SmallInteger, Table

from core.db.types import Utc, code, flag, long_text, stripe_id, words

metadata = MetaData()


def mirror_columns() -> list[Column[object]]:
    """What every mirror row carries besides its own columns."""
    return [
        Column("livemode", flag(), nullable=False),
        Column("created_at", Utc(), nullable=False),
        Column("confirmed", flag(), nullable=False),
        Column("as_of", Utc(), nullable=False),
    ]


#: One row per PaymentIntent, and one per charge that was made without one (`stripe_id` is then the
#: charge's). `fee_minor` and `net_minor` are the sums of the ledger rows that paid for it, in
#: `settlement_currency`; refunds and disputes have ledger rows of their own. Of the payment's
#: `currency`: `amount_captured_minor` is what was taken, `amount_refunded_minor` what refunds that
#: did not fail give back of it, `amount_disputed_minor` what disputes hold or took.
#: `status` is Stripe's; `state` is what a person calls it and `dispute_outcome` how its disputes
#: stand (core.domain.payment_states); `disputed` says that one is open or lost. `facet` numbers the
#: combination of livemode, state, status, currency, method, risk level and dispute.
payments = Table(
    "payments",
    metadata,
    Column("stripe_id", stripe_id(), primary_key=True),
    Column("status", code(), nullable=False),
    Column("state", code(), nullable=False),
    Column("facet", SmallInteger, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", code(4), nullable=False),
    Column("amount_received_minor", BigInteger, nullable=False, default=0),
    Column("amount_capturable_minor", BigInteger, nullable=False, default=0),
    Column("amount_captured_minor", BigInteger, nullable=False, default=0),
    Column("amount_refunded_minor", BigInteger, nullable=False, default=0),
    Column("amount_disputed_minor", BigInteger, nullable=False, default=0),
    Column("latest_charge_id", stripe_id()),
    Column("customer_id", stripe_id()),
    Column("order_id", code(500)),
    Column("user_id", code(500)),
    Column("email", words(255)),
    Column("customer_name", words(255)),
    Column("description", words(255)),
    Column("method_type", code()),
    Column("card_brand", code()),
    Column("card_last4", code(4)),
    Column("card_country", code(2)),
    Column("card_fingerprint", code()),
    Column("ip", code(45)),
    Column("fee_minor", BigInteger),
    Column("net_minor", BigInteger),
    Column("settlement_currency", code(4)),
    Column("failure_code", code()),
    Column("decline_code", code()),
    Column("failure_message", words(500)),
    Column("next_action", code()),
    Column("cancellation_reason", code()),
    Column("disputed", flag(), nullable=False, default=False),
    Column("dispute_outcome", code(), nullable=False, default=""),
    Column("risk_score", SmallInteger),
    Column("risk_level", code()),
    Column("metadata_json", long_text()),
    Column("day", Date, nullable=False),
    Column("canceled_at", Utc()),
    Column("updated_at", Utc(), nullable=False),
    *mirror_columns(),
    # Overview sums the volume of today so far from this index alone.
    Index(
        "px_walk",
        "created_at",
        "stripe_id",
        "facet",
        "amount_minor",
        "email",
        "amount_captured_minor",
    ),
    Index("px_facet", "facet", "created_at", "stripe_id", "amount_minor", "email"),
    Index("px_amt", "currency", "amount_minor", "created_at", "stripe_id", "facet"),
    Index("px_email", "email", "created_at", "stripe_id", "facet", "amount_minor"),
    Index("px_last4", "card_last4", "created_at", "stripe_id", "facet", "amount_minor"),
    Index("px_order", "order_id", "created_at", "stripe_id"),
    Index("px_ip", "ip", "created_at", "stripe_id", "facet"),
    Index("px_fp", "card_fingerprint", "created_at", "stripe_id", "facet"),
    Index("px_user", "user_id", "created_at", "stripe_id", "currency", "facet", "amount_minor"),
    Index("px_customer", "customer_id", "created_at", "stripe_id", "facet"),
    Index("px_country", "card_country", "created_at", "stripe_id", "facet", "amount_minor"),
    Index("px_brand", "card_brand", "created_at", "stripe_id", "facet", "amount_minor"),
    Index("px_charge", "latest_charge_id"),
)

#: One row per attempt. `payment_id` is the PaymentIntent, or the charge itself where it has none.
charges = Table(
    "charges",
    metadata,
    Column("stripe_id", stripe_id(), primary_key=True),
    Column("payment_id", stripe_id()),
    Column("status", code(), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", code(4), nullable=False),
    Column("amount_captured_minor", BigInteger, nullable=False, default=0),
    Column("amount_refunded_minor", BigInteger, nullable=False, default=0),
    Column("captured", flag(), nullable=False),
    Column("disputed", flag(), nullable=False),
    Column("balance_transaction_id", stripe_id()),
    Column("customer_id", stripe_id()),
    Column("email", words(255)),
    Column("customer_name", words(255)),
    Column("method_type", code()),
    Column("card_brand", code()),
    Column("card_last4", code(4)),
    Column("card_country", code(2)),
    Column("card_fingerprint", code()),
    Column("card_funding", code()),
    Column("three_d_secure", code()),
    Column("outcome_type", code()),
    Column("outcome_reason", code()),
    Column("network_status", code()),
    Column("seller_message", words(500)),
    Column("failure_code", code()),
    Column("decline_code", code()),
    Column("failure_message", words(500)),
    Column("risk_score", SmallInteger),
    Column("risk_level", code()),
    *mirror_columns(),
    Index("cx_payment", "payment_id", "created_at"),
    # Overview counts attempts and successes of a day from the index alone.
    Index("cx_created", "created_at", "stripe_id", "livemode", "currency", "status"),
)

#: `payment_id` is the payment's row, whichever object that is. `released`: no money was given back,
#: the rest of an authorization was let go. Before 2025-03-31.basil Stripe wrote that as a refund.
refunds = Table(
    "refunds",
    metadata,
    Column("stripe_id", stripe_id(), primary_key=True),
    Column("payment_id", stripe_id()),
    Column("charge_id", stripe_id()),
    Column("status", code(), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", code(4), nullable=False),
    Column("reason", code()),
    Column("failure_reason", code()),
    Column("pending_reason", code()),
    Column("balance_transaction_id", stripe_id()),
    Column("operation_id", code()),
    Column("released", flag(), nullable=False, default=False, info={"derived": True}),
    *mirror_columns(),
    Index("rx_payment", "payment_id"),
    Index("rx_created", "created_at", "stripe_id"),
    Index("rx_charge", "charge_id"),
)

disputes = Table(
    "disputes",
    metadata,
    Column("stripe_id", stripe_id(), primary_key=True),
    Column("payment_id", stripe_id()),
    Column("charge_id", stripe_id()),
    Column("status", code(), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", code(4), nullable=False),
    Column("reason", code()),
    Column("network_reason_code", code()),
    Column("card_brand", code()),
    Column("is_charge_refundable", flag()),
    Column("due_by", Utc()),
    Column("has_evidence", flag(), nullable=False, default=False),
    Column("past_due", flag(), nullable=False, default=False),
    Column("submission_count", BigInteger, nullable=False, default=0),
    *mirror_columns(),
    Index("dx_payment", "payment_id"),
    Index("dx_due", "status", "due_by"),
    Index("dx_created", "created_at", "stripe_id"),
)

#: `trace_id` is the bank's own reference of the transfer, once there is one; `trace_id_status`:
#: pending, supported, unsupported. `reconciliation_status`: whether the list of what it paid out
#: may be trusted (completed), will be (in_progress), or never is (not_applicable). A payout that
#: failed or was canceled names the row that brought its money back; one that reverses another
#: names it.
payouts = Table(
    "payouts",
    metadata,
    Column("stripe_id", stripe_id(), primary_key=True),
    Column("status", code(), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", code(4), nullable=False),
    Column("arrival_at", Utc()),
    Column("automatic", flag(), nullable=False),
    Column("method", code()),
    Column("failure_code", code()),
    Column("balance_transaction_id", stripe_id()),
    Column("reconciliation_status", code()),
    Column("trace_id", words(255)),
    Column("trace_id_status", code()),
    Column("statement_descriptor", words(255)),
    Column("destination", stripe_id()),
    Column("failure_balance_transaction_id", stripe_id()),
    Column("original_payout", stripe_id()),
    Column("reversed_by", stripe_id()),
    *mirror_columns(),
    Index("ox_created", "created_at", "stripe_id"),
)

early_fraud_warnings = Table(
    "early_fraud_warnings",
    metadata,
    Column("stripe_id", stripe_id(), primary_key=True),
    Column("payment_id", stripe_id()),
    Column("charge_id", stripe_id()),
    Column("fraud_type", code()),
    Column("actionable", flag(), nullable=False),
    *mirror_columns(),
    Index("wx_payment", "payment_id"),
    Index("wx_actionable", "actionable", "livemode", "created_at"),
    Index("wx_created", "created_at", "stripe_id"),
)

reviews = Table(
    "reviews",
    metadata,
    Column("stripe_id", stripe_id(), primary_key=True),
    Column("payment_id", stripe_id()),
    Column("charge_id", stripe_id()),
    Column("open", flag(), nullable=False),
    Column("reason", code()),
    Column("opened_reason", code()),
    Column("closed_reason", code()),
    *mirror_columns(),
    Index("vx_payment", "payment_id"),
    Index("vx_open", "open", "created_at"),
)

customers = Table(
    "customers",
    metadata,
    Column("stripe_id", stripe_id(), primary_key=True),
    Column("email", words(255)),
    Column("name", words(255)),
    Column("country", code(2)),
    Column("deleted", flag(), nullable=False, default=False),
    *mirror_columns(),
    Index("ux_email", "email"),
    Index("ux_created", "created_at", "stripe_id"),
    # The list of customers: a few of one mode are found among many of the other.
    Index("ux_mode", "livemode", "created_at", "stripe_id"),
)
