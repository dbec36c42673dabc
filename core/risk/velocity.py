"""What came before a payment: counts and attempts, by statements that are put together once.

Before means: earlier by `created_at`, and within the same second by Stripe's id. A payment that is
not yet at Stripe comes after all that is there, and after all that was let through before it
(`core.risk.inflight_approvals`). What becomes of a pass is seen in one statement with what is
mirrored: between two it could be counted twice, or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Subquery,
    and_,
    bindparam,
    distinct,
    func,
    or_,
    select,
)

from core.db.tables import charges, payments
from core.risk import inflight_approvals

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
#: More attempts of one user than these say nothing new.
MOST_ATTEMPTS = 200
#: Sorts behind every id of Stripe's.
_LAST_ID = "~"

_P, _C = payments.c, charges.c
#: By whom payments are counted.
_COLUMNS = {
    "user": _P.user_id,
    "email": _P.email,
    "card": _P.card_fingerprint,
    "ip": _P.ip,
}
WHAT = tuple(_COLUMNS)
REACHES = ("hour", "day")
#: What else is counted of whom.
_OTHERS = {
    "user": ("cards_day_user", _P.card_fingerprint),
    "card": ("users_day_card", _P.user_id),
}
COUNTS = (
    *(f"attempts_{reach}_{what}" for what in WHAT for reach in REACHES),
    *(name for name, _ in _OTHERS.values()),
)


def place(livemode: bool, at: datetime, payment_id: str | None) -> dict[str, Any]:
    """Where a payment stands in time, as every statement here takes it."""
    return {
        "livemode": livemode,
        "at": at,
        "id": payment_id or _LAST_ID,
        "hour": at - HOUR,
        "day": at - DAY,
    }


def counts(
    connection: Connection, where: Mapping[str, Any], known: Mapping[str, str | None]
) -> dict[str, int | None]:
    """How often this user, address, card and IP came within an hour and a day; one statement.

    `known` by `WHAT`; what is not known is not counted: None.
    """
    given = {what: known[what] for what in WHAT if known.get(what) is not None}
    found: dict[str, int | None] = dict.fromkeys(COUNTS)
    if given:
        statement = _counting(tuple(given), _is_new(where))
        row = connection.execute(statement, {**where, **given}).one()
        found |= row._mapping
    return found


def _is_new(where: Mapping[str, Any]) -> bool:
    """Whether the payment is not at Stripe yet."""
    return bool(where["id"] == _LAST_ID)


@cache
def _counting(known: tuple[str, ...], new: bool) -> Select[Any]:
    """One row for each of whom is known, put side by side."""
    asked: list[ColumnElement[Any]] = []
    sides: list[Subquery] = []
    for what in known:
        own = _counted(what)
        sides += (
            [own, inflight_approvals.counted(what)]
            if new and what in inflight_approvals.WHAT
            else [own]
        )
        for reach in REACHES:
            found: ColumnElement[Any] = own.c[reach]
            if new and what in inflight_approvals.WHAT:
                found += inflight_approvals.counted(what).c[reach]
            asked.append(found.label(f"attempts_{reach}_{what}"))
        if what in _OTHERS:
            asked.append(own.c.others.label(_OTHERS[what][0]))
    first, *others = sides
    row: FromClause = first
    for side in others:
        # Always so: SQLAlchemy warns of tables that nothing joins.
        row = row.join(side, first.c.day >= -side.c.day)
    return select(*asked).select_from(row)


def _counted(whose: str) -> Subquery:
    """Payments of one within a day, those within an hour, and how many others they name."""
    columns = [func.count().label("day"), inflight_approvals.within_hour(_P.created_at)]
    if whose in _OTHERS:
        columns.append(func.count(distinct(_OTHERS[whose][1])).label("others"))
    mine = _COLUMNS[whose] == bindparam(whose)
    since = _P.created_at >= bindparam("day")
    return select(*columns).where(mine, since, *_before()).subquery(f"by_{whose}")


def _before() -> list[ColumnElement[bool]]:
    at: BindParameter[Any] = bindparam("at")
    own: BindParameter[Any] = bindparam("id")
    return [
        _P.livemode == bindparam("livemode"),
        # Beside the exact condition, one that an index can walk.
        _P.created_at <= at,
        or_(_P.created_at < at, _P.stripe_id < own),
    ]


_MINE = (
    select(_P.stripe_id)
    .where(_P.user_id == bindparam("user"), *_before())
    .order_by(_P.created_at.desc(), _P.stripe_id.desc())
    .limit(MOST_ATTEMPTS)
    .subquery()
)
_ATTEMPTS = (
    select(_C.status, _C.amount_minor, _C.currency, _C.card_country, _C.created_at)
    .join(_MINE, _MINE.c.stripe_id == _C.payment_id)
    .where(_C.created_at <= bindparam("at"))
    .order_by(_C.created_at.desc(), _C.stripe_id.desc())
    .limit(MOST_ATTEMPTS)
)


def attempts(connection: Connection, where: Mapping[str, Any], user_id: str) -> Sequence[Any]:
    """A user's latest charges before a payment, newest first: each is a fact of its own time,
    while a payment's state may come from later."""
    return connection.execute(_ATTEMPTS, {**where, "user": user_id}).all()


_PAID = (
    select(func.sum(_C.amount_minor))
    .join(payments, _P.stripe_id == _C.payment_id)
    .where(
        and_(
            _P.user_id == bindparam("user"),
            _P.created_at >= bindparam("made_since"),
            *_before(),
            _C.status == "succeeded",
            _C.currency == bindparam("currency"),
            _C.created_at >= bindparam("since"),
            _C.created_at <= bindparam("at"),
        )
    )
)


def paid_since(
    connection: Connection,
    where: Mapping[str, Any],
    user_id: str,
    *,
    currency: str,
    since: datetime,
) -> int:
    """What a user's attempts since a time came to, in minor units of one currency."""
    given = {"user": user_id, "currency": currency, "since": since}
    # A payment may be paid a day after it was made.
    made_since = since - DAY
    total = connection.execute(_PAID, {**where, **given, "made_since": made_since}).scalar()
    return int(total or 0)
