"""The words by which payments are found: of the customer's name, and the codes of a failure."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, SmallInteger, Table

from core.db.mirror_tables import metadata
from core.db.types import Utc, code, flag, stripe_id, words

#: One row per payment and word (`core.search_words`); `kind` is `name` or `error`. What stands
#: beside the word is the payment's, so that lists of a word are read in order, and filtered, here.
payment_words = Table(
    "payment_words",
    metadata,
    Column("kind", code(8), nullable=False),
    Column("word", words(64), nullable=False),
    Column("livemode", flag(), nullable=False),
    Column("created_at", Utc(), nullable=False),
    Column("stripe_id", stripe_id(), nullable=False),
    Column("facet", SmallInteger, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    PrimaryKeyConstraint("kind", "word", "livemode", "created_at", "stripe_id"),
    sqlite_with_rowid=False,
)
