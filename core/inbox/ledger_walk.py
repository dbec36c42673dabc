"""Walking Stripe's balance transactions into the ledger, page by page, from a cursor."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Engine, select

from core import clock
from core.db import cursors
from core.db.engine import reading, retrying, writing
from core.db.tables import balance_transactions, charges, refunds
from core.errors import StripeNotFound
from core.gateway.client import Gateway
from core.gateway.readings import LedgerPage, read_ledger_page, read_ledger_row, read_one
from core.gateway.snapshots import Snapshot
from core.inbox.apply import Books, apply
from core.ledger.ingest import behind

#: A row may show up in the list a little after its time: so much is read again.
OVERLAP = timedelta(minutes=10)
#: Where a first walk begins; the backfill covers what lies before.
FIRST = timedelta(days=1)
#: How old a charge or refund may be whose ledger row is looked for by its id.
GAP_REACH = timedelta(days=30)
GAP_BATCH = 50


def walk_name(livemode: bool) -> str:
    """The name of the cursor that a mode's ledger walk keeps."""
    return f"ledger:{'live' if livemode else 'test'}"


def catch_up(engine: Engine, gateway: Gateway, books: Books) -> int:
    """Bring in the rows since the last walk; how many were new.

    Pages come newest first and each is committed; the cursor moves once all are in, so that a
    crash in between reads some again and loses none.
    """
    name = walk_name(gateway.livemode)
    with reading(engine) as connection:
        kept = cursors.position(connection, name)
    since = clock.from_unix(kept["since"]) if kept else clock.now() - FIRST
    new, newest = 0, since
    for page in pages(gateway, since=since - OVERLAP):
        new += write_page(engine, gateway, books, page)
        newest = max([newest, *(entry.created_at for entry in page.entries)])
    if kept is None or newest > since:
        retrying(partial(_keep, engine, name, {"since": clock.to_unix(newest)}))
    return new


def fill_gaps(engine: Engine, gateway: Gateway, books: Books) -> int:
    """Bring in rows that charges and refunds name but the walk did not see; how many were new.

    Stripe may list a row long after its time: the walk has then passed it by.
    """
    since = clock.now() - GAP_REACH
    found: list[str] = []
    with reading(engine) as connection:
        for table in (charges, refunds):
            t, b = table.c, balance_transactions.c
            missing = (
                select(t.balance_transaction_id)
                .outerjoin(balance_transactions, b.stripe_id == t.balance_transaction_id)
                .where(
                    t.created_at > since,
                    t.livemode == gateway.livemode,
                    t.balance_transaction_id.is_not(None),
                    b.stripe_id.is_(None),
                )
                .limit(GAP_BATCH)
            )
            found += connection.scalars(missing).all()
    new = 0
    for stripe_id in found:
        try:
            new += write_page(engine, gateway, books, read_ledger_row(gateway, stripe_id))
        except StripeNotFound:
            continue
    return new


def pages(
    gateway: Gateway, *, since: datetime, starting_after: str | None = None
) -> Iterator[LedgerPage]:
    """Every page of balance transactions since a time, newest first."""
    while True:
        page = read_ledger_page(
            gateway, created={"gte": clock.to_unix(since)}, starting_after=starting_after
        )
        if page.entries:
            yield page
        if not page.has_more:
            return
        starting_after = page.last_id


def write_page(
    engine: Engine,
    gateway: Gateway,
    books: Books,
    page: LedgerPage,
    *,
    keep: tuple[str, dict[str, Any]] | None = None,
) -> int:
    """Write one page, and a cursor's position with it; how many rows were new."""
    behind = _missing_charges(engine, gateway, page)

    def write() -> int:
        with writing(engine) as connection:
            new = apply(connection, behind, books, entries=page.entries)
            if keep is not None:
                cursors.keep(connection, keep[0], keep[1], at=clock.now())
            return new

    return retrying(write)


def _missing_charges(engine: Engine, gateway: Gateway, page: LedgerPage) -> list[Snapshot]:
    """The charges behind these rows that are not mirrored: a row is booked by their method."""
    with reading(engine) as connection:
        kept, origins = behind(connection, page.entries)
    fresh = [entry for entry in page.entries if entry.stripe_id not in kept]
    missing = {entry.charge_id for entry in fresh if entry.charge_id} - origins.keys()
    came = {s.stripe_id: s for s in page.sources if s.stripe_id in missing}
    for charge_id in sorted(missing - came.keys()):
        try:
            came[charge_id] = read_one(gateway, "charge", charge_id, known_at=clock.EPOCH)
        except StripeNotFound:
            # Stripe's test data can be deleted: the row is then booked without a method.
            continue
    return list(came.values())


def _keep(engine: Engine, name: str, where: dict[str, Any]) -> None:
    with writing(engine) as connection:
        cursors.keep(connection, name, where, at=clock.now())
