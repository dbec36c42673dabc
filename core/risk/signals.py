"""The signals of one payment, as of its own time: three statements over indexed tables."""

from __future__ import annotations

import time as ticks
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from statistics import median_low
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, func, select

from core import clock
from core.db.tables import payments_daily
from core.risk import lists, velocity
from core.risk.velocity import MOST_ATTEMPTS

#: How many of a user's payments are looked at for what is usual, and for declines in a row.
USUAL_OF_USER = 20
LONGEST_STREAK = 50
#: What is usual in the shop is that of so many closed days before.
USUAL_DAYS = 30
#: The days are closed: their sums are read again this seldom.
USUAL_SECONDS = 60.0


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
    where = velocity.place(subject.livemode, subject.at, subject.payment_id)
    known = {
        "ip": subject.ip,
        "email": subject.email,
        "card": subject.card_fingerprint,
        "user": subject.user_id,
    }
    found |= velocity.counts(connection, where, known)
    found |= _history(connection, where, subject, zone)
    today = clock.business_day(subject.at, zone)
    usual = _usual_in_shop(connection, subject.livemode, subject.currency, today)
    found |= {
        "shop_usual": usual,
        "percent_of_shop_usual": subject.amount_minor * 100 // usual if usual else None,
    }
    listed = lists.listed(connection, known | {"country": subject.card_country}, at=subject.at)
    return found | lists.signals(listed)


_NO_HISTORY: Mapping[str, Any] = dict.fromkeys(
    (
        "decline_streak",
        "day_total",
        "user_usual",
        "percent_of_user_usual",
        "first_payment",
        "usual_country",
        "country_differs",
    )
)


def _history(
    connection: Connection, where: Mapping[str, Any], subject: Subject, zone: ZoneInfo
) -> Mapping[str, Any]:
    """What this user paid and was declined before, from their latest attempts."""
    if subject.user_id is None:
        return _NO_HISTORY
    attempts = velocity.attempts(connection, where, subject.user_id)
    paid = [one for one in attempts if one.status == "succeeded"]
    midnight = datetime.combine(clock.business_day(subject.at, zone), time(), zone)
    if len(attempts) < MOST_ATTEMPTS:
        today = sum(
            one.amount_minor
            for one in paid
            if one.currency == subject.currency and one.created_at >= midnight
        )
    else:
        today = velocity.paid_since(
            connection, where, subject.user_id, currency=subject.currency, since=midnight
        )
    same = [one.amount_minor for one in paid if one.currency == subject.currency][:USUAL_OF_USER]
    usual = median_low(same) if same else None
    country = next((one.card_country for one in paid if one.card_country), None)
    return {
        "decline_streak": _streak(attempts),
        "day_total": today + subject.amount_minor,
        "user_usual": usual,
        "percent_of_user_usual": subject.amount_minor * 100 // usual if usual else None,
        "first_payment": not paid,
        "usual_country": country,
        "country_differs": bool(country and subject.card_country)
        and country != subject.card_country,
    }


def _streak(attempts: Sequence[Any]) -> int:
    streak = 0
    for one in attempts[:LONGEST_STREAK]:
        if one.status != "failed":
            break
        streak += 1
    return streak


_D = payments_daily.c
_SUMS = select(func.sum(_D.amount_minor), func.sum(_D.count)).where(
    _D.day >= bindparam("first"),
    _D.day < bindparam("end"),
    _D.livemode == bindparam("livemode"),
    _D.currency == bindparam("currency"),
    _D.status == "succeeded",
)
_usual: dict[tuple[str, bool, str, date], tuple[float, int | None]] = {}


def _usual_in_shop(
    connection: Connection, livemode: bool, currency: str, today: date
) -> int | None:
    """What succeeded payments of a currency came to on the closed days before, on average.

    Not yesterday's: a payment may still come to its end a day later.
    """
    key = (str(connection.engine.url), livemode, currency, today)
    read_at, usual = _usual.get(key, (0.0, None))
    if key in _usual and ticks.monotonic() - read_at < USUAL_SECONDS:
        return usual
    first, end = today - timedelta(days=USUAL_DAYS + 1), today - timedelta(days=1)
    given = {"first": first, "end": end, "livemode": livemode, "currency": currency}
    total, count = connection.execute(_SUMS, given).one()
    usual = int(total) // int(count) if count else None
    if len(_usual) > 10_000:
        _usual.clear()
    _usual[key] = (ticks.monotonic(), usual)
    return usual
