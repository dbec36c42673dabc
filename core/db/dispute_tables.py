"""What is known of evidence in disputes; the texts and the files themselves are Stripe's."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table

from core.db.mirror_tables import metadata
from core.db.types import Utc, code, stripe_id, words

#: One row per file that was attached here. Stripe tells a file's size, but not how many pages it
#: has, which Mastercard counts: they are counted once, when the file passes through here.
evidence_files = Table(
    "evidence_files",
    metadata,
    Column("stripe_id", stripe_id(), primary_key=True),
    Column("dispute_id", stripe_id(), nullable=False),
    Column("field", code(), nullable=False),
    #: What it was called where it was taken from, card numbers covered; None before that was kept.
    Column("name", words(200)),
    Column("kind", code(8), nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("pages", Integer, nullable=False),
    Column("created_at", Utc(), nullable=False),
    Index("ex_dispute", "dispute_id"),
)

#: Who had a field of a draft kept last, and by which operation. Whoever keeps it next must have
#: seen that: it is compared in the transaction that writes down the next operation.
evidence_saves = Table(
    "evidence_saves",
    metadata,
    Column("dispute_id", stripe_id(), primary_key=True),
    Column("field", code(), primary_key=True),
    Column("operation_id", code(36), nullable=False),
    Column("actor", code(64), nullable=False),
    Column("saved_at", Utc(), nullable=False),
)
