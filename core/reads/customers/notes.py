"""What people wrote about a customer, newest first, by the names that they are known by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, or_, select

from core.db.tables import customer_notes, users
from core.domain.payers import is_address
from core.domain.search_histograms import folded_email
from core.reads.permissions import requires

MOST = 100


@dataclass(frozen=True, slots=True)
class Note:
    """A note with who wrote it; card numbers in it are covered. What was purged has no text."""

    author: str
    text: str
    created_at: datetime


@requires("see_payments")
def notes(
    conn: Connection, *, customer: str, email: str | None, livemode: bool
) -> tuple[Note, ...]:
    """The newest notes on a customer, and those on its address, `email`, where it has one."""
    n, u = customer_notes.c, users.c
    address = customer if is_address(customer) else email
    about = [n.email == folded_email(address)] if address else []
    if not is_address(customer):
        about.append(n.customer_id == customer)
    rows = conn.execute(
        select(n.author, n.text, n.created_at, u.name)
        .outerjoin(users, u.id == n.author)
        .where(or_(*about), n.livemode == livemode, n.text != "")
        .order_by(n.id.desc())
        .limit(MOST)
    )
    return tuple(Note(row.name or row.author, row.text, row.created_at) for row in rows)
