"""Statements in SWIFT's MT940, read by the library mt-940 with all its corrections on.

Without its options the library takes a reversed credit for a credit, and joins the statements of a
file.
"""

from __future__ import annotations

import io
import logging
import re
from datetime import date
from decimal import Decimal, DecimalException
from typing import Any

import mt940

from core.bank import statements
from core.bank.statements import BankLine, BankStatement, joined, minor_units
from core.errors import StatementRefused

#: It would write the text of a statement that it cannot read into the log.
logging.getLogger("mt940").setLevel(logging.CRITICAL + 1)
#: RC is a debit; ?31 is an account and no name; what `:61:` says outlives `:86:`; no text is cut.
_OPTIONS = mt940.Options.all()
#: SWIFT's envelope around a statement.
_ENVELOPE = re.compile(r"^(?:[ \t]*\{[1-5]:|-\}).*$", re.MULTILINE)
#: After the closing balance `:86:` is about the statement: the library gives it to the last line.
_AFTERWORD = re.compile(
    r"^(:62[FM]?:[^\n]*\n(?::6[45]:[^\n]*\n)*):86:.*?(?=^:20:|^-[ \t]*$|\Z)",
    re.MULTILINE | re.DOTALL,
)
#: The library reads an amount as far as it understands it: 1000.50 would become 1000.
_BALANCE = re.compile(r"[CD]\d{6}[A-Za-z]{3}\d{1,12},\d{0,3}")
_MOVEMENT = re.compile(r"\d{6}(\d{4}|\s{4})?R?[CD][A-Z]?\s?\d{1,12},\d{0,3}[A-Z][A-Z0-9 ]{3}.*")
_TAGGED = re.compile(r"^:(60[FM]?|61|62[FM]?|86):(.*)$", re.MULTILINE)
#: The most `:86:` of one line: the library joins them one by one.
_MOST_DETAILS = 50


def read(data: bytes) -> list[BankStatement]:
    """Every statement of a file, checked; `StatementRefused` names what breaks which rule."""
    text = _decoded(data).replace("\r\n", "\n").replace("\r", "\n")
    text = _AFTERWORD.sub(r"\1", _ENVELOPE.sub("", text))
    _check_tags(text)
    try:
        # As a stream: the library opens a file whose name is the text.
        found = mt940.parse_statements(io.StringIO(text), options=_OPTIONS)
    except (RuntimeError, ValueError, TypeError, KeyError, DecimalException):
        raise StatementRefused("file", "is no MT940 that can be read") from None
    return [_statement(one) for one in found]


def _decoded(data: bytes) -> str:
    """MT940 is of SWIFT's own few characters; banks that send more send UTF-8 or Latin 1."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _check_tags(text: str) -> None:
    details = 0
    for found in _TAGGED.finditer(text):
        tag, body = found[1], found[2].rstrip()
        details = details + 1 if tag == "86" else 0
        if details > _MOST_DETAILS:
            raise StatementRefused(":86:", "must be at most {most}", most=_MOST_DETAILS)
        wanted = _MOVEMENT if tag == "61" else _BALANCE
        if tag != "86" and not wanted.fullmatch(body):
            raise StatementRefused(f":{tag}:", "must be as MT940 has it, amounts like 1234,50")


def _statement(parsed: mt940.models.Transactions) -> BankStatement:
    opening, stated, opened_on = _balance(parsed, "opening")
    closing, other, closed_on = _balance(parsed, "closing")
    currency = statements.known(stated)
    if statements.known(other) != currency:
        raise statements.mixed(other, currency)
    names = ("statement_number", "sequence_number")
    return statements.checked(
        BankStatement(
            account=statements.account_number(parsed.data.get("account_identification")),
            currency=currency,
            format=statements.MT940,
            number="/".join(str(found) for name in names if (found := parsed.data.get(name))),
            opening_minor=minor_units(opening, currency, "opening balance"),
            closing_minor=minor_units(closing, currency, "closing balance"),
            opened_on=opened_on,
            closed_on=closed_on,
            lines=tuple(_line(one.data, currency) for one in parsed if "id" in one.data),
        )
    )


def _balance(parsed: mt940.models.Transactions, which: str) -> tuple[Decimal, str, date]:
    """Amount, currency and day of a balance; a page in the middle has an intermediate one."""
    for name in (f"final_{which}", f"intermediate_{which}", which):
        found = parsed.data.get(f"{name}_balance")
        if isinstance(found, mt940.models.Balance) and found.date is not None:
            amount = found.amount
            if isinstance(amount, mt940.models.Amount):
                return amount.amount, str(amount.currency), _day(found.date)
    raise StatementRefused(f"{which} balance", "is missing")


def _line(data: dict[str, Any], currency: str) -> BankLine:
    value_on = _day(data["date"])
    booked_on = data.get("entry_date")
    return BankLine(
        booked_on=_day(booked_on) if isinstance(booked_on, date) else value_on,
        value_on=value_on,
        amount_minor=minor_units(data["amount"].amount, currency, "amount of :61:"),
        currency=currency,
        name=joined(data.get("applicant_name"))[: statements.LONGEST_NAME],
        text=joined(
            data.get("posting_text"),
            data.get("purpose"),
            data.get("transaction_details"),
            data.get("additional_purpose"),
            data.get("extra_details"),
        ),
        references=_references(data),
    )


def _references(data: dict[str, Any]) -> tuple[str, ...]:
    """`KREF+` in `:86:` repeats the reference of `:61:`: the library joins the two by a line."""
    names = (
        "bank_reference",
        "customer_reference",
        "end_to_end_reference",
        "additional_position_reference",
    )
    written = [one for name in names for one in (data.get(name) or "").split("\n")]
    return statements.references(*written)


def _day(found: date) -> date:
    return date(found.year, found.month, found.day)
