"""What differs between two witnesses: a list of it, one of them, and who may look into it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, or_, select

from core.db.tables import balance_transactions, breaks, payouts, user_roles, users
from core.errors import InvalidInput, NotFound
from core.reads.permissions import requires
from core.reads.search import paging
from core.reads.search.logs.names import names_of
from core.states import BreakState

LIMIT = 50
#: Which states each list holds.
VIEWS: dict[str, tuple[BreakState, ...]] = {
    "open": (BreakState.OPEN,),
    "expected": (BreakState.EXPECTED,),
    "explained": (BreakState.EXPLAINED,),
    "closed": (BreakState.CLOSED,),
    "all": tuple(BreakState),
}
_C = breaks.c


@dataclass(frozen=True, slots=True)
class BreakRow:
    """A difference. Amounts are minor units of `currency`; None where one side has nothing.

    `kind`, `identity` and `cause` are codes of `core.proof`. `owner` is a user's id, `owner_name`
    their address. `reason` is what a person said of it, and stays when it is opened again.
    """

    number: int
    identity: str
    kind: str
    object_id: str
    currency: str
    day: date
    ours_minor: int | None
    theirs_minor: int | None
    cause: str
    state: str
    due_at: datetime | None
    owner: str | None
    owner_name: str | None
    reason: str | None
    explained_by: str | None
    found_at: datetime
    closed_at: datetime | None

    @property
    def difference_minor(self) -> int | None:
        """Theirs less ours, in minor units; one side without an amount counts as nothing, and None
        is where neither has one."""
        if self.ours_minor is None and self.theirs_minor is None:
            return None
        return (self.theirs_minor or 0) - (self.ours_minor or 0)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list, newest first, and where newer and older ones begin."""

    rows: tuple[BreakRow, ...]
    newer: str | None
    older: str | None


@dataclass(frozen=True, slots=True)
class Detail:
    """A difference, and the pages that its object is told on: a payment's, a payout's."""

    row: BreakRow
    payment_id: str | None
    payout_id: str | None


@dataclass(frozen=True, slots=True)
class Filters:
    """The kinds and currencies of a mode's differences."""

    kinds: tuple[str, ...]
    currencies: tuple[str, ...]


@requires("see_revenue")
def page(
    conn: Connection,
    *,
    livemode: bool,
    view: str = "open",
    kind: str | None = None,
    currency: str | None = None,
    cursor: str | None = None,
    older: bool = True,
    limit: int = LIMIT,
) -> Page:
    """A page of the differences of a view, newest first; `InvalidInput` for an unknown view."""
    if view not in VIEWS:
        raise InvalidInput("view", f"is one of {', '.join(VIEWS)}")
    tests = [_C.livemode == livemode, _C.state.in_(VIEWS[view])]
    tests += [_C.kind == kind] if kind else []
    tests += [_C.currency == currency] if currency else []
    find = paging.of_table(conn, _C.found_at, _C.id, tests)
    found = paging.page(find, int, cursor=cursor, older=older, limit=limit)
    rows = conn.execute(select(breaks).where(_C.id.in_(found.keys))).all()
    by_number = {one.number: one for one in _shaped(conn, rows)}
    return Page(tuple(by_number[key] for key in found.keys), found.newer, found.older)


@requires("see_revenue")
def by_number(conn: Connection, *, number: int, livemode: bool) -> Detail:
    """The difference of this number in this mode, or `NotFound`."""
    row = conn.execute(select(breaks).where(_C.id == number, _C.livemode == livemode)).first()
    if row is None:
        raise NotFound("There is no such difference.")
    b = balance_transactions.c
    payment = conn.scalar(
        select(b.payment_id)
        .where(
            or_(b.stripe_id == row.object_id, b.source_id == row.object_id),
            b.livemode == livemode,
            b.payment_id.is_not(None),
        )
        .limit(1)
    )
    p = payouts.c
    payout = conn.scalar(
        select(p.stripe_id).where(p.stripe_id == row.object_id, p.livemode == livemode)
    )
    return Detail(_shaped(conn, [row])[0], payment, payout)


@requires("see_revenue")
def filters(conn: Connection, *, livemode: bool) -> Filters:
    """What the list can be narrowed by."""
    found = [
        tuple(
            conn.scalars(
                select(column).where(_C.livemode == livemode).group_by(column).order_by(column)
            )
        )
        for column in (_C.kind, _C.currency)
    ]
    return Filters(*found)


@requires("see_revenue")
def workers(conn: Connection) -> tuple[tuple[str, str], ...]:
    """Who may be given a difference: ids and addresses of those with the role of finance."""
    rows = conn.execute(
        select(users.c.id, users.c.email)
        .join(user_roles, user_roles.c.user_id == users.c.id)
        .where(user_roles.c.role == "finance", ~users.c.disabled)
        .order_by(users.c.email)
    )
    return tuple((row.id, row.email) for row in rows)


def _shaped(conn: Connection, rows: Iterable[Row[Any]]) -> list[BreakRow]:
    rows = list(rows)
    named = {who for row in rows for who in (row.owner, row.explained_by) if who}
    names = names_of(conn, named) if named else {}
    return [
        BreakRow(
            number=row.id,
            identity=row.identity,
            kind=row.kind,
            object_id=row.object_id,
            currency=row.currency,
            day=row.day,
            ours_minor=row.ours_minor,
            theirs_minor=row.theirs_minor,
            cause=row.cause,
            state=row.state,
            due_at=row.due_at,
            owner=row.owner,
            owner_name=names.get(row.owner, row.owner),
            reason=row.reason,
            explained_by=names.get(row.explained_by, row.explained_by),
            found_at=row.found_at,
            closed_at=row.closed_at,
        )
        for row in rows
    ]
