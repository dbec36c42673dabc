"""Closing a month: what keeps it from being closed, its certificate, and whether it still holds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, and_, exists, func, insert, or_, select, update

from core import clock
from core.access import audit
from core.db.tables import (
    audit_log,
    balance_checks,
    balance_transactions,
    bank_accounts,
    bank_statements,
    breaks,
    ledger_checks,
    payouts,
    period_sums,
    period_witnesses,
    periods,
    reconcile_runs,
    revenue_daily,
)
from core.domain import versions
from core.domain.closings import last_readings
from core.domain.imported_witnesses import bank_heard, report_heard
from core.errors import AlreadyDecided, InvalidInput, NotFound
from core.proof.balance import closings
from core.proof.seal import Seal, counted_in, seal
from core.proof.span import Span, month_of
from core.reads.revenue.categories import KNOWN
from core.states import BreakState, PeriodState
from core.version import VERSION

ASK, CLOSE, REOPEN = "period.ask", "period.close", "period.reopen"
VERIFY = "period.verify"
_P, _B = periods.c, balance_transactions.c

#: Who works on the machine itself, and stands for both persons.
OPERATOR = "command line"

#: What must not be when a month is closed, in words.
BLOCKERS = {
    "not_over": "The month is not over.",
    "not_reconciled": "No reconciliation has covered the whole month since it ended.",
    "open_breaks": "Breaks of the month are open or past their due date.",
    "unmapped": "Rows of the month have a category that is not mapped.",
    "list_not_read": "Days of the month were never compared with Stripe's list.",
    "balance_not_read": "Stripe's balance was not read since the month ended.",
    "balance_differs": "The ledger does not come to Stripe's balance.",
    "statement_missing": "Payouts arrived on a bank account that has no statement of the month.",
}


@dataclass(frozen=True, slots=True)
class Blocker:
    """Something that keeps a month open: a key of `BLOCKERS`, and how many there are."""

    id: str
    count: int


@dataclass(frozen=True, slots=True)
class Expected:
    """A break of the month that may still go by itself until `due_at` (UTC): it keeps nothing open,
    and stands in the certificate. Amounts are minor units; None where a side has nothing."""

    kind: str
    object_id: str
    currency: str
    ours_minor: int | None
    theirs_minor: int | None
    due_at: datetime

    def shown(self) -> dict[str, Any]:
        """As the certificate and `period close --json` have it."""
        return {
            "kind": self.kind,
            "object_id": self.object_id,
            "currency": self.currency,
            "ours_minor": self.ours_minor,
            "theirs_minor": self.theirs_minor,
            "due": self.due_at.isoformat(),
        }


def span_of(month: str, livemode: bool, zone: ZoneInfo) -> Span:
    """The days of `2026-11`; `InvalidInput` for anything else."""
    return Span(livemode, *month_of(month), zone)


def blockers(
    connection: Connection, span: Span, now: datetime, *, by_sums: bool = False
) -> list[Blocker]:
    """What keeps the month from being closed now; none when it may be.

    `by_sums`: trust the daily sums to name the categories there are, to show somebody where they
    stand. Who closes the month has its rows read.
    """
    found = {
        "not_over": int(now < span.end),
        "not_reconciled": int(not _reconciled(connection, span)),
        "open_breaks": _count_open(connection, span, now),
        "unmapped": _count_unmapped(connection, span, by_sums),
        "list_not_read": _days_not_read(connection, span, now),
        **_of_balance(connection, span),
        "statement_missing": _statements_missing(connection, span),
    }
    return [Blocker(name, found[name]) for name in BLOCKERS if found[name]]


def _reconciled(connection: Connection, span: Span) -> bool:
    r = reconcile_runs.c
    query = select(r.id).where(
        r.livemode == span.livemode,
        r.first_day <= span.first,
        r.last_day >= span.last,
        r.outcome != "unknown",
        r.started_at >= span.end,
    )
    return connection.scalar(query.limit(1)) is not None


def _count_open(connection: Connection, span: Span, now: datetime) -> int:
    """Breaks that are open, and those that a run expected to go by themselves and that are due."""
    k = breaks.c
    late = and_(k.state == BreakState.EXPECTED, or_(k.due_at.is_(None), k.due_at <= now))
    query = select(func.count()).where(
        _of_month(span), or_(k.state == BreakState.OPEN, late), k.kind != "unmapped"
    )
    return connection.scalar(query) or 0


def _of_month(span: Span) -> ColumnElement[bool]:
    k = breaks.c
    return and_(k.livemode == span.livemode, k.day.between(span.first, span.last))


def expected(connection: Connection, span: Span, now: datetime) -> list[Expected]:
    """The breaks of a month that are not due yet, the next due first."""
    k = breaks.c
    query = (
        select(k.kind, k.object_id, k.currency, k.ours_minor, k.theirs_minor, k.due_at)
        .where(_of_month(span), k.state == BreakState.EXPECTED, k.due_at > now)
        .order_by(k.due_at, k.kind, k.object_id, k.currency)
    )
    return [Expected(*row) for row in connection.execute(query)]


def _count_unmapped(connection: Connection, span: Span, by_sums: bool) -> int:
    if by_sums:
        r = revenue_daily.c
        # The names stand in the key of the sums.
        names = select(r.reporting_category).where(r.livemode == span.livemode).distinct()
        if KNOWN.issuperset(connection.scalars(names)):
            return 0
    query = select(func.count()).where(
        counted_in(span.livemode, span.first, span.last),
        _B.reporting_category.not_in(sorted(KNOWN)),
    )
    return connection.scalar(query) or 0


def _days_not_read(connection: Connection, span: Span, now: datetime) -> int:
    c = ledger_checks.c
    days = [day for day in span.utc_days() if day < now.date()]
    read = connection.scalar(
        select(func.count(c.day.distinct())).where(
            c.livemode == span.livemode,
            c.day.in_(days),
            c.theirs_digest.is_not(None),
        )
    )
    return len(days) - int(read or 0)


def _of_balance(connection: Connection, span: Span) -> dict[str, int]:
    c = balance_checks.c
    rows = connection.execute(select(balance_checks).where(c.livemode == span.livemode)).all()
    fresh = [row for row in rows if row.checked_at >= span.end]
    differing = [row for row in fresh if row.opening_minor + row.ledger_minor != row.balance_minor]
    return {"balance_not_read": int(not fresh), "balance_differs": len(differing)}


def _statements_missing(connection: Connection, span: Span) -> int:
    """Currencies with an account and payouts that arrived in the month, and no statement of it. Who
    names no account keeps no statements here, and closes without."""
    a, s, p = bank_accounts.c, bank_statements.c, payouts.c
    of_account = (a.livemode == span.livemode, a.currency == p.currency)
    account = exists().where(*of_account)
    statement = exists().where(
        *of_account,
        s.account_id == a.id,
        s.opened_on <= span.last,
        s.closed_on >= span.first,
    )
    query = select(func.count(p.currency.distinct())).where(
        p.livemode == span.livemode,
        p.status == "paid",
        p.arrival_at >= span.start,
        p.arrival_at < span.end,
        account,
        ~statement,
    )
    return connection.scalar(query) or 0


def current(connection: Connection, month: str, livemode: bool) -> Any | None:
    """The newest row of a month, whatever its state; None where nobody ever asked."""
    query = select(periods).where(_P.month == month, _P.livemode == livemode)
    return connection.execute(query.order_by(_P.number.desc()).limit(1)).first()


def ask(connection: Connection, span: Span, *, asked_by: str, now: datetime) -> int:
    """Ask for a month to be closed: a second person is to confirm it. Its number.

    `InvalidInput` names what keeps it open; `AlreadyDecided` where it is closed or asked for.
    """
    month = f"{span.first:%Y-%m}"
    last = current(connection, month, span.livemode)
    if last is not None and last.state != PeriodState.REOPENED:
        raise AlreadyDecided(f"{month} is closed or waits for a second person.")
    _unblocked(connection, span, now)
    made = connection.execute(
        insert(periods).values(
            livemode=span.livemode,
            month=month,
            number=1 if last is None else last.number + 1,
            first_day=span.first,
            last_day=span.last,
            zone=str(span.zone),
            state=PeriodState.ASKED,
            asked_by=asked_by,
            asked_at=now,
        )
    ).inserted_primary_key
    assert made is not None  # a key that counts itself
    audit.append(connection, actor=asked_by, action=ASK, target=month, now=now)
    return int(made[0])


def _unblocked(connection: Connection, span: Span, now: datetime) -> None:
    if found := blockers(connection, span, now):
        raise InvalidInput("month", "cannot be closed yet: " + " ".join(_said(found)))


def _said(found: list[Blocker]) -> list[str]:
    return [BLOCKERS[one.id] for one in found]


def confirm(
    connection: Connection,
    month: str,
    livemode: bool,
    *,
    closed_by: str,
    now: datetime,
    second_person: bool = True,
) -> str:
    """Close a month that somebody else asked to close; the digest of its certificate.

    What keeps it open is asked for again: `InvalidInput`, as for who asked unless a second person
    is not needed. `NotFound` where nobody did.
    """
    row = current(connection, month, livemode)
    if row is None or row.state != PeriodState.ASKED:
        raise NotFound(f"Nobody asked for {month} to be closed.")
    if second_person and closed_by == row.asked_by and closed_by != OPERATOR:
        raise InvalidInput("closed_by", "is another person than who asked")
    span = Span(livemode, row.first_day, row.last_day, ZoneInfo(row.zone))
    _unblocked(connection, span, now)
    sealed = seal(connection, livemode, span.first, span.last)
    witnesses = _witnesses(connection, span)
    text = _text(_certificate(connection, span, row, sealed, witnesses, closed_by, now))
    digest = hashlib.sha256(text.encode()).hexdigest()
    _write_sums(connection, row.id, sealed, witnesses)
    connection.execute(
        update(periods)
        .where(_P.id == row.id)
        .values(
            state=PeriodState.CLOSED,
            closed_by=closed_by,
            closed_at=now,
            certificate=text,
            digest=digest,
        )
    )
    versions.bump(connection, ["revenue"], slot=0)
    details = {"digest": digest, "number": row.number, "asked_by": row.asked_by}
    audit.append(connection, actor=closed_by, action=CLOSE, target=month, details=details, now=now)
    return digest


def _witnesses(connection: Connection, span: Span) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {
            "witness": "ledger",
            "currency": one.currency,
            "amount_minor": one.closing_minor,
            "read_at": None,
        }
        for one in closings(connection, span)
        if one.balance_type == "payments"
    ]
    found += [
        {
            "witness": "stripe_balance",
            "currency": one.currency,
            "amount_minor": one.amount_minor,
            "read_at": one.read_at,
        }
        for one in last_readings(connection, span.livemode, clock.NEVER)
        if one.balance_type == "payments"
    ]
    for currency in sorted({one["currency"] for one in found}):
        found += _imported(connection, span, currency)
    return found


def _imported(connection: Connection, span: Span, currency: str) -> list[dict[str, Any]]:
    """What was imported of the month; of a witness that says nothing there is no row."""
    of: dict[str, Any] = {"livemode": span.livemode, "currency": currency}
    heard = {
        "stripe_report": report_heard(connection, start=span.start, end=span.end, **of),
        "bank": bank_heard(connection, first=span.first, last=span.last, **of),
    }
    return [
        {
            "witness": name,
            "currency": currency,
            "amount_minor": one.figure_minor,
            "read_at": one.read_at,
        }
        for name, one in heard.items()
        if one is not None
    ]


def _certificate(
    connection: Connection,
    span: Span,
    row: Any,
    sealed: Seal,
    witnesses: list[dict[str, Any]],
    closed_by: str,
    now: datetime,
) -> dict[str, Any]:
    k = breaks.c
    explained = connection.execute(
        select(k.kind, k.object_id, k.currency, k.ours_minor, k.theirs_minor, k.reason)
        .where(_of_month(span), k.state == BreakState.EXPLAINED)
        .order_by(k.kind, k.object_id, k.currency)
    )
    return {
        "form": 1,
        "program": f"tillwatch {VERSION}",
        "month": row.month,
        "number": row.number,
        "livemode": span.livemode,
        "zone": row.zone,
        "first_day": span.first.isoformat(),
        "last_day": span.last.isoformat(),
        "asked_by": row.asked_by,
        "closed_by": closed_by,
        "closed_at": now.isoformat(),
        **sealed.shown(),
        "witnesses": [
            one | {"read_at": one["read_at"].isoformat() if one["read_at"] else None}
            for one in witnesses
        ],
        "explained": [dict(one._mapping) for one in explained],
        "expected": [one.shown() for one in expected(connection, span, now)],
    }


def _text(certificate: Mapping[str, Any]) -> str:
    """The one form that the digest is of."""
    return json.dumps(certificate, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _write_sums(
    connection: Connection, period_id: int, sealed: Seal, witnesses: list[dict[str, Any]]
) -> None:
    if sealed.sums:
        connection.execute(
            insert(period_sums),
            [
                {
                    "period_id": period_id,
                    "currency": one.currency,
                    "balance_type": one.balance_type,
                    "reporting_category": one.category,
                    "count": one.count,
                    "gross_minor": one.gross_minor,
                    "fee_minor": one.fee_minor,
                    "net_minor": one.net_minor,
                }
                for one in sealed.sums
            ],
        )
    if witnesses:
        connection.execute(
            insert(period_witnesses), [{"period_id": period_id} | one for one in witnesses]
        )


def reopen(
    connection: Connection,
    month: str,
    livemode: bool,
    *,
    reopened_by: str,
    reason: str,
    now: datetime,
) -> None:
    """Open a closed month again, or take back the asking; its certificate is kept.

    What came late and was booked behind it counts in it again.
    """
    reason = reason.strip()
    if not 3 <= len(reason) <= 500:
        raise InvalidInput("reason", "has 3 to 500 characters")
    row = current(connection, month, livemode)
    if row is None or row.state == PeriodState.REOPENED:
        raise NotFound(f"{month} is not closed.")
    connection.execute(
        update(periods)
        .where(_P.id == row.id)
        .values(state=PeriodState.REOPENED, reopened_by=reopened_by, reopened_at=now, reason=reason)
    )
    connection.execute(
        update(balance_transactions)
        .where(_B.livemode == livemode, _B.business_day.between(row.first_day, row.last_day))
        .where(_B.booked_day.is_not(None))
        .values(booked_day=None)
    )
    versions.bump(connection, ["revenue"], slot=0)
    audit.append(
        connection,
        actor=reopened_by,
        action=REOPEN,
        target=month,
        details={"reason": reason, "number": row.number},
        now=now,
    )


@dataclass(frozen=True, slots=True)
class Changed:
    """A figure of a closed month as it was closed, and as its rows are now. Minor units, net."""

    currency: str
    category: str
    closed_minor: int
    now_minor: int


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A row that happened in the month and came after it was closed: it counts on `booked_day`."""

    stripe_id: str
    category: str
    currency: str
    net_minor: int
    business_day: date
    booked_day: date


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether a closed month is what it was. `faults` are words for what of the seal does not hold;
    `days` those whose rows are others now."""

    month: str
    number: int
    digest: str
    faults: tuple[str, ...]
    changed: tuple[Changed, ...]
    days: tuple[date, ...]
    adjustments: tuple[Adjustment, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing changed."""
        return not (self.faults or self.changed or self.days)


def verify(connection: Connection, month: str, livemode: bool) -> Verified:
    """Hold a closed month against its certificate; `NotFound` for one that is not closed."""
    row = current(connection, month, livemode)
    if row is None or row.state != PeriodState.CLOSED:
        raise NotFound(f"{month} is not closed.")
    kept = json.loads(row.certificate)
    now = seal(connection, livemode, row.first_day, row.last_day).shown()
    faults = _faults(connection, row, kept, now)
    before, after = _nets(kept["sums"]), _nets(now["sums"])
    changed = tuple(
        Changed(*key, before.get(key, 0), after.get(key, 0))
        for key in sorted({*before, *after})
        if before.get(key, 0) != after.get(key, 0)
    )
    days = {_day_key(one): one["digest"] for one in kept["days"]}
    today = {_day_key(one): one["digest"] for one in now["days"]}
    moved = {key[0] for key in days.keys() | today.keys() if days.get(key) != today.get(key)}
    return Verified(
        month,
        row.number,
        row.digest,
        faults,
        changed,
        tuple(date.fromisoformat(one) for one in sorted(moved)),
        _adjustments(connection, row),
    )


def _day_key(one: Mapping[str, Any]) -> tuple[str, str]:
    return one["day"], one["currency"]


def _nets(sums: list[dict[str, Any]]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for one in sums:
        key = (one["currency"], one["reporting_category"])
        found[key] = found.get(key, 0) + one["net_minor"]
    return found


def _faults(
    connection: Connection, row: Any, kept: Mapping[str, Any], now: Mapping[str, Any]
) -> tuple[str, ...]:
    found = []
    if hashlib.sha256(row.certificate.encode()).hexdigest() != row.digest:
        found.append("the certificate is not the one that was sealed")
    if not _in_the_log(connection, row):
        found.append("the audit log names another digest, or none")
    if kept["rows_digest"] != now["rows_digest"]:
        found.append("ledger rows were changed, added or removed")
    if kept["payouts_digest"] != now["payouts_digest"]:
        found.append("rows belong to other payouts than they did")
    s = period_sums.c
    sums = {
        (one.currency, one.balance_type, one.reporting_category): one.net_minor
        for one in connection.execute(select(period_sums).where(s.period_id == row.id))
    }
    sealed = {
        (one["currency"], one["balance_type"], one["reporting_category"]): one["net_minor"]
        for one in kept["sums"]
    }
    if sums != sealed:
        found.append("the kept sums are not those of the certificate")
    return tuple(found)


def _in_the_log(connection: Connection, row: Any) -> bool:
    a = audit_log.c
    query = select(a.details).where(a.action == CLOSE, a.target == row.month).order_by(a.seq.desc())
    details = (json.loads(one) for one in connection.scalars(query))
    return any(
        one.get("number") == row.number and one.get("digest") == row.digest for one in details
    )


def _adjustments(connection: Connection, row: Any) -> tuple[Adjustment, ...]:
    query = (
        select(
            _B.stripe_id,
            _B.reporting_category,
            _B.currency,
            _B.net_minor,
            _B.business_day,
            _B.booked_day,
        )
        .where(_B.livemode == row.livemode, _B.booked_day.is_not(None))
        .where(_B.business_day.between(row.first_day, row.last_day))
        .order_by(_B.business_day, _B.stripe_id)
    )
    return tuple(Adjustment(*one) for one in connection.execute(query))
