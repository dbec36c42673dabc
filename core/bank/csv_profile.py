"""Statements in CSV, by a column profile that is saved with the account: each bank has its own."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from core.bank import statements
from core.bank.statements import BankLine, BankStatement, joined, minor_units
from core.errors import InvalidInput, StatementRefused

ENCODINGS = ("utf-8", "cp1252", "latin-1", "utf-16")
DELIMITERS = (",", ";", "\t", "|")
#: `signed`: one column with a sign. `columns`: a column for credits and one for debits.
#: `marked`: one column, and another that holds one of `debit_marks` for a debit.
SIGNS = ("signed", "columns", "marked")
_DATE = re.compile(r"(?:%[dmYy]|[-./ ]){5,8}")
_MOST_SKIPPED = 50
_PROFILE = "csv_profile"


@dataclass(frozen=True)
class CsvProfile:
    """How one bank writes its CSV. Columns are named as in its heading.

    `skip`: lines before the heading. `date_format`: as `strptime` has it, of %d %m %Y %y.
    `decimal_mark`: `.` or `,`; the other one may group thousands. `balance`: the account's balance
    after the line, which proves the sums. `newest_first`: in which order the lines stand.
    """

    booked_on: str
    date_format: str
    amount: str = ""
    sign: str = "signed"
    credit: str = ""
    debit: str = ""
    mark: str = ""
    debit_marks: tuple[str, ...] = ()
    decimal_mark: str = "."
    value_on: str = ""
    currency: str = ""
    name: str = ""
    text: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    balance: str = ""
    newest_first: bool = False
    delimiter: str = ","
    encoding: str = "utf-8"
    skip: int = 0


_SEVERAL = frozenset(["debit_marks", "text", "references"])


def from_json(written: str) -> CsvProfile:
    """A profile from a JSON object of its fields; `InvalidInput` names the one that is wrong."""
    try:
        found = json.loads(written)
    except ValueError:
        raise InvalidInput(_PROFILE, "must be a JSON object") from None
    if not isinstance(found, dict):
        raise InvalidInput(_PROFILE, "must be a JSON object")
    known = {one.name for one in fields(CsvProfile)}
    for name in found:
        if name not in known:
            raise InvalidInput(_PROFILE, "has no field {name}", name=str(name)[:40])
    values = {name: _value(name, value) for name, value in found.items()}
    for name in ("booked_on", "date_format"):
        if not values.get(name):
            raise InvalidInput(_PROFILE, "must have the field {name}", name=name)
    return _checked(CsvProfile(**values))


def to_json(profile: CsvProfile) -> str:
    """The JSON that `from_json` reads back."""
    return json.dumps({one.name: getattr(profile, one.name) for one in fields(profile)})


def _value(name: str, value: Any) -> Any:
    if name in _SEVERAL:
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise InvalidInput(_PROFILE, "must have a list of texts in {name}", name=name)
        return tuple(value)
    kind = {"skip": int, "newest_first": bool}.get(name, str)
    if type(value) is not kind:
        raise InvalidInput(_PROFILE, "must have a {kind} in {name}", kind=kind.__name__, name=name)
    return value


def _checked(profile: CsvProfile) -> CsvProfile:
    needed = {
        "signed": (profile.amount,),
        "columns": (profile.credit, profile.debit),
        "marked": (profile.amount, profile.mark, profile.debit_marks),
    }
    for name, allowed in (
        ("sign", SIGNS),
        ("encoding", ENCODINGS),
        ("delimiter", DELIMITERS),
        ("decimal_mark", (".", ",")),
    ):
        if getattr(profile, name) not in allowed:
            shown = ", ".join(repr(one) for one in allowed)
            raise InvalidInput(
                _PROFILE, "must have in {name} one of {shown}", name=name, shown=shown
            )
    if not all(needed[profile.sign]):
        raise InvalidInput(
            _PROFILE, "names not the columns that sign {sign} needs", sign=profile.sign
        )
    if not _DATE.fullmatch(profile.date_format) or not _is_whole_date(profile.date_format):
        raise InvalidInput(_PROFILE, "must have a date_format such as %d.%m.%Y")
    if not 0 <= profile.skip <= _MOST_SKIPPED:
        raise InvalidInput(_PROFILE, "must skip 0 to {most} lines", most=_MOST_SKIPPED)
    return profile


def _is_whole_date(pattern: str) -> bool:
    return sorted(re.findall("%.", pattern.lower())) == ["%d", "%m", "%y"]


def read(data: bytes, profile: CsvProfile, account: str, currency: str) -> list[BankStatement]:
    """One statement of an account, checked; `StatementRefused` names the line that is wrong.

    With a balance column each line is proved by the balances around it; without one nothing is.
    """
    statements.known(currency)
    rows = list(_rows(data, profile))
    if not rows:
        raise StatementRefused("file", "has no lines")
    found = [
        (_line(row, at, profile, currency), _balance(row, at, profile, currency), at)
        for at, row in rows
    ]
    if profile.newest_first:
        found.reverse()
    opening, closing = _proved(found)
    lines = tuple(line for line, _, _ in found)
    days = [line.booked_on for line in lines]
    return [
        statements.checked(
            BankStatement(
                account=account,
                currency=currency,
                format=statements.CSV,
                number="",
                opening_minor=opening,
                closing_minor=closing,
                opened_on=min(days),
                closed_on=max(days),
                lines=lines,
            )
        )
    ]


def _rows(data: bytes, profile: CsvProfile) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Each line as its columns by their heading, with its number."""
    try:
        text = data.decode("utf-8-sig" if profile.encoding == "utf-8" else profile.encoding)
    except UnicodeError:
        shown = profile.encoding
        raise StatementRefused("file", "is not text in {shown}", shown=shown) from None
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=profile.delimiter, strict=True)
    try:
        for _ in range(profile.skip):
            next(reader, None)
        heading = [cell.strip() for cell in next(reader, [])]
        _check_heading(heading, profile)
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(heading):
                rule = "must have {n} columns"
                raise StatementRefused(f"line {reader.line_num}", rule, n=len(heading))
            yield reader.line_num, dict(zip(heading, row, strict=True))
    except csv.Error:
        raise StatementRefused(f"line {reader.line_num}", "is no CSV") from None


def _check_heading(heading: list[str], profile: CsvProfile) -> None:
    one = (profile.booked_on, profile.value_on, profile.amount, profile.credit, profile.debit)
    more = (profile.mark, profile.currency, profile.name, profile.balance)
    for column in filter(None, (*one, *more, *profile.text, *profile.references)):
        if heading.count(column) != 1:
            raise StatementRefused("heading", "must have {column} once", column=column[:40])


def _line(row: Mapping[str, str], at: int, profile: CsvProfile, currency: str) -> BankLine:
    stated = row[profile.currency].strip().lower() if profile.currency else currency
    if stated != currency:
        raise statements.mixed(stated, currency)
    written = row[profile.value_on].strip() if profile.value_on else ""
    return BankLine(
        booked_on=_day(row[profile.booked_on], at, profile),
        value_on=_day(written, at, profile) if written else None,
        amount_minor=_amount(row, at, profile, currency),
        currency=currency,
        name=joined(row[profile.name] if profile.name else "")[: statements.LONGEST_NAME],
        text=joined(*(row[column] for column in profile.text)),
        references=statements.references(*(row[column] for column in profile.references)),
    )


def _day(written: str, at: int, profile: CsvProfile) -> date:
    return statements.day(written, profile.date_format, f"line {at}")


def _amount(row: Mapping[str, str], at: int, profile: CsvProfile, currency: str) -> int:
    def minor(column: str) -> int:
        return _minor(row[column], at, profile, currency)

    if profile.sign == "signed":
        return minor(profile.amount)
    if profile.sign == "marked":
        is_debit = row[profile.mark].strip() in profile.debit_marks
        amount = minor(profile.amount)
        if amount < 0:
            raise StatementRefused(f"line {at}", "must have no sign beside its mark")
        return -amount if is_debit else amount
    credit, debit = (row[column].strip() for column in (profile.credit, profile.debit))
    if bool(credit) == bool(debit):
        raise StatementRefused(f"line {at}", "must have either a credit or a debit")
    # Some banks write a debit with its sign, some without.
    return minor(profile.credit) if credit else -abs(minor(profile.debit))


def _minor(written: str, at: int, profile: CsvProfile, currency: str) -> int:
    grouping = "," if profile.decimal_mark == "." else "."
    body = "".join(written.split()).replace("\u2212", "-").replace("'", "")
    whole, mark, decimals = body.partition(profile.decimal_mark)
    if grouping in body:
        # A grouping mark that groups no thousands is a decimal mark of another profile.
        groups = whole.lstrip("+-").split(grouping)
        if (
            grouping in decimals
            or not 1 <= len(groups[0]) <= 3
            or any(len(one) != 3 for one in groups[1:])
        ):
            raise StatementRefused(
                f"line {at}", "must have amounts such as 1234{mark}50", mark=profile.decimal_mark
            )
        whole = whole.replace(grouping, "")
    return minor_units(f"{whole}.{decimals}" if mark else whole, currency, f"line {at}")


def _balance(row: Mapping[str, str], at: int, profile: CsvProfile, currency: str) -> int | None:
    return _minor(row[profile.balance], at, profile, currency) if profile.balance else None


def _proved(found: list[tuple[BankLine, int | None, int]]) -> tuple[int | None, int | None]:
    """Opening and closing balance, after each line was held against the balances around it."""
    first, balance, _ = found[0]
    if balance is None:
        return None, None
    opening = standing = balance - first.amount_minor
    for line, after, at in found:
        standing += line.amount_minor
        if after != standing:
            raise StatementRefused(f"line {at}", "has a balance that its amount does not make")
    return opening, standing
