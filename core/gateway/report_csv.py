"""Stripe's balance reports as CSV files: which report a file is, and its rows in minor units.

Columns are those of docs.stripe.com/reports/report-types/balance, found by the names in the header,
in any order; more of them are passed over. Amounts there are major units of Stripe's exponents,
with a point or a comma as decimal sign, and are read without floating point.
"""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from core.errors import InvalidInput, ReportRefused, UnknownCurrency
from core.money import exponent, known_currency
from core.states import ReportFigure, ReportType

BALANCE_SUMMARY, ACTIVITY_SUMMARY, ACTIVITY, PAYOUTS = (one.value for one in ReportType)
#: The categories of a balance summary.
STARTING, MOVED, PAID_OUT, ENDING = (one.value for one in ReportFigure)
#: What `MOVED` and `PAID_OUT` are made of, where a file tells it.
_PARTS = {
    MOVED: ("activity_gross", "activity_fee"),
    PAID_OUT: ("payouts_gross", "payouts_fee"),
}
#: The last row of a summary of activity, where there is one.
_TOTAL = "total"

LONGEST_FILE = 50_000_000
MOST_ROWS = 500_000
_AMOUNT = re.compile(r"(-?)([0-9]{1,15})(?:[.,]([0-9]{1,8}))?")
#: The days in the name that the Dashboard gives a file, the last one included.
_NAMED = re.compile(r"(\d{4}-\d{2}-\d{2})_to_(\d{4}-\d{2}-\d{2})(?:_(UTC)\b)?")
_DAY = re.compile(r"\((\d{4}-\d{2}-\d{2})\)")
#: These reports list the same columns, and other rows.
_OTHERS = frozenset(["trace_id", "trace_id_status", "destination_payment_id"])
_FIGURES = ("currency", "gross", "fee", "net", "reporting_category")


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A row: of one balance transaction (`object_id`), or a sum.

    Amounts are minor units of `currency`, signed as the file has them. `at` (UTC) is when it was
    created, of a payout when it took effect.
    """

    currency: str
    category: str
    net_minor: int
    gross_minor: int | None = None
    fee_minor: int | None = None
    count: int | None = None
    object_id: str | None = None
    payout_id: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReportFile:
    """What a file says: of which report it is, from `start` until before `end` (UTC), the days of
    `zone`."""

    report_type: str
    start: datetime
    end: datetime
    zone: str
    rows: tuple[ReportRow, ...]

    @property
    def currencies(self) -> tuple[str, ...]:
        """Those that it says something of."""
        return tuple(sorted({row.currency for row in self.rows}))


@dataclass(frozen=True, slots=True)
class Days:
    """The days that a report was asked for, both included, as days of a zone; None: what the file
    or its name says."""

    first: date | None = None
    last: date | None = None
    zone: ZoneInfo | None = None


def read(data: bytes, *, file_name: str = "", days: Days | None = None) -> ReportFile:
    """A report's file; `ReportRefused` names the field and the rule.

    Stripe's files do not say which days they are of, but for the balance summary and by the names
    that the Dashboard gives them: else `days` must.
    """
    header, lines = _table(data)
    report_type = _type(header)
    asked = days or Days()
    named = _NAMED.search(file_name)
    zone = asked.zone or ZoneInfo("UTC")
    if named and named[3] and str(zone) != "UTC":
        raise ReportRefused("timezone", "is UTC by the name of the file")
    _one_decimal_sign(lines)
    rows = tuple(_rows(report_type, lines, zone))
    if not rows:
        raise ReportRefused("file", "has no rows, and says nothing")
    said = [(asked.first, asked.last)]
    said += [(_day(named[1]), _day(named[2]))] if named else []
    said += [_described(lines)] if report_type == BALANCE_SUMMARY else []
    first, last = (_agreed(name, place, said) for place, name in enumerate(("from", "to")))
    if last < first:
        raise ReportRefused("to", "is not before from")
    start, end = (
        datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
        for day in (first, last + timedelta(days=1))
    )
    found = ReportFile(report_type, start, end, str(zone), rows)
    _check(found)
    return found


def _table(data: bytes) -> tuple[list[str], list[dict[str, str]]]:
    if len(data) > LONGEST_FILE:
        raise ReportRefused("file", "has at most {most} bytes", most=LONGEST_FILE)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ReportRefused("file", "is text in UTF-8") from None
    first = text.partition("\n")[0]
    # Beside decimal commas some programs save a file again with semicolons.
    mark = ";" if ";" in first and "," not in first else ","
    found = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    try:
        header = [one.strip().lower() for one in next(found, [])]
        lines: list[dict[str, str]] = []
        for number, line in enumerate(found, 2):
            if not line:
                continue
            if len(line) != len(header):
                raise ReportRefused(
                    "file", "has {wanted} columns in line {line}", wanted=len(header), line=number
                )
            if len(lines) == MOST_ROWS:
                raise ReportRefused("file", "has at most {most} rows", most=MOST_ROWS)
            lines.append(dict(zip(header, line, strict=True)) | {"": str(number)})
    except csv.Error:
        raise ReportRefused("file", "is a CSV file") from None
    if len(set(header)) != len(header):
        raise ReportRefused("header", "has each column once")
    return header, lines


def _type(header: list[str]) -> str:
    """The report that has these columns."""
    known = set(header)
    if other := known & _OTHERS:
        raise ReportRefused(
            "header",
            "is of a payout reconciliation (it has {column}); the balance reports are read",
            column=min(other),
        )
    if {"category", "net_amount", "currency"} <= known:
        return BALANCE_SUMMARY
    if known.issuperset(_FIGURES):
        dated = {f"{name}{utc}" for name in ("created", "effective_at") for utc in ("", "_utc")}
        if "balance_transaction_id" not in known:
            if "count" in known:
                return ACTIVITY_SUMMARY
        elif "payout_id" in known and known & {"effective_at", "effective_at_utc"}:
            return PAYOUTS
        elif known & dated & {"created", "created_utc"}:
            return ACTIVITY
    raise ReportRefused(
        "header",
        "is of none of the reports {known}",
        known=", ".join((BALANCE_SUMMARY, ACTIVITY_SUMMARY, ACTIVITY, PAYOUTS)),
    )


def _rows(report_type: str, lines: list[dict[str, str]], zone: ZoneInfo) -> Iterator[ReportRow]:
    if report_type == BALANCE_SUMMARY:
        yield from _balances(lines)
        return
    moment = "effective_at" if report_type == PAYOUTS else "created"
    for line in lines:
        category = line["reporting_category"].strip()
        if report_type == ACTIVITY_SUMMARY and category.lower() == _TOTAL:
            continue
        currency = _currency(line)
        if not 0 < len(category) <= 64:
            raise _refused(line, "reporting_category", "has 1 to 64 characters (line {line})")
        gross, fee, net = (_minor(line, name, currency) for name in ("gross", "fee", "net"))
        # Of a payout the fee may stand on either side of what was paid out.
        if net != gross - fee and not (report_type == PAYOUTS and net == gross + fee):
            raise _refused(line, "net", "is gross less fee (line {line})")
        yield ReportRow(
            currency,
            category,
            net,
            gross,
            fee,
            count=_count(line) if report_type == ACTIVITY_SUMMARY else None,
            object_id=_id(line, "balance_transaction_id", "txn_")
            if report_type != ACTIVITY_SUMMARY
            else None,
            payout_id=_id(line, "payout_id", "po_") if report_type == PAYOUTS else None,
            at=None if report_type == ACTIVITY_SUMMARY else _moment(line, moment, zone),
        )


def _balances(lines: list[dict[str, str]]) -> Iterator[ReportRow]:
    """The four figures of each currency; what else a file tells is a part of them, and comes to
    them."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for line in lines:
        category, currency = line["category"].strip(), _currency(line)
        if category in found[currency]:
            raise _refused(line, "category", "stands once for each currency (line {line})")
        found[currency][category] = _minor(line, "net_amount", currency)
    for currency, figures in found.items():
        for name in (STARTING, MOVED, PAID_OUT, ENDING):
            if name not in figures:
                raise ReportRefused(
                    "category", "has {name} for {currency}", name=name, currency=currency.upper()
                )
            parts = [figures[one] for one in _PARTS.get(name, ()) if one in figures]
            if len(parts) == 2 and sum(parts) != figures[name]:
                raise _unequal(name, currency)
        if figures[STARTING] + figures[MOVED] + figures[PAID_OUT] != figures[ENDING]:
            raise _unequal(ENDING, currency)
        for name in (STARTING, MOVED, PAID_OUT, ENDING):
            yield ReportRow(currency, name, figures[name])


def _unequal(name: str, currency: str) -> ReportRefused:
    return ReportRefused(
        "net_amount",
        "of {name} in {currency} is what the rows before it come to",
        name=name,
        currency=currency.upper(),
    )


def _described(lines: list[dict[str, str]]) -> tuple[date | None, date | None]:
    """The days that a balance summary names beside its balances: the last one included."""
    found: dict[str, set[date]] = defaultdict(set)
    for line in lines:
        if day := _DAY.search(line.get("description", "")):
            found[line["category"].strip()].add(_day(day[1]))
    for name in (STARTING, ENDING):
        if len(found[name]) > 1:
            raise ReportRefused("description", "of {name} names one day", name=name)
    return min(found[STARTING], default=None), min(found[ENDING], default=None)


def _agreed(name: str, place: int, said: list[tuple[date | None, date | None]]) -> date:
    """The day on which all that say one agree."""
    days = {pair[place] for pair in said} - {None}
    if len(days) > 1:
        raise ReportRefused(
            name,
            "is one day; the file, its name and what was given say {days}",
            days=", ".join(sorted(str(day) for day in days)),
        )
    found = next(iter(days), None)
    if found is None:
        raise ReportRefused(name, "must be given: the file does not say which days it is of")
    return found


def _check(found: ReportFile) -> None:
    """Each row stands once, and within the days."""
    seen: set[tuple[str, str]] = set()
    for row in found.rows:
        key = (row.object_id or row.category, row.currency)
        if key in seen:
            raise ReportRefused("file", "has {what} once", what=key[0])
        seen.add(key)
        if row.at is not None and not found.start <= row.at < found.end:
            raise ReportRefused(
                "created" if found.report_type == ACTIVITY else "effective_at",
                "of {row} lies within the days {first} to {last}",
                row=row.object_id,
                first=found.start.astimezone(ZoneInfo(found.zone)).date(),
                last=(found.end - timedelta(seconds=1)).astimezone(ZoneInfo(found.zone)).date(),
            )


def _refused(line: Mapping[str, str], field: str, rule: str, **values: object) -> ReportRefused:
    return ReportRefused(field, rule, line=line[""], **values)


def _currency(line: Mapping[str, str]) -> str:
    try:
        return known_currency(line["currency"].strip().lower())
    except UnknownCurrency:
        raise _refused(line, "currency", "is a currency of Stripe's (line {line})") from None


def _one_decimal_sign(lines: list[dict[str, str]]) -> None:
    """A file has one decimal sign: `1.234,50` and `1,234.50` are two readings of it."""
    marks = {
        mark
        for line in lines
        for name in ("gross", "fee", "net", "net_amount")
        for mark in ".,"
        if mark in line.get(name, "")
    }
    if len(marks) > 1:
        raise ReportRefused("decimal_separator", "is a point or a comma, the same in all amounts")


def _minor(line: Mapping[str, str], field: str, currency: str) -> int:
    """Minor units, exact. More decimals than the currency has are refused, zeros too: they may be
    thousands. Whole currencies are written with .00 by some versions."""
    text = line[field].strip()
    found = _AMOUNT.fullmatch(text)
    if found is None:
        raise _refused(line, field, "is a number in major units such as 12.34 (line {line})")
    digits = exponent(currency)
    decimals = found[3] or ""
    if digits == 0 and decimals == "00":
        decimals = ""
    if len(decimals) > digits:
        raise _refused(
            line,
            field,
            "has at most {digits} decimals in {currency} (line {line})",
            digits=digits,
            currency=currency.upper(),
        )
    return int(f"{found[1]}{found[2]}{decimals.ljust(digits, '0')}")


def _count(line: Mapping[str, str]) -> int:
    text = line["count"].strip()
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise _refused(line, "count", "is a number of rows (line {line})")
    return int(text)


def _id(line: Mapping[str, str], field: str, prefix: str) -> str:
    text = line[field].strip()
    if not (text.startswith(prefix) and text.isascii() and len(text) <= 64):
        raise _refused(
            line, field, "is an id that begins with {prefix} (line {line})", prefix=prefix
        )
    return text


def _moment(line: Mapping[str, str], name: str, zone: ZoneInfo) -> datetime:
    """When a row happened, in UTC. Where a file has it twice, both are one moment."""
    known = {
        field: _time(line, field, at)
        for field, at in ((f"{name}_utc", ZoneInfo("UTC")), (name, zone))
        if line.get(field, "").strip()
    }
    if not known:
        raise _refused(line, name, "is not empty (line {line})")
    first = next(iter(known.values()))
    if any(
        one.astimezone(zone).replace(tzinfo=None, fold=0)
        != first.astimezone(zone).replace(tzinfo=None, fold=0)
        for one in known.values()
    ):
        raise _refused(
            line, name, "is the same moment in UTC: name the report's time zone (line {line})"
        )
    return first


def _time(line: Mapping[str, str], field: str, zone: ZoneInfo) -> datetime:
    try:
        found = datetime.fromisoformat(line[field].strip())
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None:
        raise _refused(line, field, "is a time such as 2026-11-30 18:05:00 (line {line})")
    return found.replace(tzinfo=zone).astimezone(UTC)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ReportRefused("file", "names days such as 2026-11-30") from None


def zone_named(text: str) -> ZoneInfo:
    """A time zone by its name; `InvalidInput` where there is none."""
    try:
        return ZoneInfo(text)
    except (ValueError, OSError, KeyError):
        raise InvalidInput("timezone", "is a time zone such as UTC or Europe/Berlin") from None
