"""The accountant's books: where things are booked, and what was exported."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    UniqueConstraint,
)

from core.db.mirror_tables import metadata
from core.db.types import Utc, code, flag, stripe_id

#: Where something is booked, if not where `core/books/accounts.toml` says. `subject`: category,
#: fee_part, balance_type, role; or datev, xero, qbo, whose own word for the account `name` then is
#: `account`. `currency` is '' for all.
journal_rules = Table(
    "journal_rules",
    metadata,
    Column("subject", code(16), nullable=False),
    Column("name", code(255), nullable=False),
    Column("currency", code(4), nullable=False, default=""),
    Column("account", code(255), nullable=False),
    PrimaryKeyConstraint("subject", "name", "currency"),
)

#: An entry of the journal as it was exported of a closed month: never changed. `number` counts
#: those of one day, currency and balance; from the second on `corrects` names the one before.
#: `digest` is of the batch and its lines.
journal_batches = Table(
    "journal_batches",
    metadata,
    Column("id", code(), primary_key=True),
    Column("livemode", flag(), nullable=False),
    Column("day", Date, nullable=False),
    Column("currency", code(4), nullable=False),
    Column("balance_type", code(), nullable=False),
    Column("number", SmallInteger, nullable=False),
    Column("corrects", code()),
    Column("lines", Integer, nullable=False),
    Column("digest", code(64), nullable=False),
    Column("exported_at", Utc(), nullable=False),
    UniqueConstraint("livemode", "day", "currency", "balance_type", "number", name="jbx_key"),
)

#: The lines of a batch, in its currency, debits positive. `what` is the category or part of a fee,
#: `count` its ledger rows; `presented_minor` is what customers paid in another currency.
journal_lines = Table(
    "journal_lines",
    metadata,
    Column("batch_id", code(), nullable=False),
    Column("position", Integer, nullable=False),
    Column("account", code(255), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", code(4), nullable=False),
    Column("what", code(80), nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("source_id", stripe_id()),
    Column("presented_minor", BigInteger),
    Column("presented_currency", code(4)),
    PrimaryKeyConstraint("batch_id", "position"),
)
