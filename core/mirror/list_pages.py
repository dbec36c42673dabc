"""What a page of a list brings: news is applied, what cannot be read is parked, the rest is known.

Lists go by the time an object was made. A refund or a dispute that is young can change a payment
that is old, and that no page will bring: such payments are marked, to be read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import BindParameter, Connection, Engine, bindparam, select

from core import clock
from core.db.engine import retrying, writing
from core.db.tables import payments
from core.domain import cursors
from core.gateway.readings import Page, Unread
from core.gateway.snapshots import (
    ChargeSnapshot,
    DisputeSnapshot,
    RefundSnapshot,
    ReviewSnapshot,
    Snapshot,
    WarningSnapshot,
)
from core.mirror.apply import BookingContext, apply
from core.mirror.faults import OF_ONE_OBJECT, reason, set_aside
from core.mirror.personal import without_old
from core.mirror.postponed import park_unread, unpark
from core.mirror.refresh_queue import RefreshRequest, payment_kind
from core.mirror.unchanged import same, touch

#: Built once: putting a statement together takes longer than running it.
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_READ_AT = select(payments.c.stripe_id, payments.c.as_of).where(payments.c.stripe_id.in_(_IDS))

Keep = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Written:
    """`rows` were news and were written; `parked` could not be read, or not be written."""

    rows: int = 0
    parked: int = 0

    def __add__(self, other: Written) -> Written:
        return Written(self.rows + other.rows, self.parked + other.parked)


@dataclass(frozen=True, slots=True)
class Arrivals:
    """How a walk writes its pages. `began`: payments read since then need no second reading.

    `touch`: that an object is unchanged is written too, by its time.
    """

    engine: Engine
    books: BookingContext
    livemode: bool
    began: datetime
    touch: bool = False

    def write(self, kind: str, page: Page, keep: Keep) -> Written:
        """Write one page, and a cursor's position with it. A bad object is parked alone."""
        try:
            whole = partial(self._write, kind, page.snapshots, page.unread, keep)
            return retrying(whole, repeatable=True)
        except OF_ONE_OBJECT as error:
            set_aside(error, f"a page of {kind}")
        done, refused = Written(), list(page.unread)
        for one in page.snapshots:
            try:
                done += retrying(partial(self._write, kind, [one], (), None), repeatable=True)
            except OF_ONE_OBJECT as error:
                set_aside(error, f"{kind} {one.stripe_id}")
                refused.append(Unread(kind, one.stripe_id, reason(error)))
        return done + retrying(partial(self._write, kind, (), refused, keep), repeatable=True)

    def _write(
        self, kind: str, snapshots: Sequence[Snapshot], unread: Sequence[Unread], keep: Keep | None
    ) -> Written:
        with writing(self.engine) as connection:
            now = clock.now()
            snapshots = without_old(connection, snapshots)
            known = same(connection, snapshots, self.books.scope)
            news = [one for one in snapshots if one.stripe_id not in known]
            marks = payments_to_read(connection, snapshots, news, began=self.began, at=now)
            if news or marks:
                apply(connection, news, self.books, marks=marks, at=now)
            if self.touch:
                touch(connection, [one for one in snapshots if one.stripe_id in known])
            unpark(connection, {kind: {one.stripe_id for one in snapshots}})
            park_unread(connection, unread, livemode=self.livemode, at=now)
            if keep is not None:
                cursors.keep_position(connection, keep[0], keep[1], at=now)
            return Written(len(news), len(unread))


def payments_to_read(
    connection: Connection,
    snapshots: Iterable[Snapshot],
    news: Sequence[Snapshot],
    *,
    began: datetime,
    at: datetime,
) -> list[RefreshRequest]:
    """The payments whose charges, refunds, disputes and so on are younger than their reading.

    Also those with news of such an object, unless the payment was read since `began`.
    """
    parts = _parts(snapshots)
    read_at = _read_at(connection, parts)
    fresh = {one.stripe_id for one in news}
    return [
        _mark(one, payment, at)
        for one, payment in parts
        if (seen := read_at.get(payment)) is None
        or seen < one.created_at
        or (one.stripe_id in fresh and seen < began)
    ]


def payments_missing(
    connection: Connection, snapshots: Iterable[Snapshot], *, at: datetime
) -> list[RefreshRequest]:
    """The payments of these objects that the mirror does not have at all."""
    parts = _parts(snapshots)
    read_at = _read_at(connection, parts)
    return [_mark(one, payment, at) for one, payment in parts if payment not in read_at]


def _parts(snapshots: Iterable[Snapshot]) -> list[tuple[Snapshot, str]]:
    return [(one, payment) for one in snapshots if (payment := _payment_of(one))]


def _read_at(connection: Connection, parts: Sequence[tuple[Snapshot, str]]) -> dict[str, datetime]:
    if not parts:
        return {}
    asked = {"ids": sorted({payment for _, payment in parts})}
    return {row[0]: row[1] for row in connection.execute(_READ_AT, asked)}


def _mark(part: Snapshot, payment: str, at: datetime) -> RefreshRequest:
    """A reading that is dated after the part was made, whatever the clocks say."""
    return RefreshRequest(
        payment_kind(payment), payment, part.livemode, max(at, part.created_at), None
    )


def _payment_of(snapshot: Snapshot) -> str | None:
    """The payment that hangs on an object; a charge is no news of itself."""
    if isinstance(snapshot, (RefundSnapshot, DisputeSnapshot, WarningSnapshot, ReviewSnapshot)):
        return snapshot.payment_id or snapshot.charge_id
    if isinstance(snapshot, ChargeSnapshot) and snapshot.payment_id != snapshot.stripe_id:
        return snapshot.payment_id
    return None
