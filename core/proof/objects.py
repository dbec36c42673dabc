"""Identity 2, `object`: what moved money has its rows, and each row has what it stands for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, case, exists, func, or_, select

from core.db.tables import balance_transactions, charges, disputes, payouts, refunds
from core.domain.exchange import converted
from core.domain.payment_states import PREVENTED, is_known, is_withdrawn, outcome_of
from core.proof.breaks import LISTED_LATE, Break
from core.proof.rows import of_span
from core.proof.span import Span

IDENTITY = "object"
#: Stripe rounds to the minor unit of what it settles in, and tells six digits of the rate.
_RATE_DIGITS = 200_000
_B = balance_transactions.c

#: What stands behind a row, by how its id begins.
_SOURCES: tuple[tuple[tuple[str, ...], Table], ...] = (
    (("ch_", "py_"), charges),
    (("re_", "pyr_"), refunds),
    (("dp_", "du_"), disputes),
    (("po_",), payouts),
)


def object_breaks(connection: Connection, span: Span, explained: Set[str]) -> Iterator[Break]:
    """Captured charges, refunds, disputes; and rows whose object is not in the mirror.

    `explained`: objects with a row that is known to differ from Stripe's, which says it all.
    """
    yield from _charges(connection, span, explained)
    yield from _refunds(connection, span, explained)
    yield from _disputes(connection, span, explained)
    yield from _without_object(connection, span)


def _made_in(table: Table, span: Span) -> ColumnElement[bool]:
    c = table.c
    return and_(c.livemode == span.livemode, c.created_at >= span.start, c.created_at < span.end)


def _missing(span: Span, row: Any, object_id: str, amount: int) -> Break:
    return Break(
        IDENTITY,
        "missing_here",
        object_id,
        row.currency,
        span.day(row.created_at),
        "no_row",
        theirs_minor=amount,
        due=row.created_at + LISTED_LATE,
    )


def _charges(connection: Connection, span: Span, explained: Set[str]) -> Iterator[Break]:
    """A charge's rows come to what was captured of it; the row that it names is its own."""
    c = charges.c
    of_charge = _B.source_id == c.stripe_id
    total = select(func.sum(_B.amount_minor)).where(of_charge).scalar_subquery()
    rows = select(func.count()).where(of_charge).scalar_subquery()
    own = balance_transactions.alias("own")
    query = (
        select(
            c.stripe_id,
            c.currency,
            c.amount_minor,
            c.amount_captured_minor,
            c.balance_transaction_id,
            c.created_at,
            own.c.stripe_id.label("row_id"),
            own.c.source_id,
            own.c.currency.label("row_currency"),
            own.c.amount_minor.label("row_amount"),
            own.c.exchange_rate,
            total.label("total"),
            rows.label("rows"),
        )
        .outerjoin(own, own.c.stripe_id == c.balance_transaction_id)
        .where(_made_in(charges, span), c.status == "succeeded", c.amount_captured_minor > 0)
        .where(or_(own.c.stripe_id.is_(None), ~_matching(own.c, plain_of=c, rows=rows)))
    )
    for row in connection.execute(query):
        if row.stripe_id not in explained:
            yield from _charge(connection, span, row)


def _matching(row: Any, *, plain_of: Any, rows: Any) -> ColumnElement[bool]:
    """One row of the charge's own, in its currency, of what was captured."""
    return and_(
        row.source_id == plain_of.stripe_id,
        row.currency == plain_of.currency,
        row.amount_minor == plain_of.amount_captured_minor,
        rows == 1,
    )


def _charge(connection: Connection, span: Span, row: Any) -> Iterator[Break]:
    captured = row.amount_captured_minor
    if row.row_id is None:
        yield _missing(span, row, row.balance_transaction_id or row.stripe_id, captured)
        return
    day = span.day(row.created_at)
    if row.source_id != row.stripe_id:
        yield Break(IDENTITY, "orphan", row.row_id, row.row_currency, day, "other_object")
        return
    own, theirs = row.row_amount, captured
    if row.row_currency != row.currency:
        own, theirs = _settled(connection, row)
    elif row.rows > 1 or own == row.amount_minor:
        # Several captures, or an authorization that was written whole and let go in part.
        released = _released(connection, row.stripe_id)
        own = int(row.total or 0) + released
        if own == captured:
            return
        if own > captured and row.rows > 1:
            yield from _twice(connection, span, row)
            return
    if own != theirs:
        yield Break(
            IDENTITY,
            "amount",
            row.row_id,
            row.row_currency,
            day,
            "object_amount",
            ours_minor=own,
            theirs_minor=theirs,
        )


def _settled(connection: Connection, row: Any) -> tuple[int, int]:
    """What a charge's rows come to in the currency that it is settled in, and what was captured of
    it comes to there: twice the same where they agree, or no rate tells.

    Each row may be rounded, and each capture has the rate of its day.
    """
    own = row.row_amount
    known = _comes_to(row, [row.exchange_rate])
    if not known or any(_near(own, way, rows=1) for way in known):
        return own, own
    released = _released(connection, row.stripe_id)
    if row.rows > 1 or released:
        # Several captures, or an authorization that was written whole and let go in part.
        own = int(row.total or 0) + released
        rates = connection.scalars(
            select(_B.exchange_rate).where(_B.source_id == row.stripe_id).distinct()
        ).all()
        known = _comes_to(row, rates)
        rows = row.rows + (1 if released else 0)
        if not known or any(_near(own, way, rows=rows) for way in known):
            return own, own
    return own, min((end for way in known for end in way), key=lambda end: abs(own - end))


def _comes_to(row: Any, rates: Sequence[str | None]) -> list[tuple[int, int]]:
    """What was captured comes to by the lowest and by the highest rate, each way to read them."""
    each = [converted(row.amount_captured_minor, row.currency, row.row_currency, r) for r in rates]
    return [(min(way), max(way)) for way in zip(*each, strict=False)]


def _near(own: int, way: tuple[int, int], *, rows: int) -> bool:
    least, most = way
    off = rows + abs(most) // _RATE_DIGITS
    return least - off <= own <= most + off


def _released(connection: Connection, charge_id: str) -> int:
    """What rows of refunds let go of an authorization, as Stripe wrote before basil: negative."""
    r = refunds.c
    found = connection.scalar(
        select(func.sum(_B.amount_minor))
        .join_from(balance_transactions, refunds, _B.source_id == r.stripe_id)
        .where(r.charge_id == charge_id, _B.reporting_category == "partial_capture_reversal")
    )
    return int(found or 0)


def _twice(connection: Connection, span: Span, row: Any) -> Iterator[Break]:
    query = select(_B.stripe_id, _B.currency, _B.amount_minor).where(
        _B.source_id == row.stripe_id,
        _B.reporting_category == "charge",
        _B.stripe_id != row.balance_transaction_id,
    )
    for other in connection.execute(query):
        yield Break(
            IDENTITY,
            "duplicate",
            other.stripe_id,
            other.currency,
            span.day(row.created_at),
            "twice",
            ours_minor=other.amount_minor,
        )


def _refunds(connection: Connection, span: Span, explained: Set[str]) -> Iterator[Break]:
    """A refund took its amount; one that failed or was canceled gave it back."""
    r = refunds.c
    undone = r.status.in_(["failed", "canceled"])
    never = and_(undone, r.balance_transaction_id.is_(None))
    total = select(func.sum(_B.amount_minor)).where(_B.source_id == r.stripe_id).scalar_subquery()
    wanted = case((undone, 0), else_=-r.amount_minor)
    own = balance_transactions.alias("own")
    query = (
        select(
            r.stripe_id,
            r.currency,
            r.created_at,
            r.as_of,
            r.amount_minor,
            r.balance_transaction_id,
            own.c.stripe_id.label("row_id"),
            own.c.source_id,
            own.c.currency.label("row_currency"),
            total.label("total"),
            wanted.label("wanted"),
            undone.label("undone"),
        )
        .outerjoin(own, own.c.stripe_id == r.balance_transaction_id)
        .where(_made_in(refunds, span), ~r.released)
        .where(r.status.in_(["succeeded", "failed", "canceled"]))
        .where(
            or_(
                and_(own.c.stripe_id.is_(None), ~never),
                own.c.source_id != r.stripe_id,
                and_(own.c.currency == r.currency, total != wanted),
            )
        )
    )
    for row in connection.execute(query):
        if row.stripe_id in explained:
            continue
        if row.row_id is None:
            yield _missing(
                span, row, row.balance_transaction_id or row.stripe_id, -row.amount_minor
            )
        elif row.source_id != row.stripe_id:
            day = span.day(row.created_at)
            yield Break(IDENTITY, "orphan", row.row_id, row.row_currency, day, "other_object")
        else:
            yield _amount(span, row, int(row.total or 0), int(row.wanted), late=row.undone)


def _amount(span: Span, row: Any, own: int, wanted: int, *, late: bool) -> Break:
    return Break(
        IDENTITY,
        "amount",
        row.row_id,
        row.currency,
        span.day(row.created_at),
        "object_amount",
        ours_minor=own,
        theirs_minor=wanted,
        due=row.as_of + LISTED_LATE if late else None,
    )


def _disputes(connection: Connection, span: Span, explained: Set[str]) -> Iterator[Break]:
    """A dispute holds its amount as long as it is open or lost; else it came back. One that was
    prevented took all of it or nothing."""
    d = disputes.c
    of_dispute = _B.source_id == d.stripe_id
    total, least, most = (
        select(one).where(of_dispute).scalar_subquery()
        for one in (func.sum(_B.amount_minor), func.min(_B.currency), func.max(_B.currency))
    )
    query = select(
        d.stripe_id,
        d.stripe_id.label("row_id"),
        d.currency,
        d.created_at,
        d.as_of,
        d.status,
        d.amount_minor,
        d.is_charge_refundable,
        least.label("least"),
        most.label("most"),
        total.label("total"),
    ).where(_made_in(disputes, span))
    for row in connection.execute(query):
        known = is_known(row.status) and row.stripe_id not in explained
        if not known or {row.least, row.most} - {None, row.currency}:
            continue
        held = is_withdrawn(row.status, refundable=row.is_charge_refundable)
        wanted = -row.amount_minor if held else 0
        right = {wanted}
        if outcome_of(row.status) == PREVENTED:
            # Given back by the dispute's own row, or by a refund: Stripe's pages leave both open.
            right.add(-row.amount_minor)
        if int(row.total or 0) not in right:
            if row.total is None:
                yield _missing(span, row, row.stripe_id, wanted)
            else:
                yield _amount(span, row, int(row.total), wanted, late=True)


def _without_object(connection: Connection, span: Span) -> Iterator[Break]:
    """A row whose charge, refund, dispute or payout is not mirrored."""
    alone = (
        and_(
            or_(*(_B.source_id.startswith(one, autoescape=True) for one in starts)),
            ~exists().where(table.c.stripe_id == _B.source_id),
        )
        for starts, table in _SOURCES
    )
    query = select(_B.source_id, _B.currency, _B.created_at, _B.amount_minor).where(
        of_span(span), or_(*alone)
    )
    for source_id, currency, created_at, amount in connection.execute(query):
        yield Break(
            IDENTITY,
            "missing_here",
            source_id,
            currency,
            span.day(created_at),
            "no_object",
            theirs_minor=amount,
            due=created_at + LISTED_LATE,
        )
