"""Fraud: versions of rules, lists, each scoring with the signals it saw, and cases to be worked."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table, UniqueConstraint

from core.db import checks
from core.db.mirror_tables import metadata
from core.db.types import Utc, big_key, code, flag, long_text, stripe_id, words
from core.states import CaseState

#: Rule sets are never changed: a change is a new version. The highest is in force.
rule_sets = Table(
    "rule_sets",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("body", long_text(), nullable=False),
    Column("author", code(64), nullable=False),
    Column("reason", words(500), nullable=False),
    Column("created_at", Utc(), nullable=False),
)

#: `kind` is block or allow; `field` is ip, email, card, user or country. `value` is in the one form
#: in which it is looked for: a network as CIDR, an address or `@domain`, all in lower case.
list_entries = Table(
    "list_entries",
    metadata,
    Column("id", big_key(), primary_key=True, autoincrement=True),
    Column("kind", code(8), nullable=False),
    Column("field", code(8), nullable=False),
    Column("value", words(255), nullable=False),
    Column("reason", words(500), nullable=False),
    Column("added_by", code(64), nullable=False),
    Column("created_at", Utc(), nullable=False),
    Column("expires_at", Utc()),
    UniqueConstraint("kind", "field", "value"),
    Index("lex_value", "field", "value"),
)

#: One row per scoring. `kind`: create (before it was sent to Stripe; a refused one has no payment)
#: or arrival (once, when its first attempt is known). The signals are those of the payment's own
#: time (`core.risk.values`), so that other rules can be tried on them in one scan. An arrival keeps
#: what that scan asks of its payment: the business `month` (202611), and `paid_minor`, what was
#: received, which follows the payment in the same transaction (`core.risk.captured_amounts`).
risk_assessments = Table(
    "risk_assessments",
    metadata,
    Column("id", big_key(), primary_key=True, autoincrement=True),
    Column("payment_id", stripe_id()),
    Column("livemode", flag(), nullable=False),
    Column("kind", code(8), nullable=False),
    Column("score", Integer, nullable=False),
    Column("level", code(8), nullable=False),
    Column("factors", long_text(), nullable=False),
    Column("rule_version", Integer, nullable=False),
    Column("allowed", flag(), nullable=False),
    Column("actor", code(64)),
    Column("order_id", code(500)),
    Column("created_at", Utc(), nullable=False),
    Column("scored_at", Utc(), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", code(4), nullable=False),
    Column("method", code()),
    Column("user_known", flag()),
    Column("attempts_hour_user", Integer),
    Column("attempts_day_user", Integer),
    Column("attempts_hour_email", Integer),
    Column("attempts_day_email", Integer),
    Column("attempts_hour_card", Integer),
    Column("attempts_day_card", Integer),
    Column("attempts_hour_ip", Integer),
    Column("attempts_day_ip", Integer),
    Column("cards_day_user", Integer),
    Column("users_day_card", Integer),
    Column("decline_streak", Integer),
    Column("day_total", BigInteger),
    Column("user_usual", BigInteger),
    Column("shop_usual", BigInteger),
    Column("percent_of_user_usual", BigInteger),
    Column("percent_of_shop_usual", BigInteger),
    Column("first_payment", flag()),
    Column("card_country", code(2)),
    Column("usual_country", code(2)),
    Column("country_differs", flag()),
    Column("radar_score", Integer),
    Column("radar_level", code()),
    Column("blocked_ip", flag()),
    Column("blocked_email", flag()),
    Column("blocked_card", flag()),
    Column("blocked_user", flag()),
    Column("blocked_country", flag()),
    Column("allow_listed", flag()),
    Column("month", Integer),
    Column("paid_minor", BigInteger),
    UniqueConstraint("payment_id", "kind"),
    Index("kx_created", "livemode", "kind", "created_at"),
    Index("kx_level", "livemode", "level", "created_at"),
)

#: What was let through before Stripe, by its operation: it counts until it is in the mirror. A
#: Checkout Session's payment comes later and is found by `order_id`, which others do not have.
gate_passes = Table(
    "gate_passes",
    metadata,
    Column("operation_id", code(36), primary_key=True),
    Column("assessment_id", BigInteger, nullable=False),
    Column("livemode", flag(), nullable=False),
    Column("user_id", code(500)),
    Column("email", words(255)),
    Column("ip", code(45)),
    Column("order_id", code(500)),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", code(4), nullable=False),
    Column("created_at", Utc(), nullable=False),
    Index("gx_user", "user_id", "created_at"),
    Index("gx_email", "email", "created_at"),
    Index("gx_ip", "ip", "created_at"),
    Index("gx_created", "created_at"),
    checks.not_negative("gx_amount", "amount_minor"),
    *checks.currency("gx_currency"),
)

#: What a person should look at. `kind`: flag (a score), warning (early fraud) or review (Radar's);
#: `source_id` is what opened it. `state`: open, approved, refunded, dismissed.
cases = Table(
    "cases",
    metadata,
    Column("id", code(36), primary_key=True),
    Column("livemode", flag(), nullable=False),
    Column("kind", code(16), nullable=False),
    Column("source_id", code(64), nullable=False),
    Column("payment_id", stripe_id(), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", code(4), nullable=False),
    Column("state", code(16), nullable=False),
    Column("assigned_to", code(36)),
    Column("opened_at", Utc(), nullable=False),
    Column("closed_at", Utc()),
    Column("closed_by", code(64)),
    UniqueConstraint("livemode", "kind", "source_id"),
    Index("sex_state", "livemode", "state", "opened_at"),
    Index("sex_payment", "payment_id"),
    checks.one_of("sex_state_known", "state", CaseState),
    checks.not_negative("sex_amount", "amount_minor"),
    *checks.currency("sex_currency"),
)

#: What people wrote about a case, card numbers masked.
case_notes = Table(
    "case_notes",
    metadata,
    Column("id", big_key(), primary_key=True, autoincrement=True),
    Column("case_id", code(36), nullable=False),
    Column("author", code(64), nullable=False),
    Column("text", words(1000), nullable=False),
    Column("created_at", Utc(), nullable=False),
    Index("snx_case", "case_id"),
)
