"""Scoring a payment by the rule set in force, and keeping the score with the signals it saw."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from core import clock
from core.db.tables import risk_assessments, rule_sets
from core.db.upsert import insert_missing
from core.risk import captured_amounts
from core.risk.rules import DEFAULT, RuleSet, Score, read, read_text
from core.risk.signals import Subject, signals_of

#: The version of the rules that came with the program: nobody wrote them down here.
BUILT_IN = 0


@dataclass(frozen=True, slots=True)
class Version:
    """A rule set and its number."""

    number: int
    rules: RuleSet


@dataclass(frozen=True, slots=True)
class Weighed:
    """A payment with its signals and score. `allowed` is true for who is on an allow list, too."""

    subject: Subject
    signals: Mapping[str, Any]
    score: Score
    version: int
    allowed: bool


def in_force(connection: Connection) -> Version:
    """The newest rule set; the built-in one where there is none."""
    newest = connection.scalar(select(func.max(rule_sets.c.version)))
    return by_number(connection, newest) if newest is not None else Version(BUILT_IN, read(DEFAULT))


def by_number(connection: Connection, number: int) -> Version:
    """One rule set; it never changes."""
    body = connection.scalar(select(rule_sets.c.body).where(rule_sets.c.version == number))
    return Version(number, _read(body) if body is not None else read(DEFAULT))


@lru_cache(maxsize=64)
def _read(body: str) -> RuleSet:
    return read_text(body)


def weigh(
    connection: Connection, subject: Subject, zone: ZoneInfo, version: Version | None = None
) -> Weighed:
    """Score a payment as of its own time; reads only."""
    version = version or in_force(connection)
    signals = signals_of(connection, subject, zone)
    score = version.rules.score(signals, subject.currency)
    allowed = score.allowed or bool(signals["allow_listed"])
    return Weighed(subject, signals, score, version.number, allowed)


def keep_new(
    connection: Connection,
    weighed: Weighed,
    *,
    now: datetime,
    actor: str | None = None,
    order_id: str | None = None,
) -> int:
    """Keep the score of a payment that is not at Stripe yet; its number."""
    row = _row(weighed, "create", now) | {"actor": actor, "order_id": order_id}
    made = connection.execute(risk_assessments.insert().values(**row)).inserted_primary_key
    return int(made[0]) if made else 0


def keep_arrivals(
    connection: Connection, weighed: Sequence[Weighed], zone: ZoneInfo, *, now: datetime
) -> None:
    """Keep the scores of payments that came from Stripe, once each."""
    received = captured_amounts.received(
        connection, [str(one.subject.payment_id) for one in weighed]
    )
    rows = []
    for one in weighed:
        day = clock.business_day(one.subject.at, zone)
        rows.append(
            _row(one, captured_amounts.ARRIVAL, now)
            | {
                "month": day.year * 100 + day.month,
                "paid_minor": received[str(one.subject.payment_id)],
            }
        )
    insert_missing(connection, risk_assessments, rows, "payment_id", "kind")


def _row(weighed: Weighed, kind: str, now: datetime) -> dict[str, Any]:
    return dict(weighed.signals) | {
        "payment_id": weighed.subject.payment_id,
        "livemode": weighed.subject.livemode,
        "kind": kind,
        "score": weighed.score.points,
        "level": weighed.score.level,
        "factors": _factors(weighed.score),
        "rule_version": weighed.version,
        "allowed": weighed.allowed,
        "actor": None,
        "order_id": None,
        "created_at": weighed.subject.at,
        "scored_at": now,
        "month": None,
        "paid_minor": None,
    }


def link(connection: Connection, assessment_id: int, payment_id: str) -> None:
    """Say which payment came of a scoring before it was sent."""
    c = risk_assessments.c
    connection.execute(
        risk_assessments.update()
        .where(c.id == assessment_id, c.payment_id.is_(None))
        .values(payment_id=payment_id)
    )


def _factors(score: Score) -> str:
    return json.dumps(
        [
            {"rule": one.rule, "points": one.points, "values": dict(one.values)}
            for one in score.factors
        ],
        ensure_ascii=False,
    )
