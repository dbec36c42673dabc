"""Which statuses of disputes there are, those included that are new at Stripe."""

from __future__ import annotations

from sqlalchemy import Connection, select

from core.db.tables import disputes
from core.domain.payment_states import ANSWERABLE, IN_REVIEW, NEEDS_RESPONSE, UNDER_REVIEW


def answerable(conn: Connection) -> tuple[str, ...]:
    """The statuses that wait for an answer."""
    return _ending(conn, NEEDS_RESPONSE, ANSWERABLE)


def in_review(conn: Connection) -> tuple[str, ...]:
    """The statuses in which the issuer has the answer."""
    return _ending(conn, UNDER_REVIEW, IN_REVIEW)


def _ending(conn: Connection, end: str, known: tuple[str, ...]) -> tuple[str, ...]:
    there = conn.scalars(select(disputes.c.status).distinct())
    return (*known, *sorted(one for one in there if one.endswith(end) and one not in known))
