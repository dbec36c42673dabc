"""What is known of files that stand as evidence in disputes; the files themselves are Stripe's."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table

from core.db.mirror_tables import metadata
from core.db.types import Utc, code, stripe_id

#: One row per file that was attached here. Stripe tells a file's size, but not how many pages it
#: has, which Mastercard counts: they are counted once, when the file passes through here.
evidence_files = Table(
    "evidence_files",
    metadata,
    Column("stripe_id", stripe_id(), primary_key=True),
    Column("dispute_id", stripe_id(), nullable=False),
    Column("field", code(), nullable=False),
    Column("kind", code(8), nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("pages", Integer, nullable=False),
    Column("created_at", Utc(), nullable=False),
    Index("ex_dispute", "dispute_id"),
)
