"""From the id of a charge, refund, dispute, warning or ledger row to the payment behind it."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, select

from core.db.tables import metadata
from core.reads.search.filters import RELATED, Filters, Match, MatchTest

_TABLES = frozenset(RELATED.values())


def follow(conn: Connection, filters: Filters) -> Filters:
    """The same filters, with matches on other objects' ids turned into matches on payment ids."""
    if not any(match.column in _TABLES for test in filters.matches for match in test.any_of):
        return filters
    return replace(filters, matches=tuple(_followed(conn, test) for test in filters.matches))


def _followed(conn: Connection, test: MatchTest) -> MatchTest:
    return replace(test, any_of=tuple(_payment(conn, match) for match in test.any_of))


def _payment(conn: Connection, match: Match) -> Match:
    if match.column not in _TABLES:
        return match
    table = metadata.tables[match.column]
    found = conn.scalar(select(table.c.payment_id).where(table.c.stripe_id == match.value))
    # An unknown id stays as it is: no payment has it, so nothing matches.
    return Match("stripe_id", found or match.value)
