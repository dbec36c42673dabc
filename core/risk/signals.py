"""The signals of one payment, as of its own time: a few statements over indexed tables.

What came before means: earlier by `created_at`, and within the same second by Stripe's id. A
payment that is not yet at Stripe comes after all that is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from statistics import median_low
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Connection,
    ScalarSelect,
    and_,
    distinct,
    func,
    literal,
    or_,
    select,
)

from core import clock
from core.db.tables import charges, payments, payments_daily
from core.risk import lists

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
#: How many of a user's payments are looked at for what is usual, and for declines in a row.
USUAL_OF_USER = 20
LONGEST_STREAK = 50
#: What is usual in the shop is that of so many closed days before.
USUAL_DAYS = 30

_P = payments.c


@dataclass(frozen=True, slots=True)
class Subject:
    """What is known of a payment when it is scored. `payment_id` None: not yet at Stripe."""

    livemode: bool
    at: datetime
    amount_minor: int
    currency: str
    payment_id: str | None = None
    user_id: str | None = None
    email: str | None = None
    ip: str | None = None
    card_fingerprint: str | None = None
    card_country: str | None = None
    method: str | None = None
    radar_score: int | None = None
    radar_level: str | None = None


def signals_of(connection: Connection, subject: Subject, zone: ZoneInfo) -> dict[str, Any]:
    """Every signal of `core.risk.values` by name; None where there is no answer."""
    found: dict[str, Any] = {
        "amount": subject.amount_minor,
        "currency": subject.currency,
        "method": subject.method,
        "user_known": subject.user_id is not None,
        "card_country": subject.card_country,
        "radar_score": subject.radar_score,
        "radar_level": subject.radar_level,
    }
    found |= _counts(connection, subject)
    found |= _history(connection, subject, zone)
    found |= _usual(connection, subject, zone)
    given = {
        "ip": subject.ip,
        "email": subject.email,
        "card": subject.card_fingerprint,
        "user": subject.user_id,
        "country": subject.card_country,
    }
    return found | lists.signals(lists.listed(connection, given, at=subject.at))


def _before(subject: Subject, since: datetime | None = None) -> ColumnElement[bool]:
    """Payments of the same mode that came before this one, at most since a time."""
    if subject.payment_id is None:
        earlier: ColumnElement[bool] = _P.created_at <= subject.at
    else:
        earlier = or_(
            _P.created_at < subject.at,
            and_(_P.created_at == subject.at, _P.stripe_id < subject.payment_id),
        )
        # Beside the exact condition, one that an index can walk.
        earlier = and_(earlier, _P.created_at <= subject.at)
    parts = [_P.livemode == subject.livemode, earlier]
    return and_(*parts, *([_P.created_at >= since] if since is not None else []))


def _counts(connection: Connection, subject: Subject) -> dict[str, int | None]:
    """How often this user, address, card and IP came within an hour and a day; one statement."""
    known = {
        "user": (_P.user_id, subject.user_id),
        "email": (_P.email, subject.email),
        "card": (_P.card_fingerprint, subject.card_fingerprint),
        "ip": (_P.ip, subject.ip),
    }
    asked: dict[str, ScalarSelect[Any]] = {}
    for what, (column, value) in known.items():
        if value is not None:
            for name, reach in (("hour", HOUR), ("day", DAY)):
                asked[f"attempts_{name}_{what}"] = _counted(
                    func.count(), column == value, subject, reach
                )
    if subject.user_id is not None:
        mine = _P.user_id == subject.user_id
        others = func.count(distinct(_P.card_fingerprint))
        asked["cards_day_user"] = _counted(others, mine, subject, DAY)
    if subject.card_fingerprint is not None:
        same = _P.card_fingerprint == subject.card_fingerprint
        asked["users_day_card"] = _counted(func.count(distinct(_P.user_id)), same, subject, DAY)
    found: dict[str, int | None] = dict.fromkeys(
        [f"attempts_{name}_{what}" for what in known for name in ("hour", "day")]
        + ["cards_day_user", "users_day_card"]
    )
    if asked:
        row = connection.execute(select(*(one.label(name) for name, one in asked.items()))).one()
        found |= row._mapping
    return found


def _counted(
    what: ColumnElement[Any], whose: ColumnElement[bool], subject: Subject, reach: timedelta
) -> ScalarSelect[Any]:
    return (
        select(what)
        .select_from(payments)
        .where(whose, _before(subject, subject.at - reach))
        .scalar_subquery()
    )


def _history(connection: Connection, subject: Subject, zone: ZoneInfo) -> dict[str, Any]:
    """What this user paid and was declined before, from their latest attempts."""
    found: dict[str, Any] = {
        "decline_streak": None,
        "day_total": None,
        "user_usual": None,
        "percent_of_user_usual": None,
        "first_payment": None,
        "usual_country": None,
        "country_differs": None,
    }
    if subject.user_id is None:
        return found
    attempts = _attempts(connection, subject)
    paid = [one for one in attempts if one.status == "succeeded"]
    same = [one.amount_minor for one in paid if one.currency == subject.currency][:USUAL_OF_USER]
    usual = median_low(same) if same else None
    country = next((one.card_country for one in paid if one.card_country), None)
    differs = bool(country and subject.card_country) and country != subject.card_country
    return found | {
        "decline_streak": _streak(attempts),
        "day_total": _paid_today(connection, subject, zone) + subject.amount_minor,
        "user_usual": usual,
        "percent_of_user_usual": subject.amount_minor * 100 // usual if usual else None,
        "first_payment": not paid,
        "usual_country": country,
        "country_differs": differs,
    }


#: More attempts of one user than these say nothing new.
_MOST_ATTEMPTS = 200


def _attempts(connection: Connection, subject: Subject) -> Sequence[Any]:
    """This user's latest charges before the payment's time, newest first: each is a fact of its
    own time, while a payment's state may come from later."""
    c = charges.c
    mine = (
        select(_P.stripe_id)
        .where(_P.user_id == subject.user_id, _before(subject))
        .order_by(_P.created_at.desc(), _P.stripe_id.desc())
        .limit(_MOST_ATTEMPTS)
        .subquery()
    )
    query = (
        select(c.status, c.amount_minor, c.currency, c.card_country, c.created_at)
        .join(mine, mine.c.stripe_id == c.payment_id)
        .where(c.created_at <= subject.at)
        .order_by(c.created_at.desc(), c.stripe_id.desc())
        .limit(_MOST_ATTEMPTS)
    )
    return connection.execute(query).all()


def _paid_today(connection: Connection, subject: Subject, zone: ZoneInfo) -> int:
    """What this user's attempts of the day came to, in the payment's currency."""
    c = charges.c
    midnight = datetime.combine(clock.business_day(subject.at, zone), time(), zone)
    query = (
        select(func.sum(c.amount_minor))
        .join(payments, _P.stripe_id == c.payment_id)
        .where(
            _P.user_id == subject.user_id,
            # A payment may be paid a day after it was made.
            _before(subject, midnight - DAY),
            c.status == "succeeded",
            c.currency == subject.currency,
            c.created_at >= midnight,
            c.created_at <= subject.at,
        )
    )
    return int(connection.execute(query).scalar() or 0)


def _streak(attempts: Sequence[Any]) -> int:
    streak = 0
    for one in attempts[:LONGEST_STREAK]:
        if one.status != "failed":
            break
        streak += 1
    return streak


def _usual(connection: Connection, subject: Subject, zone: ZoneInfo) -> dict[str, int | None]:
    """What succeeded payments of this currency came to on the closed days before, on average."""
    today = clock.business_day(subject.at, zone)
    d = payments_daily.c
    row = connection.execute(
        select(func.sum(d.amount_minor), func.sum(d.count)).where(
            d.day >= today - timedelta(days=USUAL_DAYS + 1),
            # Not yesterday: a payment may still come to its end a day later.
            d.day < today - timedelta(days=1),
            d.livemode == literal(subject.livemode),
            d.currency == subject.currency,
            d.status == "succeeded",
        )
    ).one()
    usual = int(row[0]) // int(row[1]) if row[1] else None
    percent = subject.amount_minor * 100 // usual if usual else None
    return {"shop_usual": usual, "percent_of_shop_usual": percent}
