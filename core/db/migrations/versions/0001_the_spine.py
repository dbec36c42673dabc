"""The spine: mirror, ledger, inbox, access."""

import sqlalchemy as sa
from alembic import op

from core.db.types import Utc, big_key, binary_string, body, long_text

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "amount_hist",
        sa.Column("currency", binary_string(3), nullable=False),
        sa.Column("bucket", sa.SmallInteger(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("currency", "bucket", "slot"),
    )
    op.create_table(
        "api_requests",
        sa.Column("seq", big_key(), autoincrement=True, nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("method", binary_string(8), nullable=False),
        sa.Column("path", binary_string(255), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", binary_string(64), nullable=True),
        sa.Column("duration_us", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("request_id", binary_string(64), nullable=True),
        sa.Column("idempotency_key", binary_string(255), nullable=True),
        sa.Column("started_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("ax_started", "api_requests", ["started_at"], unique=False)
    op.create_table(
        "audit_log",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("actor", binary_string(64), nullable=False),
        sa.Column("action", binary_string(64), nullable=False),
        sa.Column("target", binary_string(255), nullable=False),
        sa.Column("outcome", binary_string(64), nullable=False),
        sa.Column("details", long_text(), nullable=False),
        sa.Column("previous_hash", binary_string(64), nullable=False),
        sa.Column("hash", binary_string(64), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("gx_actor", "audit_log", ["actor", "at"], unique=False)
    op.create_index("gx_at", "audit_log", ["at"], unique=False)
    op.create_table(
        "balance_transactions",
        sa.Column("stripe_id", binary_string(64), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("type", binary_string(64), nullable=False),
        sa.Column("reporting_category", binary_string(64), nullable=False),
        sa.Column("source_id", binary_string(64), nullable=True),
        sa.Column("payment_id", binary_string(64), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", binary_string(3), nullable=False),
        sa.Column("exchange_rate", binary_string(32), nullable=True),
        sa.Column("description", binary_string(255), nullable=True),
        sa.Column("status", binary_string(64), nullable=False),
        sa.Column("payout_id", binary_string(64), nullable=True),
        sa.Column("method", binary_string(64), nullable=False),
        sa.Column("card_country", binary_string(2), nullable=False),
        sa.Column("business_day", sa.Date(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("available_on", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("stripe_id"),
    )
    op.create_index(
        "bx_created",
        "balance_transactions",
        ["created_at", "stripe_id", "livemode", "currency", "reporting_category", "net_minor"],
        unique=False,
    )
    op.create_index(
        "bx_day",
        "balance_transactions",
        [
            "livemode",
            "business_day",
            "currency",
            "reporting_category",
            "amount_minor",
            "fee_minor",
            "net_minor",
        ],
        unique=False,
    )
    op.create_index("bx_payment", "balance_transactions", ["payment_id"], unique=False)
    op.create_index("bx_payout", "balance_transactions", ["payout_id"], unique=False)
    op.create_index("bx_source", "balance_transactions", ["source_id"], unique=False)
    op.create_table(
        "charges",
        sa.Column("stripe_id", binary_string(64), nullable=False),
        sa.Column("payment_id", binary_string(64), nullable=True),
        sa.Column("status", binary_string(64), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", binary_string(3), nullable=False),
        sa.Column("amount_captured_minor", sa.BigInteger(), nullable=False),
        sa.Column("amount_refunded_minor", sa.BigInteger(), nullable=False),
        sa.Column("captured", sa.Boolean(), nullable=False),
        sa.Column("disputed", sa.Boolean(), nullable=False),
        sa.Column("balance_transaction_id", binary_string(64), nullable=True),
        sa.Column("customer_id", binary_string(64), nullable=True),
        sa.Column("email", binary_string(255), nullable=True),
        sa.Column("customer_name", binary_string(255), nullable=True),
        sa.Column("method_type", binary_string(64), nullable=True),
        sa.Column("card_brand", binary_string(64), nullable=True),
        sa.Column("card_last4", binary_string(4), nullable=True),
        sa.Column("card_country", binary_string(2), nullable=True),
        sa.Column("card_fingerprint", binary_string(64), nullable=True),
        sa.Column("card_funding", binary_string(64), nullable=True),
        sa.Column("three_d_secure", binary_string(64), nullable=True),
        sa.Column("outcome_type", binary_string(64), nullable=True),
        sa.Column("outcome_reason", binary_string(64), nullable=True),
        sa.Column("network_status", binary_string(64), nullable=True),
        sa.Column("seller_message", binary_string(500), nullable=True),
        sa.Column("failure_code", binary_string(64), nullable=True),
        sa.Column("decline_code", binary_string(64), nullable=True),
        sa.Column("failure_message", binary_string(500), nullable=True),
        sa.Column("risk_score", sa.SmallInteger(), nullable=True),
        sa.Column("risk_level", binary_string(64), nullable=True),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("as_of", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("stripe_id"),
    )
    op.create_index(
        "cx_created",
        "charges",
        ["created_at", "stripe_id", "livemode", "currency", "status"],
        unique=False,
    )
    op.create_index("cx_payment", "charges", ["payment_id", "created_at"], unique=False)
    op.create_table(
        "cursors",
        sa.Column("name", binary_string(128), nullable=False),
        sa.Column("position", long_text(), nullable=False),
        sa.Column("updated_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "customers",
        sa.Column("stripe_id", binary_string(64), nullable=False),
        sa.Column("email", binary_string(255), nullable=True),
        sa.Column("name", binary_string(255), nullable=True),
        sa.Column("country", binary_string(2), nullable=True),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("as_of", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("stripe_id"),
    )
    op.create_index("ux_email", "customers", ["email"], unique=False)
    op.create_table(
        "disputes",
        sa.Column("stripe_id", binary_string(64), nullable=False),
        sa.Column("payment_id", binary_string(64), nullable=True),
        sa.Column("charge_id", binary_string(64), nullable=True),
        sa.Column("status", binary_string(64), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", binary_string(3), nullable=False),
        sa.Column("reason", binary_string(64), nullable=True),
        sa.Column("network_reason_code", binary_string(64), nullable=True),
        sa.Column("card_brand", binary_string(64), nullable=True),
        sa.Column("is_charge_refundable", sa.Boolean(), nullable=True),
        sa.Column("due_by", Utc(), nullable=True),
        sa.Column("has_evidence", sa.Boolean(), nullable=False),
        sa.Column("past_due", sa.Boolean(), nullable=False),
        sa.Column("submission_count", sa.BigInteger(), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("as_of", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("stripe_id"),
    )
    op.create_index("dx_created", "disputes", ["created_at", "stripe_id"], unique=False)
    op.create_index("dx_due", "disputes", ["status", "due_by"], unique=False)
    op.create_index("dx_payment", "disputes", ["payment_id"], unique=False)
    op.create_table(
        "early_fraud_warnings",
        sa.Column("stripe_id", binary_string(64), nullable=False),
        sa.Column("payment_id", binary_string(64), nullable=True),
        sa.Column("charge_id", binary_string(64), nullable=True),
        sa.Column("fraud_type", binary_string(64), nullable=True),
        sa.Column("actionable", sa.Boolean(), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("as_of", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("stripe_id"),
    )
    op.create_index(
        "wx_actionable",
        "early_fraud_warnings",
        ["actionable", "livemode", "created_at"],
        unique=False,
    )
    op.create_index("wx_created", "early_fraud_warnings", ["created_at", "stripe_id"], unique=False)
    op.create_index("wx_payment", "early_fraud_warnings", ["payment_id"], unique=False)
    op.create_table(
        "email_prefix",
        sa.Column("p3", binary_string(3), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("p3", "slot"),
    )
    op.create_table(
        "events",
        sa.Column("seq", big_key(), autoincrement=True, nullable=False),
        sa.Column("stripe_id", binary_string(64), nullable=False),
        sa.Column("type", binary_string(128), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("api_version", binary_string(64), nullable=True),
        sa.Column("account", binary_string(64), nullable=True),
        sa.Column("object_id", binary_string(64), nullable=True),
        sa.Column("source", binary_string(16), nullable=False),
        sa.Column("body", body(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("received_at", Utc(), nullable=False),
        sa.Column("state", binary_string(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", Utc(), nullable=False),
        sa.Column("fence", binary_string(32), nullable=True),
        sa.Column("last_error", binary_string(500), nullable=True),
        sa.Column("applied_at", Utc(), nullable=True),
        sa.Column("duration_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("stripe_id"),
    )
    op.create_index("ex_created", "events", ["created_at"], unique=False)
    op.create_index("ex_due", "events", ["state", "next_attempt_at"], unique=False)
    op.create_index("ex_object", "events", ["object_id", "created_at"], unique=False)
    op.create_index("ex_received", "events", ["received_at"], unique=False)
    op.create_table(
        "facets",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("status", binary_string(64), nullable=False),
        sa.Column("state", binary_string(64), nullable=False),
        sa.Column("currency", binary_string(3), nullable=False),
        sa.Column("method", binary_string(64), nullable=False),
        sa.Column("risk_level", binary_string(64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("livemode", "status", "state", "currency", "method", "risk_level"),
    )
    op.create_table(
        "login_attempts",
        sa.Column("seq", big_key(), autoincrement=True, nullable=False),
        sa.Column("account_hash", binary_string(64), nullable=False),
        sa.Column("ip", binary_string(45), nullable=False),
        sa.Column("succeeded", sa.Boolean(), nullable=False),
        sa.Column("attempted_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("lx_account", "login_attempts", ["account_hash", "attempted_at"], unique=False)
    op.create_index("lx_ip", "login_attempts", ["ip", "attempted_at"], unique=False)
    op.create_table(
        "operations",
        sa.Column("id", binary_string(36), nullable=False),
        sa.Column("kind", binary_string(64), nullable=False),
        sa.Column("idempotency_key", binary_string(255), nullable=False),
        sa.Column("params", long_text(), nullable=False),
        sa.Column("state", binary_string(16), nullable=False),
        sa.Column("actor", binary_string(64), nullable=False),
        sa.Column("outcome", long_text(), nullable=True),
        sa.Column("stripe_id", binary_string(64), nullable=True),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("updated_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("idempotency_key"),
    )
    op.create_index("nx_state", "operations", ["state", "created_at"], unique=False)
    op.create_table(
        "payments",
        sa.Column("stripe_id", binary_string(64), nullable=False),
        sa.Column("status", binary_string(64), nullable=False),
        sa.Column("state", binary_string(64), nullable=False),
        sa.Column("facet", sa.SmallInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", binary_string(3), nullable=False),
        sa.Column("amount_received_minor", sa.BigInteger(), nullable=False),
        sa.Column("amount_capturable_minor", sa.BigInteger(), nullable=False),
        sa.Column("amount_refunded_minor", sa.BigInteger(), nullable=False),
        sa.Column("latest_charge_id", binary_string(64), nullable=True),
        sa.Column("customer_id", binary_string(64), nullable=True),
        sa.Column("order_id", binary_string(64), nullable=True),
        sa.Column("user_id", binary_string(64), nullable=True),
        sa.Column("email", binary_string(255), nullable=True),
        sa.Column("customer_name", binary_string(255), nullable=True),
        sa.Column("description", binary_string(255), nullable=True),
        sa.Column("method_type", binary_string(64), nullable=True),
        sa.Column("card_brand", binary_string(64), nullable=True),
        sa.Column("card_last4", binary_string(4), nullable=True),
        sa.Column("card_country", binary_string(2), nullable=True),
        sa.Column("card_fingerprint", binary_string(64), nullable=True),
        sa.Column("ip", binary_string(45), nullable=True),
        sa.Column("fee_minor", sa.BigInteger(), nullable=True),
        sa.Column("net_minor", sa.BigInteger(), nullable=True),
        sa.Column("settlement_currency", binary_string(3), nullable=True),
        sa.Column("failure_code", binary_string(64), nullable=True),
        sa.Column("decline_code", binary_string(64), nullable=True),
        sa.Column("failure_message", binary_string(500), nullable=True),
        sa.Column("next_action", binary_string(64), nullable=True),
        sa.Column("cancellation_reason", binary_string(64), nullable=True),
        sa.Column("disputed", sa.Boolean(), nullable=False),
        sa.Column("risk_score", sa.SmallInteger(), nullable=True),
        sa.Column("risk_level", binary_string(64), nullable=True),
        sa.Column("metadata_json", long_text(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("canceled_at", Utc(), nullable=True),
        sa.Column("updated_at", Utc(), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("as_of", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("stripe_id"),
    )
    op.create_index(
        "px_amt",
        "payments",
        ["currency", "amount_minor", "created_at", "stripe_id", "facet"],
        unique=False,
    )
    op.create_index(
        "px_brand",
        "payments",
        ["card_brand", "created_at", "stripe_id", "facet", "amount_minor"],
        unique=False,
    )
    op.create_index("px_charge", "payments", ["latest_charge_id"], unique=False)
    op.create_index(
        "px_country",
        "payments",
        ["card_country", "created_at", "stripe_id", "facet", "amount_minor"],
        unique=False,
    )
    op.create_index(
        "px_customer", "payments", ["customer_id", "created_at", "stripe_id", "facet"], unique=False
    )
    op.create_index(
        "px_email",
        "payments",
        ["email", "created_at", "stripe_id", "facet", "amount_minor"],
        unique=False,
    )
    op.create_index(
        "px_facet",
        "payments",
        ["facet", "created_at", "stripe_id", "amount_minor", "email"],
        unique=False,
    )
    op.create_index(
        "px_fp", "payments", ["card_fingerprint", "created_at", "stripe_id", "facet"], unique=False
    )
    op.create_index("px_ip", "payments", ["ip", "created_at", "stripe_id", "facet"], unique=False)
    op.create_index(
        "px_last4",
        "payments",
        ["card_last4", "created_at", "stripe_id", "facet", "amount_minor"],
        unique=False,
    )
    op.create_index("px_order", "payments", ["order_id", "created_at", "stripe_id"], unique=False)
    op.create_index(
        "px_user",
        "payments",
        ["user_id", "created_at", "stripe_id", "currency", "facet", "amount_minor"],
        unique=False,
    )
    op.create_index(
        "px_walk",
        "payments",
        ["created_at", "stripe_id", "facet", "amount_minor", "email"],
        unique=False,
    )
    op.create_table(
        "payments_daily",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("facet", sa.SmallInteger(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("currency", binary_string(3), nullable=False),
        sa.Column("status", binary_string(64), nullable=False),
        sa.Column("state", binary_string(64), nullable=False),
        sa.Column("method", binary_string(64), nullable=False),
        sa.Column("risk_level", binary_string(64), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "facet", "slot"),
    )
    op.create_index("yx_facet", "payments_daily", ["facet", "day", "slot", "count"], unique=False)
    op.create_table(
        "payouts",
        sa.Column("stripe_id", binary_string(64), nullable=False),
        sa.Column("status", binary_string(64), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", binary_string(3), nullable=False),
        sa.Column("arrival_at", Utc(), nullable=True),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("method", binary_string(64), nullable=True),
        sa.Column("failure_code", binary_string(64), nullable=True),
        sa.Column("balance_transaction_id", binary_string(64), nullable=True),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("as_of", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("stripe_id"),
    )
    op.create_index("ox_created", "payouts", ["created_at", "stripe_id"], unique=False)
    op.create_table(
        "refunds",
        sa.Column("stripe_id", binary_string(64), nullable=False),
        sa.Column("payment_id", binary_string(64), nullable=True),
        sa.Column("charge_id", binary_string(64), nullable=True),
        sa.Column("status", binary_string(64), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", binary_string(3), nullable=False),
        sa.Column("reason", binary_string(64), nullable=True),
        sa.Column("failure_reason", binary_string(64), nullable=True),
        sa.Column("pending_reason", binary_string(64), nullable=True),
        sa.Column("balance_transaction_id", binary_string(64), nullable=True),
        sa.Column("operation_id", binary_string(64), nullable=True),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("as_of", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("stripe_id"),
    )
    op.create_index("rx_created", "refunds", ["created_at", "stripe_id"], unique=False)
    op.create_index("rx_payment", "refunds", ["payment_id"], unique=False)
    op.create_table(
        "revenue_country_daily",
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("currency", binary_string(3), nullable=False),
        sa.Column("reporting_category", binary_string(64), nullable=False),
        sa.Column("card_country", binary_string(2), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("gross_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "livemode", "currency", "day", "reporting_category", "card_country", "slot"
        ),
    )
    op.create_table(
        "revenue_daily",
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("currency", binary_string(3), nullable=False),
        sa.Column("reporting_category", binary_string(64), nullable=False),
        sa.Column("method", binary_string(64), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("gross_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "livemode", "currency", "day", "reporting_category", "method", "slot"
        ),
    )
    op.create_table(
        "reviews",
        sa.Column("stripe_id", binary_string(64), nullable=False),
        sa.Column("payment_id", binary_string(64), nullable=True),
        sa.Column("charge_id", binary_string(64), nullable=True),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("reason", binary_string(64), nullable=True),
        sa.Column("opened_reason", binary_string(64), nullable=True),
        sa.Column("closed_reason", binary_string(64), nullable=True),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("as_of", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("stripe_id"),
    )
    op.create_index("vx_open", "reviews", ["open", "created_at"], unique=False)
    op.create_index("vx_payment", "reviews", ["payment_id"], unique=False)
    op.create_table(
        "settings",
        sa.Column("name", binary_string(128), nullable=False),
        sa.Column("value", long_text(), nullable=False),
        sa.Column("updated_at", Utc(), nullable=False),
        sa.Column("updated_by", binary_string(64), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "stale_objects",
        sa.Column("kind", binary_string(64), nullable=False),
        sa.Column("stripe_id", binary_string(64), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("mark", sa.BigInteger(), nullable=False),
        sa.Column("known_at", Utc(), nullable=False),
        sa.Column("object_created_at", Utc(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", Utc(), nullable=False),
        sa.Column("fence", binary_string(32), nullable=True),
        sa.Column("last_error", binary_string(500), nullable=True),
        sa.PrimaryKeyConstraint("kind", "stripe_id"),
    )
    op.create_index("sx_due", "stale_objects", ["next_attempt_at"], unique=False)
    op.create_table(
        "users",
        sa.Column("id", binary_string(36), nullable=False),
        sa.Column("email", binary_string(255), nullable=False),
        sa.Column("name", binary_string(255), nullable=False),
        sa.Column("password_hash", binary_string(255), nullable=True),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("language", binary_string(8), nullable=True),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("last_sign_in_at", Utc(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email"),
    )
    op.create_table(
        "versions",
        sa.Column("topic", binary_string(64), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "slot"),
    )
    op.create_table(
        "saved_views",
        sa.Column("id", big_key(), autoincrement=True, nullable=False),
        sa.Column("user_id", binary_string(36), nullable=False),
        sa.Column("page", binary_string(64), nullable=False),
        sa.Column("name", binary_string(100), nullable=False),
        sa.Column("query", binary_string(1000), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("kx_user", "saved_views", ["user_id", "page"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("token_hash", binary_string(64), nullable=False),
        sa.Column("user_id", binary_string(36), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("expires_at", Utc(), nullable=False),
        sa.Column("last_seen_at", Utc(), nullable=False),
        sa.Column("ip", binary_string(45), nullable=True),
        sa.Column("user_agent", binary_string(255), nullable=True),
        sa.Column("revoked_at", Utc(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index("hx_user", "sessions", ["user_id"], unique=False)
    op.create_table(
        "user_roles",
        sa.Column("user_id", binary_string(36), nullable=False),
        sa.Column("role", binary_string(32), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "role"),
    )


def downgrade() -> None:
    op.drop_table("user_roles")
    op.drop_table("sessions")
    op.drop_table("saved_views")
    op.drop_table("versions")
    op.drop_table("users")
    op.drop_table("stale_objects")
    op.drop_table("settings")
    op.drop_table("reviews")
    op.drop_table("revenue_daily")
    op.drop_table("revenue_country_daily")
    op.drop_table("refunds")
    op.drop_table("payouts")
    op.drop_table("payments_daily")
    op.drop_table("payments")
    op.drop_table("operations")
    op.drop_table("login_attempts")
    op.drop_table("facets")
    op.drop_table("events")
    op.drop_table("email_prefix")
    op.drop_table("early_fraud_warnings")
    op.drop_table("disputes")
    op.drop_table("customers")
    op.drop_table("cursors")
    op.drop_table("charges")
    op.drop_table("balance_transactions")
    op.drop_table("audit_log")
    op.drop_table("api_requests")
    op.drop_table("amount_hist")
