"""Stripe's ledger and the sums kept of it, and of payments, in the same transaction."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    Index,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    UniqueConstraint,
)

from core.db.mirror_tables import metadata
from core.db.types import Utc, code, flag, stripe_id, words

#: Stripe's ledger: inserted once, money never changed. `source_id` is the charge, refund, dispute
#: or payout; `payment_id`, `method`, `card_country` are those of the charge behind it ('' if none);
#: `business_day` is the day of `created_at` in REPORTING_TIMEZONE: when it happened. `booked_day`
#: is when it counts, where that is another day: the first open one, for what came late to a closed
#: month.
balance_transactions = Table(
    "balance_transactions",
    metadata,
    Column("stripe_id", stripe_id(), primary_key=True),
    Column("livemode", flag(), nullable=False),
    Column("type", code(), nullable=False),
    Column("reporting_category", code(), nullable=False),
    Column("source_id", stripe_id()),
    Column("payment_id", stripe_id()),
    Column("amount_minor", BigInteger, nullable=False),
    Column("fee_minor", BigInteger, nullable=False),
    Column("net_minor", BigInteger, nullable=False),
    Column("currency", code(4), nullable=False),
    Column("balance_type", code(), nullable=False, default="payments"),
    Column("exchange_rate", code(32)),
    Column("description", words(255)),
    Column("status", code(), nullable=False),
    Column("payout_id", stripe_id()),
    Column("method", code(), nullable=False, default=""),
    Column("card_country", code(2), nullable=False, default=""),
    Column("business_day", Date, nullable=False),
    Column("booked_day", Date),
    Column("created_at", Utc(), nullable=False),
    Column("available_on", Utc(), nullable=False),
    Column("first_seen_at", Utc()),
    Index("bx_source", "source_id"),
    Index("bx_payment", "payment_id"),
    # A payout's payments are found from the index alone.
    Index("bx_payout", "payout_id", "payment_id"),
    # Overview sums the net of today so far from the index alone. A business day is a stretch of
    # this index too: sums by day stand in revenue_daily, an index for them would cost every insert.
    Index(
        "bx_created",
        "created_at",
        "stripe_id",
        "livemode",
        "currency",
        "reporting_category",
        "net_minor",
    ),
)

#: What a fee is made of, as Stripe tells it (`fee_details`): stripe_fee, application_fee, tax,
#: withheld_tax, payment_method_passthrough_fee. The parts of a row sum to its `fee_minor`.
balance_transaction_fees = Table(
    "balance_transaction_fees",
    metadata,
    Column("transaction_id", stripe_id(), nullable=False),
    Column("position", SmallInteger, nullable=False),
    Column("type", code(), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", code(4), nullable=False),
    Column("application", stripe_id()),
    Column("description", words(255)),
    PrimaryKeyConstraint("transaction_id", "position"),
)

#: The ledger beside Stripe's own list, counted per day (UTC) and currency. `theirs` is what the
#: list held when it was walked last, `ours` what the ledger held right after. `theirs_digest` is of
#: all that its rows say (core.domain.row_digest).
ledger_checks = Table(
    "ledger_checks",
    metadata,
    Column("livemode", flag(), nullable=False),
    Column("day", Date, nullable=False),
    Column("currency", code(4), nullable=False),
    Column("theirs_count", BigInteger, nullable=False),
    Column("theirs_net_minor", BigInteger, nullable=False),
    Column("theirs_digest", code(16)),
    Column("ours_count", BigInteger, nullable=False),
    Column("ours_net_minor", BigInteger, nullable=False),
    Column("checked_at", Utc(), nullable=False),
    PrimaryKeyConstraint("livemode", "day", "currency"),
)

#: The ledger beside Stripe's balance. `balance_minor` is available and pending together;
#: `opening_minor` is what was there before the oldest row that is mirrored (`since`), so that
#: `opening_minor + ledger_minor = balance_minor` when they agree.
balance_checks = Table(
    "balance_checks",
    metadata,
    Column("livemode", flag(), nullable=False),
    Column("currency", code(4), nullable=False),
    Column("balance_type", code(), nullable=False),
    Column("balance_minor", BigInteger, nullable=False),
    Column("ledger_minor", BigInteger, nullable=False),
    Column("opening_minor", BigInteger, nullable=False),
    Column("since", Utc()),
    Column("checked_at", Utc(), nullable=False),
    PrimaryKeyConstraint("livemode", "currency", "balance_type"),
)

#: Sums of balance_transactions. Reads sum over `slot`: it keeps parallel workers off one row.
revenue_daily = Table(
    "revenue_daily",
    metadata,
    Column("livemode", flag(), nullable=False),
    Column("day", Date, nullable=False),
    Column("currency", code(4), nullable=False),
    Column("reporting_category", code(), nullable=False),
    Column("method", code(), nullable=False),
    Column("slot", SmallInteger, nullable=False),
    Column("gross_minor", BigInteger, nullable=False),
    Column("fee_minor", BigInteger, nullable=False),
    Column("net_minor", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    # Currency before day: one currency's year is one stretch of the key.
    PrimaryKeyConstraint("livemode", "currency", "day", "reporting_category", "method", "slot"),
)

#: The same sums by the card's country ('' where there is no card).
revenue_country_daily = Table(
    "revenue_country_daily",
    metadata,
    Column("livemode", flag(), nullable=False),
    Column("day", Date, nullable=False),
    Column("currency", code(4), nullable=False),
    Column("reporting_category", code(), nullable=False),
    Column("card_country", code(2), nullable=False),
    Column("slot", SmallInteger, nullable=False),
    Column("gross_minor", BigInteger, nullable=False),
    Column("fee_minor", BigInteger, nullable=False),
    Column("net_minor", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    PrimaryKeyConstraint(
        "livemode", "currency", "day", "reporting_category", "card_country", "slot"
    ),
)

#: Sums of balance_transaction_fees by what they are; the day is the transaction's.
revenue_fee_parts_daily = Table(
    "revenue_fee_parts_daily",
    metadata,
    Column("livemode", flag(), nullable=False),
    Column("day", Date, nullable=False),
    Column("currency", code(4), nullable=False),
    Column("type", code(), nullable=False),
    Column("slot", SmallInteger, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    PrimaryKeyConstraint("livemode", "currency", "day", "type", "slot"),
)

#: Each combination of facets that a payment has had, numbered in order of appearance.
facets = Table(
    "facets",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("livemode", flag(), nullable=False),
    Column("status", code(), nullable=False),
    Column("state", code(), nullable=False),
    Column("currency", code(4), nullable=False),
    Column("method", code(), nullable=False),
    Column("risk_level", code(), nullable=False),
    Column("dispute", code(), nullable=False, default=""),
    UniqueConstraint(
        "livemode", "status", "state", "currency", "method", "risk_level", "dispute", name="fx_key"
    ),
)

#: Counts and sums of payments per day and facet; the facet's own columns stand beside its number.
#: `amount_minor` sums what was asked for, `captured_minor` what was taken.
payments_daily = Table(
    "payments_daily",
    metadata,
    Column("day", Date, nullable=False),
    Column("facet", SmallInteger, nullable=False),
    Column("slot", SmallInteger, nullable=False),
    Column("livemode", flag(), nullable=False),
    Column("currency", code(4), nullable=False),
    Column("status", code(), nullable=False),
    Column("state", code(), nullable=False),
    Column("method", code(), nullable=False),
    Column("risk_level", code(), nullable=False),
    Column("dispute", code(), nullable=False, default=""),
    Column("count", BigInteger, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("captured_minor", BigInteger, nullable=False, default=0),
    PrimaryKeyConstraint("day", "facet", "slot"),
    # Exact counts sum a few facets over all days from the index alone.
    Index("yx_facet", "facet", "day", "slot", "count"),
)

#: How many payments of a currency lie in a quarter power of two (search plans by it).
amount_hist = Table(
    "amount_hist",
    metadata,
    Column("currency", code(4), nullable=False),
    Column("bucket", SmallInteger, nullable=False),
    Column("slot", SmallInteger, nullable=False),
    Column("n", BigInteger, nullable=False),
    PrimaryKeyConstraint("currency", "bucket", "slot"),
)

#: How many payments have an e-mail address with these first three letters (search plans by it).
email_prefix = Table(
    "email_prefix",
    metadata,
    Column("p3", code(3), nullable=False),
    Column("slot", SmallInteger, nullable=False),
    Column("n", BigInteger, nullable=False),
    PrimaryKeyConstraint("p3", "slot"),
)

#: A number per topic that grows with each transaction that changes what screens show.
versions = Table(
    "versions",
    metadata,
    Column("topic", code(), nullable=False),
    Column("slot", SmallInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    PrimaryKeyConstraint("topic", "slot"),
)
