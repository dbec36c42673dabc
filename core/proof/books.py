"""Identity 11, `books`: what was exported for the accountant is what was kept of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import Connection

from core.books.batches import altered
from core.proof.breaks import Break
from core.proof.span import Span

IDENTITY = "books"


def book_breaks(connection: Connection, span: Span) -> Iterator[Break]:
    """The batches of closed months never change: each sums to zero and has the digest that was
    kept with it. That entries are those of the ledger's rows is asked when they are made."""
    until = span.last + timedelta(days=1)
    for entry in altered(connection, livemode=span.livemode, since=span.first, until=until):
        yield Break(
            IDENTITY,
            "amount",
            entry.entry_id,
            entry.currency,
            entry.day,
            "batch",
            ours_minor=sum(line.minor for line in entry.lines),
            theirs_minor=0,
        )
