"""Which balance transactions a payout paid out: Stripe tells only when asked by payout."""

from __future__ import annotations

from functools import partial

from sqlalchemy import Engine, or_, select, update

from core.db.engine import retrying, writing
from core.db.tables import balance_transactions
from core.gateway.client import Gateway
from core.gateway.readings import LedgerPage, read_ledger_page
from core.gateway.walk import Place, walk
from core.ledger.stored_entries import keep_payout
from core.mirror.apply import BookingContext
from core.mirror.ledger_walk import write_page


def note_payout(engine: Engine, gateway: Gateway, books: BookingContext, payout_id: str) -> int:
    """Write the payout's id on each of its ledger rows; how many rows it has.

    Rows that are not in the ledger yet are written first; one that cannot be read is parked. Only
    automatic payouts have a list.
    """

    def read(place: Place, plain: bool) -> LedgerPage:
        created = None if place.until is None else place.created(0)
        return read_ledger_page(
            gateway, created=created, payout=payout_id, starting_after=place.after, plain=plain
        )

    count = 0
    for page, _ in walk(read):
        write_page(engine, books, page, livemode=gateway.livemode)
        ids = [entry.stripe_id for entry in page.entries]
        retrying(partial(_note, engine, books, payout_id, ids))
        count += len(ids)
    return count


def _note(engine: Engine, books: BookingContext, payout_id: str, ids: list[str]) -> None:
    if not ids:
        return
    b = balance_transactions.c
    with writing(engine) as connection:
        # Which payout a row is of is sealed with its month.
        books.scope.take_turn(connection)
        other = or_(b.payout_id.is_(None), b.payout_id != payout_id)
        query = select(b.stripe_id).where(b.stripe_id.in_(ids), other).order_by(b.stripe_id)
        fresh = list(connection.scalars(query))
        if fresh:
            connection.execute(
                update(balance_transactions)
                .where(b.stripe_id.in_(fresh))
                .values(payout_id=payout_id)
            )
            keep_payout(connection, payout_id, fresh)
