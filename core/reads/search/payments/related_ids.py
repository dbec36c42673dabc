"""From the id of a charge, refund, dispute, payout or event to the payments behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy import Connection, select

from core.db.tables import events, metadata
from core.reads.search.payments.fields import Match
from core.reads.search.payments.filters import Filters, MatchTest
from core.reads.search.stripe_ids import RELATED, table_of

_TABLES = frozenset(RELATED.values())


def follow_ids(conn: Connection, filters: Filters) -> Filters:
    """The same filters, with matches on other objects' ids turned into matches on payments."""
    if not any(match.column in _TABLES for test in filters.matches for match in test.any_of):
        return filters
    return replace(filters, matches=tuple(_followed(conn, test) for test in filters.matches))


def _followed(conn: Connection, test: MatchTest) -> MatchTest:
    return replace(test, any_of=tuple(m for match in test.any_of for m in _payment(conn, match)))


def _payment(conn: Connection, match: Match) -> Iterator[Match]:
    if match.column not in _TABLES:
        yield match
    elif match.column == "payouts":
        yield Match("payout", match.value)
    elif match.column == "events":
        about = conn.scalar(select(events.c.object_id).where(events.c.stripe_id == match.value))
        yield from _about(conn, about or match.value)
    else:
        table = metadata.tables[match.column]
        asked = select(table.c.payment_id).where(table.c.stripe_id == match.value)
        # A charge without a PaymentIntent is a payment itself; an unknown id matches none.
        yield Match("stripe_id", conn.scalar(asked) or match.value)


def _about(conn: Connection, object_id: str) -> Iterator[Match]:
    """The payments behind the object that an event told of."""
    if object_id.startswith("cus_"):
        yield Match("customer_id", object_id)
        return
    table = table_of(object_id)
    if table is None or table == "events":
        yield Match("stripe_id", object_id)
    else:
        yield from _payment(conn, Match(table, object_id))
