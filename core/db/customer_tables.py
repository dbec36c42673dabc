"""What people here know of customers beside what Stripe knows."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table

from core.db.mirror_tables import metadata
from core.db.types import Utc, big_key, code, flag, stripe_id, words

#: What people wrote about a customer, card numbers masked. It is of a customer at Stripe, or of an
#: e-mail address (in lower case) where there is none: one of the two is set.
customer_notes = Table(
    "customer_notes",
    metadata,
    Column("id", big_key(), primary_key=True, autoincrement=True),
    Column("livemode", flag(), nullable=False),
    Column("customer_id", stripe_id()),
    Column("email", words(255)),
    Column("author", code(64), nullable=False),
    Column("text", words(1000), nullable=False),
    Column("created_at", Utc(), nullable=False),
    Index("unx_customer", "customer_id"),
    Index("unx_email", "email"),
)
