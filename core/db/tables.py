"""All tables by name, on one metadata."""

from core.db.access_tables import (
    api_tokens,
    audit_log,
    login_attempts,
    saved_views,
    sessions,
    settings_table,
    user_roles,
    users,
)
from core.db.action_tables import bulk_refunds, operations, refund_requests
from core.db.dispute_tables import evidence_files
from core.db.inbox_tables import api_requests, cursors, events, stale_objects
from core.db.ledger_tables import (
    amount_hist,
    balance_transactions,
    email_prefix,
    facets,
    payments_daily,
    revenue_country_daily,
    revenue_daily,
    versions,
)
from core.db.mirror_tables import (
    charges,
    customers,
    disputes,
    early_fraud_warnings,
    metadata,
    payments,
    payouts,
    refunds,
    reviews,
)
from core.db.risk_tables import (
    case_notes,
    cases,
    list_entries,
    risk_assessments,
    rule_sets,
)
from core.db.scenario_tables import scenario_runs

__all__ = [
    "amount_hist",
    "api_requests",
    "api_tokens",
    "audit_log",
    "balance_transactions",
    "bulk_refunds",
    "case_notes",
    "cases",
    "charges",
    "cursors",
    "customers",
    "disputes",
    "early_fraud_warnings",
    "email_prefix",
    "events",
    "evidence_files",
    "facets",
    "list_entries",
    "login_attempts",
    "metadata",
    "operations",
    "payments",
    "payments_daily",
    "payouts",
    "refund_requests",
    "refunds",
    "revenue_country_daily",
    "revenue_daily",
    "reviews",
    "risk_assessments",
    "rule_sets",
    "saved_views",
    "scenario_runs",
    "sessions",
    "settings_table",
    "stale_objects",
    "user_roles",
    "users",
    "versions",
]
