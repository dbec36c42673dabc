"""Identity 9, `report`: Stripe's own reports, where they were imported, say what the ledger says.

Itemized reports are compared row by row, summaries figure by figure. What Stripe's list or an
itemized report told of a row explains what it makes of sums: one change is told once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Select, exists, func, select

from core.db.tables import balance_transactions, payouts, stripe_report_rows
from core.domain.stripe_reports import (
    PAYOUT_CATEGORIES,
    Report,
    current_reports,
    effective_at,
    of_activity,
    of_payouts,
    report_closings,
)
from core.gateway.report_csv import (
    ACTIVITY,
    ACTIVITY_SUMMARY,
    BALANCE_SUMMARY,
    ENDING,
    MOVED,
    PAID_OUT,
    PAYOUTS,
    STARTING,
)
from core.proof.breaks import LISTED_LATE, Break, Delta
from core.proof.span import Span

IDENTITY = "report"
_B, _P, _T = balance_transactions.c, payouts.c, stripe_report_rows.c
_CHUNK = 500
#: At which hour of its day a payout takes effect is not told: another day is a difference.
_A_DAY = timedelta(days=1)
_ITEMIZED = (ACTIVITY, PAYOUTS)


def held_reports(connection: Connection, span: Span) -> list[Report]:
    """The reports that say something of a span: itemized ones that touch it, summaries that end
    in it."""
    return [
        one
        for one in current_reports(connection, span.livemode)
        if (
            one.start < span.end and one.end > span.start
            if one.report_type in _ITEMIZED
            else span.start < one.end <= span.end
        )
    ]


def report_breaks(
    connection: Connection, span: Span, deltas: Mapping[str, Sequence[Delta]]
) -> Iterator[Break]:
    """What the reports of a span say otherwise. `deltas`: by how much rows are known to differ
    from Stripe's list, by their id."""
    known = _Known(dict(deltas), _arrivals(connection, span.livemode))
    compared = {
        ACTIVITY: _activity_rows,
        PAYOUTS: _payout_rows,
        ACTIVITY_SUMMARY: _categories,
        BALANCE_SUMMARY: _balances,
    }
    reports = held_reports(connection, span)
    # What explains comes before what it explains.
    for report_type, compare in compared.items():
        for report in reports:
            if report.report_type == report_type:
                yield from compare(connection, span, report, known)


@dataclass(frozen=True, slots=True)
class _Row:
    """A balance transaction, here or in a report; `at` (UTC) is when it counts in the reports."""

    stripe_id: str
    currency: str
    category: str
    gross_minor: int
    fee_minor: int
    net_minor: int
    at: datetime


@dataclass
class _Known:
    """By how much rows are known to be wrong, and what was told of a summary's activity: by its
    days and currency."""

    rows: dict[str, Sequence[Delta]]
    arrivals: Mapping[str, datetime]
    told: dict[tuple[datetime, datetime, str], int] = field(
        default_factory=lambda: defaultdict(int)
    )

    def add(self, here: _Row | None, there: _Row | None) -> None:
        """Keep by how much a row differs."""
        for row, sign in ((here, 1), (there, -1)):
            if row is not None:
                one = Delta(
                    row.currency,
                    row.category,
                    sign * row.gross_minor,
                    sign * row.fee_minor,
                    sign * row.net_minor,
                    sign,
                    row.at,
                )
                self.rows[row.stripe_id] = (*self.rows.get(row.stripe_id, ()), one)

    def between(self, start: datetime | None, end: datetime) -> Iterator[tuple[Delta, bool]]:
        """The deltas that count from `start` until before `end`, and whether they are payouts'."""
        for one in (one for deltas in self.rows.values() for one in deltas):
            is_payout = one.category in PAYOUT_CATEGORIES
            at = (
                max(one.at, self.arrivals.get(one.source_id or "", one.at)) if is_payout else one.at
            )
            if at < end and (start is None or at >= start):
                yield one, is_payout


def _arrivals(connection: Connection, livemode: bool) -> dict[str, datetime]:
    query = select(_P.stripe_id, _P.arrival_at).where(
        _P.livemode == livemode, _P.automatic, _P.arrival_at.is_not(None)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _activity_rows(
    connection: Connection, span: Span, report: Report, known: _Known
) -> Iterator[Break]:
    theirs = list(_theirs(connection, report))
    for start in range(0, len(theirs), _CHUNK):
        chunk = theirs[start : start + _CHUNK]
        ours = _by_id(connection, chunk)
        for there in chunk:
            yield from _compared(span, report, known, ours.get(there.stripe_id), there)
    where = of_activity(span.livemode, report.start, report.end)
    for here in _alone(connection, report, where):
        yield from _compared(span, report, known, here, None)


def _payout_rows(
    connection: Connection, span: Span, report: Report, known: _Known
) -> Iterator[Break]:
    """Some versions sign what was paid out as the ledger does, others turn it round: whichever
    makes more of their rows the ledger's is meant."""
    theirs = list(_theirs(connection, report))
    ours: dict[str, _Row] = {}
    for start in range(0, len(theirs), _CHUNK):
        ours |= _by_id(connection, theirs[start : start + _CHUNK])
    votes = Counter(
        sign
        for row in theirs
        for sign in (1, -1)
        if row.stripe_id in ours and ours[row.stripe_id].gross_minor == sign * row.gross_minor
    )
    sign = -1 if votes[-1] > votes[1] else 1
    for row in theirs:
        gross, net = sign * row.gross_minor, sign * row.net_minor
        there = replace(row, gross_minor=gross, fee_minor=gross - net, net_minor=net)
        here = ours.get(row.stripe_id)
        yield from _compared(span, report, known, here, there)
        if here is not None and here.at != there.at and row.stripe_id not in known.rows:
            # One of the first or last day may count on either side of midnight.
            known.add(here, there)
    where = of_payouts(span.livemode, report.start, report.end)
    for here in _alone(connection, report, where):
        if report.start + _A_DAY <= here.at < report.end - _A_DAY:
            yield from _compared(span, report, known, here, None)
        elif here.stripe_id not in known.rows:
            known.add(here, None)


def _theirs(connection: Connection, report: Report) -> Iterator[_Row]:
    query = (
        select(
            _T.object_id,
            _T.currency,
            _T.category,
            _T.gross_minor,
            _T.fee_minor,
            _T.net_minor,
            _T.at,
        )
        .where(_T.report_id == report.report_id, _T.currency.in_(report.currencies))
        .order_by(_T.position)
    )
    for row in connection.execute(query).all():
        yield _Row(*row)


def _ledger() -> Select[Any]:
    return select(
        _B.stripe_id,
        _B.currency,
        _B.reporting_category,
        _B.amount_minor,
        _B.fee_minor,
        _B.net_minor,
        effective_at(),
    ).outerjoin(payouts, _P.stripe_id == _B.source_id)


def _by_id(connection: Connection, theirs: list[_Row]) -> dict[str, _Row]:
    query = _ledger().where(_B.stripe_id.in_([row.stripe_id for row in theirs]))
    return {row.stripe_id: _Row(*row) for row in connection.execute(query)}


def _alone(connection: Connection, report: Report, where: Any) -> list[_Row]:
    """The ledger rows of a report's days and currencies that it does not have."""
    listed = exists().where(_T.report_id == report.report_id, _T.object_id == _B.stripe_id)
    query = _ledger().where(where, _B.currency.in_(report.currencies), ~listed)
    return [_Row(*row) for row in connection.execute(query.order_by(_B.stripe_id))]


def _compared(
    span: Span, report: Report, known: _Known, here: _Row | None, there: _Row | None
) -> Iterator[Break]:
    """What a row and its like say otherwise, unless that was told; the break of another day is
    told by the proof of that one."""
    shown = there or here
    assert shown is not None  # one of the two has it
    if shown.stripe_id in known.rows:
        return
    found = list(_unlike(report, here, there))
    if not found:
        return
    known.add(here, there)
    if span.start <= shown.at < span.end:
        for kind, ours, theirs in found:
            yield Break(
                IDENTITY,
                kind,
                shown.stripe_id,
                (here or shown).currency,
                span.day(shown.at),
                "late" if here is None else "report_row",
                ours_minor=ours,
                theirs_minor=theirs,
                due=shown.at + LISTED_LATE if here is None else None,
            )


def _unlike(
    report: Report, here: _Row | None, there: _Row | None
) -> Iterator[tuple[str, int | None, int | None]]:
    if here is None or there is None:
        if here is not None:
            yield "missing_there", here.net_minor, None
        elif there is not None:
            yield "missing_here", None, there.net_minor
        return
    if here.currency != there.currency:
        yield "currency", here.net_minor, there.net_minor
    if here.fee_minor != there.fee_minor:
        yield "fee", here.fee_minor, there.fee_minor
    if here.gross_minor != there.gross_minor:
        yield "amount", here.gross_minor, there.gross_minor
    elif here.net_minor not in (there.net_minor, here.gross_minor - here.fee_minor):
        yield "amount", here.net_minor, there.net_minor
    if here.category != there.category:
        yield "category", here.gross_minor, there.gross_minor
    if _on_other_days(report, here, there):
        yield "day", None, None


def _on_other_days(report: Report, here: _Row, there: _Row) -> bool:
    """A file may have times of its zone alone: an hour that comes twice a year is one."""
    if report.report_type == PAYOUTS:
        return abs(here.at - there.at) >= _A_DAY
    zone = ZoneInfo(report.zone)
    ours, theirs = (
        row.at.astimezone(zone).replace(microsecond=0, tzinfo=None) for row in (here, there)
    )
    return ours != theirs


def _categories(
    connection: Connection, span: Span, report: Report, known: _Known
) -> Iterator[Break]:
    """A summary of activity, category by category: gross, fee, net and count."""
    where = of_activity(span.livemode, report.start, report.end)
    ours = _sums(connection, where, report)
    query = select(
        _T.currency, _T.category, _T.gross_minor, _T.fee_minor, _T.net_minor, _T.count
    ).where(_T.report_id == report.report_id, _T.currency.in_(report.currencies))
    theirs = {(row[0], row[1]): list(row[2:]) for row in connection.execute(query)}
    wrong: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * 4)
    for one, is_payout in known.between(report.start, report.end):
        if not is_payout and one.currency in report.currencies:
            figures = (one.gross_minor, one.fee_minor, one.net_minor, one.count)
            for place, minor in enumerate(figures):
                wrong[one.currency, one.category][place] += minor
    nothing = [0] * 4
    for key in sorted({*ours, *theirs, *wrong}):
        currency, category = key
        here, there = ours.get(key, nothing), theirs.get(key, nothing)
        meant = [one - off for one, off in zip(here, wrong.get(key, nothing), strict=True)]
        if there in (here, meant):
            continue
        known.told[report.start, report.end, currency] += meant[2] - there[2]
        fee_alone = meant[0] == there[0] and meant[1] != there[1]
        place = 1 if fee_alone else 0
        kind = "fee" if fee_alone else "amount" if meant[0] != there[0] else "unexplained"
        yield _of_sum(span, report, kind, category, currency, meant[place], there[place])


def _sums(
    connection: Connection, where: ColumnElement[bool], report: Report
) -> dict[tuple[str, str], list[int]]:
    query = (
        select(
            _B.currency,
            _B.reporting_category,
            func.sum(_B.amount_minor),
            func.sum(_B.fee_minor),
            func.sum(_B.net_minor),
            func.count(),
        )
        .where(where, _B.currency.in_(report.currencies))
        .group_by(_B.currency, _B.reporting_category)
    )
    return {(row[0], row[1]): [int(one) for one in row[2:]] for row in connection.execute(query)}


def _balances(connection: Connection, span: Span, report: Report, known: _Known) -> Iterator[Break]:
    """Starting balance, activity and payouts of each currency. The ending balance is what these
    come to, here and there, so it is told by them."""
    query = select(_T.currency, _T.category, _T.net_minor).where(_T.report_id == report.report_id)
    theirs = {(row[0], row[1]): row[2] for row in connection.execute(query)}
    ours = _balances_here(connection, span, report)
    wrong: Counter[tuple[str, str]] = Counter()
    for one, _is_payout in known.between(None, report.start):
        wrong[one.currency, STARTING] += one.net_minor
    for one, is_payout in known.between(report.start, report.end):
        wrong[one.currency, PAID_OUT if is_payout else MOVED] += one.net_minor
    for currency in report.currencies:
        wrong[currency, MOVED] += known.told[report.start, report.end, currency]
        for name in (STARTING, MOVED, PAID_OUT):
            here, there = ours[currency, name], theirs[currency, name]
            meant = here - wrong[currency, name]
            if there not in (here, meant):
                yield _of_sum(span, report, "unexplained", name, currency, meant, there)


def _balances_here(
    connection: Connection, span: Span, report: Report
) -> Mapping[tuple[str, str], int]:
    """What the ledger makes of a balance summary's figures, in minor units."""
    found: Counter[tuple[str, str]] = Counter()
    for name, at in ((STARTING, report.start), (ENDING, report.end)):
        for currency, minor in report_closings(connection, span.livemode, at).items():
            found[currency, name] = minor
    where = of_activity(span.livemode, report.start, report.end)
    for (currency, _), figures in _sums(connection, where, report).items():
        found[currency, MOVED] += figures[2]
    for currency in report.currencies:
        before = found[currency, STARTING] + found[currency, MOVED]
        found[currency, PAID_OUT] = found[currency, ENDING] - before
    return found


def _of_sum(
    span: Span,
    report: Report,
    kind: str,
    name: str,
    currency: str,
    ours: int,
    theirs: int,
) -> Break:
    last = report.end - timedelta(microseconds=1)
    day = last.astimezone(ZoneInfo(report.zone)).date()
    return Break(
        IDENTITY,
        kind,
        f"{name} {day}"[-64:],
        currency,
        span.day(last),
        "report_sum",
        ours_minor=ours,
        theirs_minor=theirs,
    )
