"""Identities 6 to 8: what a payout paid out sums to it (`payout`), what is left makes the balance
(`unpaid`), and one that failed gave its money back (`life`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from core import clock
from core.db.tables import balance_transactions, payouts
from core.gateway.client import Gateway
from core.gateway.readings import Page, read_ledger_page, read_page
from core.gateway.snapshots import LedgerEntry, PayoutSnapshot
from core.gateway.walk import Place, walk
from core.proof.breaks import LISTED_LATE, Break
from core.proof.span import Span

SUM, UNPAID, LIFE, LIST = "payout", "unpaid", "life", "list"
_B, _O = balance_transactions.c, payouts.c
#: Stripe tells what an automatic payout paid out once it is on its way.
_LISTED = timedelta(days=1)
#: A payout changes at Stripe; the mirror hears of it by an event, or reads it again.
_READ_AGAIN = timedelta(hours=1)
_UNDONE = ("failed", "canceled")


def _of_span(span: Span) -> Any:
    return and_(_O.livemode == span.livemode, _O.created_at >= span.start, _O.created_at < span.end)


def sum_breaks(
    connection: Connection, gateway: Gateway | None, span: Span, wrong: Mapping[str, int]
) -> Iterator[Break]:
    """The rows of an automatic payout, its own among them, sum to nothing.

    `wrong`: by how much the net of each row is known to be off. Where they do not sum to nothing,
    Stripe is asked which rows they are: a row that is missing or wrong is told by itself.
    """
    total = select(func.sum(_B.net_minor)).where(_B.payout_id == _O.stripe_id).scalar_subquery()
    listed = or_(_O.reconciliation_status == "completed", _O.reconciliation_status.is_(None))
    query = select(
        _O.stripe_id, _O.currency, _O.amount_minor, _O.created_at, total.label("total")
    ).where(
        _of_span(span),
        _O.automatic,
        listed,
        _O.status.not_in(_UNDONE),
        func.coalesce(total, 1) != 0,
    )
    for row in connection.execute(query).all():
        theirs = None if gateway is None else _rows_at_stripe(gateway, row.stripe_id)
        ours = {
            one[0]: int(one[1])
            for one in connection.execute(
                select(_B.stripe_id, _B.net_minor).where(_B.payout_id == row.stripe_id)
            )
        }
        if theirs is not None and not _unlinked(connection, ours, theirs):
            continue
        yield Break(
            SUM,
            "payout_sum",
            row.stripe_id,
            row.currency,
            span.day(row.created_at),
            "payout_list",
            ours_minor=sum(ours.values()) - sum(wrong.get(one, 0) for one in ours),
            theirs_minor=0,
            due=row.created_at + _LISTED,
        )


def unpaid_breaks(connection: Connection, span: Span) -> Iterator[Break]:
    """What no payout paid out is the closing: a row that names a payout names an automatic one."""
    query = (
        select(_B.payout_id, _B.currency, func.sum(_B.net_minor), func.max(_B.created_at))
        .outerjoin(payouts, _O.stripe_id == _B.payout_id)
        .where(_B.livemode == span.livemode, _B.payout_id.is_not(None))
        .where(_B.created_at >= span.start, _B.created_at < span.end)
        .where(or_(_O.stripe_id.is_(None), ~_O.automatic))
        .group_by(_B.payout_id, _B.currency)
    )
    for payout_id, currency, net, last in connection.execute(query):
        yield Break(
            UNPAID,
            "orphan",
            payout_id,
            currency,
            span.day(last),
            "no_payout_of_rows",
            ours_minor=int(net),
            due=last + LISTED_LATE,
        )


def _unlinked(
    connection: Connection, ours: Mapping[str, int], theirs: Mapping[str, LedgerEntry]
) -> bool:
    """Whether a row that is here belongs to the payout and does not say so, or the other way."""
    if ours.keys() - theirs.keys():
        return True
    lacking = sorted(theirs.keys() - ours.keys())
    here = select(_B.stripe_id).where(_B.stripe_id.in_(lacking)).limit(1)
    return connection.scalar(here) is not None


def _rows_at_stripe(gateway: Gateway, payout_id: str) -> dict[str, LedgerEntry]:
    def read(place: Place, _plain: bool) -> Any:
        created = None if place.until is None else place.created(0)
        return read_ledger_page(
            gateway, created=created, payout=payout_id, starting_after=place.after, plain=True
        )

    return {entry.stripe_id: entry for page, _ in walk(read) for entry in page.entries}


def life_breaks(connection: Connection, span: Span, explained: Set[str]) -> Iterator[Break]:
    """A payout took its amount off the balance; one that failed or was canceled brought it back.

    `explained`: payouts with a row that is known to differ from Stripe's.
    """
    total = select(func.sum(_B.amount_minor)).where(_B.source_id == _O.stripe_id).scalar_subquery()
    own = balance_transactions.alias("own")
    query = (
        select(
            _O.stripe_id,
            _O.currency,
            _O.status,
            _O.amount_minor,
            _O.created_at,
            _O.as_of,
            _O.balance_transaction_id,
            own.c.stripe_id.label("row_id"),
            own.c.source_id,
            total.label("total"),
        )
        .outerjoin(own, own.c.stripe_id == _O.balance_transaction_id)
        .where(_of_span(span))
    )
    for row in connection.execute(query):
        if row.stripe_id not in explained and (found := _life(span, row)) is not None:
            yield found


def _life(span: Span, row: Any) -> Break | None:
    day = span.day(row.created_at)
    if row.row_id is None:
        return Break(
            LIFE,
            "missing_here",
            row.balance_transaction_id or row.stripe_id,
            row.currency,
            day,
            "no_row",
            theirs_minor=-row.amount_minor,
            due=row.created_at + LISTED_LATE,
        )
    if row.source_id != row.stripe_id:
        return Break(LIFE, "orphan", row.row_id, row.currency, day, "other_object")
    undone = row.status in _UNDONE
    wanted = 0 if undone else -row.amount_minor
    if int(row.total) == wanted:
        return None
    return Break(
        LIFE,
        "payout_state" if undone else "amount",
        row.stripe_id,
        row.currency,
        day,
        "not_returned" if undone else "object_amount",
        ours_minor=int(row.total),
        theirs_minor=wanted,
        due=row.as_of + LISTED_LATE if undone else None,
    )


def list_breaks(connection: Connection, gateway: Gateway, span: Span) -> Iterator[Break]:
    """The payouts of the span beside Stripe's list of them."""
    theirs = {one.stripe_id: one for one in _listed(gateway, span)}
    ours = {row.stripe_id: row for row in connection.execute(select(payouts).where(_of_span(span)))}
    for here in ours.values():
        if here.stripe_id not in theirs:
            yield Break(
                LIST,
                "missing_there",
                here.stripe_id,
                here.currency,
                span.day(here.created_at),
                "not_at_stripe",
                ours_minor=here.amount_minor,
            )
    for there in theirs.values():
        yield from _unlike(connection, span, ours.get(there.stripe_id), there)


def _unlike(
    connection: Connection, span: Span, here: Any, there: PayoutSnapshot
) -> Iterator[Break]:
    if here is None:
        elsewhere = select(_O.stripe_id).where(_O.stripe_id == there.stripe_id)
        if connection.scalar(elsewhere) is None:
            due = there.created_at + LISTED_LATE
            yield _payout_break(span, "missing_here", there, "late", there.amount_minor, due)
    elif here.amount_minor != there.amount_minor or here.currency != there.currency:
        kind = "amount" if here.currency == there.currency else "currency"
        yield _payout_break(
            span, kind, there, "edited", there.amount_minor, None, here.amount_minor
        )
    elif here.status != there.status:
        due = here.as_of + _READ_AGAIN
        yield _payout_break(span, "payout_state", there, "payout_differs", None, due)


def _payout_break(
    span: Span,
    kind: str,
    there: PayoutSnapshot,
    cause: str,
    theirs: int | None,
    due: datetime | None,
    ours: int | None = None,
) -> Break:
    return Break(
        LIST,
        kind,
        there.stripe_id,
        there.currency,
        span.day(there.created_at),
        cause,
        ours_minor=ours,
        theirs_minor=theirs,
        due=due,
    )


def _listed(gateway: Gateway, span: Span) -> Iterator[PayoutSnapshot]:
    start, end = clock.to_unix(span.start), clock.to_unix(span.end)

    def read(place: Place, plain: bool) -> Page:
        created = {"lte": end - 1} | place.created(start)
        return read_page(
            gateway, "payout", created=created, starting_after=place.after, plain=plain
        )

    for page, _ in walk(read):
        for one in page.snapshots:
            if isinstance(one, PayoutSnapshot):
                yield one
