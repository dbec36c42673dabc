"""Identities 6 to 8: what a payout paid out sums to it (`payout`), what is left makes the balance
(`unpaid`), and one that failed gave its money back (`life`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Unsummed:
    """An automatic payout whose rows, its own among them, do not sum to nothing.

    `nets`: by id what each of its rows in its currency came to, in minor units; `foreign`: whether
    a row in another currency is among its rows, which no sum counts.
    """

    payout_id: str
    currency: str
    created_at: datetime
    nets: Mapping[str, int]
    foreign: bool


@dataclass(frozen=True, slots=True)
class Here:
    """What is asked of Stripe about the payouts of a span: read before, so that no picture of the
    database stays open while Stripe answers. `payouts` are those that are here, by id."""

    unsummed: tuple[Unsummed, ...]
    payouts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class There:
    """What Stripe answered: the rows of each payout that was asked for, and its list of payouts;
    None for what nobody could be asked for."""

    rows: Mapping[str, Mapping[str, LedgerEntry]] | None
    payouts: Mapping[str, PayoutSnapshot] | None


def gathered(connection: Connection, span: Span) -> Here:
    """The payouts of a span, and those of them to ask Stripe about."""
    ours = {row.stripe_id: row for row in connection.execute(select(payouts).where(_of_span(span)))}
    return Here(tuple(_unsummed(connection, span)), ours)


def asked(gateway: Gateway | None, span: Span, here: Here) -> There:
    """What Stripe says of them; `StripeError` where it does not answer."""
    if gateway is None:
        return There(None, None)
    rows = {one.payout_id: _rows_at_stripe(gateway, one.payout_id) for one in here.unsummed}
    return There(rows, {one.stripe_id: one for one in _listed(gateway, span)})


def currency_breaks(connection: Connection, span: Span) -> Iterator[Break]:
    """A row that a payout paid out is in the payout's currency."""
    query = (
        select(_B.stripe_id, _B.currency, _B.net_minor, _O.created_at)
        .join(payouts, _O.stripe_id == _B.payout_id)
        .where(_of_span(span), _B.currency != _O.currency)
        .order_by(_B.stripe_id)
    )
    for row in connection.execute(query):
        yield Break(
            SUM,
            "currency",
            row.stripe_id,
            row.currency,
            span.day(row.created_at),
            "other_currency",
            ours_minor=row.net_minor,
        )


def _unsummed(connection: Connection, span: Span) -> Iterator[Unsummed]:
    mine = and_(_B.payout_id == _O.stripe_id, _B.currency == _O.currency)
    total = select(func.sum(_B.net_minor)).where(mine).scalar_subquery()
    listed = or_(_O.reconciliation_status == "completed", _O.reconciliation_status.is_(None))
    query = select(_O.stripe_id, _O.currency, _O.created_at).where(
        _of_span(span),
        _O.automatic,
        listed,
        _O.status.not_in(_UNDONE),
        func.coalesce(total, 1) != 0,
    )
    for row in connection.execute(query).all():
        rows = connection.execute(
            select(_B.stripe_id, _B.net_minor, _B.currency).where(_B.payout_id == row.stripe_id)
        ).all()
        nets = {one.stripe_id: one.net_minor for one in rows if one.currency == row.currency}
        yield Unsummed(*row, nets, len(nets) < len(rows))


def sum_breaks(
    connection: Connection, span: Span, here: Here, there: There, wrong: Mapping[str, int]
) -> Iterator[Break]:
    """The rows of an automatic payout, its own among them, sum to nothing.

    `wrong`: by how much the net of each row is known to be off. Where they do not sum to nothing,
    Stripe tells which rows they are: a row that is missing or wrong is told by itself, and so is
    one in another currency.
    """
    for one in here.unsummed:
        if there.rows is None:
            explained = one.foreign
        else:
            explained = not _unlinked(connection, one, there.rows[one.payout_id])
        if explained:
            continue
        yield Break(
            SUM,
            "payout_sum",
            one.payout_id,
            one.currency,
            span.day(one.created_at),
            "payout_list",
            ours_minor=sum(net - wrong.get(row, 0) for row, net in one.nets.items()),
            theirs_minor=0,
            due=one.created_at + _LISTED,
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


def _unlinked(connection: Connection, one: Unsummed, theirs: Mapping[str, LedgerEntry]) -> bool:
    """Whether a row that is here belongs to the payout and does not say so, or the other way.

    Stripe answered after the payout was looked at: what came in between names it by now.
    """
    if one.nets.keys() - theirs.keys():
        return True
    lacking = sorted(theirs.keys() - one.nets.keys())
    elsewhere = or_(_B.payout_id.is_(None), _B.payout_id != one.payout_id)
    here = select(_B.stripe_id).where(_B.stripe_id.in_(lacking), elsewhere).limit(1)
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
    mine = and_(_B.source_id == _O.stripe_id, _B.currency == _O.currency)
    total = select(func.sum(_B.amount_minor)).where(mine).scalar_subquery()
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
            own.c.currency.label("row_currency"),
            func.coalesce(total, 0).label("total"),
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
    if row.row_currency != row.currency:
        return Break(LIFE, "currency", row.row_id, row.row_currency, day, "other_currency")
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


def list_breaks(connection: Connection, span: Span, here: Here, there: There) -> Iterator[Break]:
    """The payouts of the span beside Stripe's list of them, where it was asked for."""
    if there.payouts is None:
        return
    for one in here.payouts.values():
        if one.stripe_id not in there.payouts:
            yield Break(
                LIST,
                "missing_there",
                one.stripe_id,
                one.currency,
                span.day(one.created_at),
                "not_at_stripe",
                ours_minor=one.amount_minor,
            )
    for listed in there.payouts.values():
        yield from _unlike(connection, span, here.payouts.get(listed.stripe_id), listed)


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
