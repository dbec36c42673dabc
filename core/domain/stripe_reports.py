"""The reports of Stripe's that were taken in, and what its rules make of the ledger.

Stripe takes an automatic payout off its reports' balance on the day on which it arrives, and a
manual one when it is made: docs.stripe.com/reports/balance. So a report's balance is the ledger's,
and the automatic payouts that were made and have not arrived.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, select

from core.db.tables import balance_transactions, payouts, stripe_reports
from core.domain.closings import openings

#: What moves money to and from the bank; all else is activity.
PAYOUT_CATEGORIES = ("payout", "payout_reversal")
#: Available, pending and reserved funds: the balance that the reports are of.
REPORTED = ("payments", "risk_reserved")
_B, _P, _R = balance_transactions.c, payouts.c, stripe_reports.c


@dataclass(frozen=True, slots=True)
class Report:
    """A report of `report_type` from `start` until before `end` (UTC), days of `zone`.

    `currencies` are those that no later report of the same days says something of.
    """

    report_id: int
    report_type: str
    start: datetime
    end: datetime
    zone: str
    currencies: tuple[str, ...]
    imported_at: datetime


def current_reports(connection: Connection, livemode: bool) -> list[Report]:
    """The reports of a mode that count, the last of each kind, days and currency; oldest first."""
    query = (
        select(
            _R.id,
            _R.report_type,
            _R.start_at,
            _R.end_at,
            _R.zone,
            _R.currencies,
            _R.imported_at,
        )
        .where(_R.livemode == livemode, _R.superseded_at.is_(None))
        .order_by(_R.id.desc())
    )
    taken: set[tuple[str, datetime, datetime, str]] = set()
    found = []
    for row in connection.execute(query):
        of = {
            currency: (row.report_type, row.start_at, row.end_at, currency)
            for currency in row.currencies.split(",")
        }
        mine = tuple(currency for currency, key in of.items() if key not in taken)
        taken |= set(of.values())
        if mine:
            found.append(Report(*row[:5], mine, row.imported_at))
    return sorted(found, key=lambda one: (one.end, one.report_id))


def effective_at() -> ColumnElement[datetime]:
    """When a row counts in the reports: that of an automatic payout on its arrival, else when it
    was created. Of a query that has `payouts` outer joined by the row's source."""
    arrives_later = and_(
        _B.reporting_category.in_(PAYOUT_CATEGORIES),
        _P.automatic,
        _P.arrival_at.is_not(None),
        _P.arrival_at > _B.created_at,
    )
    return case((arrives_later, _P.arrival_at), else_=_B.created_at)


def report_closings(connection: Connection, livemode: bool, at: datetime) -> dict[str, int]:
    """By currency what the reports' balance is just before a moment, in minor units."""
    found: defaultdict[str, int] = defaultdict(int)
    for (currency, balance_type), minor in openings(connection, livemode).items():
        if balance_type in REPORTED:
            found[currency] += minor
    counted = and_(_B.livemode == livemode, _B.balance_type.in_(REPORTED), _B.created_at < at)
    everything = select(_B.currency, func.sum(_B.net_minor)).where(counted).group_by(_B.currency)
    under_way = (
        select(_B.currency, -func.sum(_B.net_minor))
        .join(payouts, _P.stripe_id == _B.source_id)
        .where(counted, _B.reporting_category.in_(PAYOUT_CATEGORIES), effective_at() >= at)
        .group_by(_B.currency)
    )
    for query in (everything, under_way):
        for currency, minor in connection.execute(query):
            found[currency] += int(minor)
    return dict(found)


def of_payouts(livemode: bool, start: datetime, end: datetime) -> Any:
    """The ledger rows about payouts that take effect from `start` until before `end` (UTC), of a
    query as `effective_at` needs it."""
    return and_(
        _B.livemode == livemode,
        _B.balance_type.in_(REPORTED),
        _B.reporting_category.in_(PAYOUT_CATEGORIES),
        effective_at() >= start,
        effective_at() < end,
    )


def of_activity(livemode: bool, start: datetime, end: datetime) -> ColumnElement[bool]:
    """The ledger rows of a stretch of time (UTC, `end` not included) that are no payouts."""
    return and_(
        _B.livemode == livemode,
        _B.balance_type.in_(REPORTED),
        _B.reporting_category.not_in(PAYOUT_CATEGORIES),
        _B.created_at >= start,
        _B.created_at < end,
    )
