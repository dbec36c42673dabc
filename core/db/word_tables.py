"""The words by which payments are found: of the customer's name, and the codes of a failure."""

from __future__ import annotations

from sqlalchemy import Column, PrimaryKeyConstraint, Table

from core.db.mirror_tables import metadata
from core.db.types import Utc, code, flag, stripe_id, words

#: One row per payment and word (`core.db.words`). `at` is when the payment was created, so that
#: the payments of a word stand in the order of the list; `kind` is `name` or `error`.
payment_words = Table(
    "payment_words",
    metadata,
    Column("kind", code(8), nullable=False),
    Column("word", words(64), nullable=False),
    Column("livemode", flag(), nullable=False),
    Column("at", Utc(), nullable=False),
    Column("payment_id", stripe_id(), nullable=False),
    PrimaryKeyConstraint("kind", "word", "livemode", "at", "payment_id"),
    sqlite_with_rowid=False,
)
