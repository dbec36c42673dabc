"""What a short text names: the object with that Stripe id, and the payments it may be about."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, null, select

from core import clock
from core.db.tables import metadata
from core.reads.payments.list import PaymentRow, page, parse, suggest
from core.reads.permissions import narrowed_by_rights, requires
from core.reads.search.stripe_ids import table_of

#: More payments than this are a list's to show.
MOST = 6


@dataclass(frozen=True, slots=True)
class NamedObject:
    """The object with an id. `table`: refunds, disputes, payouts, events or balance_transactions.

    `status`: Stripe's word; of an event its type, of a balance transaction its reporting category.
    `amount_minor`: minor units of `currency`; None for an event. `payment_id`, `source_id`: what
    it belongs to, where that is known. `created_at` is UTC.
    """

    table: str
    stripe_id: str
    status: str
    created_at: datetime
    amount_minor: int | None
    currency: str | None
    payment_id: str | None
    source_id: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """`search`: the search line of payments that finds those given, and all beyond them; `meant`:
    the one that was probably meant by words that find nothing."""

    named: NamedObject | None
    payments: tuple[PaymentRow, ...]
    search: str
    meant: str | None = None


#: Tables whose rows are answered as themselves: the right, and the column that says how it stands.
#: All other objects are answered by their payments.
_TABLES = {
    "refunds": ("see_payments", "status"),
    "disputes": ("see_disputes", "status"),
    "payouts": ("see_revenue", "status"),
    "balance_transactions": ("see_revenue", "reporting_category"),
    "events": ("see_events", "type"),
}


@narrowed_by_rights
@requires("see_payments")
def by_text(
    conn: Connection,
    *,
    text: str,
    livemode: bool,
    zone: ZoneInfo,
    rights: Collection[str] = (),
    limit: int = MOST,
) -> Found:
    """What `text` finds for who has these rights: an object by its id, payments by all that a
    search of theirs knows. `InvalidInput` for a text that is no search."""
    asked = text.strip()
    searches = [asked]
    # Four digits alone are an amount to a search: here they may be a card's, too.
    if re.fullmatch(r"\d{4}", asked, re.ASCII):
        searches.append(f"last4:{asked}")
    rows: dict[str, PaymentRow] = {}
    search = asked
    for one in searches:
        query = parse(one)
        listed = page(
            conn, query=query, livemode=livemode, zone=zone, limit=limit, with_count=False
        )
        rows |= {row.stripe_id: row for row in listed.rows}
        search = one if listed.rows else search
    named, meant = _named(conn, asked, livemode, rights), None
    if named is None and not rows:
        meant = suggest(parse(asked), zone=zone, now=clock.now())
    return Found(named, tuple(rows.values()), search, None if meant is None else str(meant))


def _named(
    conn: Connection, stripe_id: str, livemode: bool, rights: Collection[str]
) -> NamedObject | None:
    name = table_of(stripe_id)
    if name is None or name not in _TABLES or _TABLES[name][0] not in rights:
        return None
    table, status = metadata.tables[name], _TABLES[name][1]
    optional = ("amount_minor", "currency", "payment_id", "source_id")
    columns = [table.c[one] if one in table.c else null() for one in optional]
    asked = select(table.c.stripe_id, table.c[status], table.c.created_at, *columns).where(
        table.c.stripe_id == stripe_id, table.c.livemode == livemode
    )
    row = conn.execute(asked).one_or_none()
    return None if row is None else NamedObject(name, *row)
