"""Statements in OFX 1 (SGML) and 2 (XML), QFX too, read by the library bankfile.

OFX has a ledger balance at the moment of the download and no opening balance: the sum of such a
statement cannot be proved, so both balances stay None. A day is the one that is written: the time
and zone behind it move nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import date

from bankfile.model import ReadWarning
from bankfile.normalize import parse_amount, parse_date
from bankfile.ofx.header import read_header
from bankfile.ofx.sgml import Node, parse_tags

from core.bank import statements
from core.bank.statements import BankLine, BankStatement, joined, minor_units
from core.errors import StatementRefused

_LONGEST_TAG = 500
_LONG_TAG = re.compile(rf"<[A-Za-z_!?/][^<>]{{{_LONGEST_TAG}}}")
_TAG_AND_TEXT = re.compile(r"<(/?)([A-Za-z_][\w.:-]*)[^<>]*?(/?)>([^<]*)")
_DEEPEST = 200
_KINDS = frozenset(["STMTRS", "CCSTMTRS"])


def read(data: bytes) -> list[BankStatement]:
    """Every statement of a file, checked; `StatementRefused` names what breaks which rule.

    The library's `read_ofx` returns a file's first statement alone, so its parts are used.
    """
    body = read_header(data).body
    _check_tags(body)
    root, _ = parse_tags(body)
    found = [node for kind in sorted(_KINDS) for node in root.find_all(kind)]
    return [_statement(node) for node in found]


def _check_tags(body: str) -> None:
    """What has no end would have the library look for it from each beginning to the file's end."""
    for begins, ends in (("<![CDATA[", "]]>"), ("<!--", "-->")):
        if body.rfind(begins) > body.rfind(ends):
            raise StatementRefused("file", "must end what begins with {begins}", begins=begins)
    if _LONG_TAG.search(body):
        raise StatementRefused("file", "must have no tag of more than {most}", most=_LONGEST_TAG)
    _check_depth(body)


def _check_depth(body: str) -> None:
    """Of an end tag the library asks every element that is open: there must not be very many."""
    standing: list[str] = []
    counts: Counter[str] = Counter()
    has_value = False
    for closes, name, is_empty, text in _TAG_AND_TEXT.findall(body.upper()):
        if closes:
            if counts[name]:
                while (last := standing.pop()) != name:
                    counts[last] -= 1
                counts[name] -= 1
                has_value = False
            continue
        if has_value:
            # What has a value ends where the next tag begins.
            counts[standing.pop()] -= 1
        has_value = bool(text.strip()) and not is_empty
        if not is_empty:
            standing.append(name)
            counts[name] += 1
            if len(standing) > _DEEPEST:
                raise StatementRefused("file", "has too many elements, or too deep ones")


def _statement(node: Node) -> BankStatement:
    currency = statements.known(_first(node, "CURDEF") or "")
    numbers = [
        _value(one, "ACCTID")
        for kind in ("BANKACCTFROM", "CCACCTFROM")
        for one in node.find_all(kind, stop_at=_KINDS)
    ]
    rows = node.find_all("STMTTRN", stop_at=_KINDS)
    lines = tuple(_line(one, currency) for one in rows)
    days = [line.booked_on for line in lines]
    opened = _first(node, "DTSTART")
    closed = _first(node, "DTEND")
    opened_on = _day(opened, "DTSTART") if opened else min(days, default=None)
    closed_on = _day(closed, "DTEND") if closed else max(days, default=None)
    if opened_on is None or closed_on is None:
        raise StatementRefused("DTSTART", "is missing, and there is no line")
    return statements.checked(
        BankStatement(
            account=statements.account_number(next(filter(None, numbers), "")),
            currency=currency,
            format=statements.OFX,
            number="",
            opening_minor=None,
            closing_minor=None,
            opened_on=opened_on,
            closed_on=max(closed_on, *days) if days else closed_on,
            lines=lines,
        )
    )


def _line(node: Node, currency: str) -> BankLine:
    other = node.child("CURRENCY")
    stated = (_value(other, "CURSYM") if other else "") or currency
    if statements.known(stated) != currency:
        raise statements.mixed(stated, currency)
    payee = node.child("PAYEE")
    available = _value(node, "DTAVAIL")
    return BankLine(
        booked_on=_day(_value(node, "DTPOSTED"), "DTPOSTED"),
        value_on=_day(available, "DTAVAIL") if available else None,
        amount_minor=_amount(_value(node, "TRNAMT"), currency),
        currency=currency,
        name=joined(_value(node, "NAME") or (_value(payee, "NAME") if payee else ""))[
            : statements.LONGEST_NAME
        ],
        text=joined(_value(node, "MEMO")),
        # FITID should be unique and is not: it is one reference among others.
        references=statements.references(
            *(_value(node, tag) for tag in ("FITID", "REFNUM", "SRVRTID", "CHECKNUM", "CHKNUM"))
        ),
    )


def _amount(written: str, currency: str) -> int:
    amount, doubts = parse_amount(written, field="TRNAMT")
    if amount is None or doubts:
        raise _doubtful("TRNAMT", doubts)
    return minor_units(amount, currency, "TRNAMT")


def _day(written: str, field: str) -> date:
    found, doubts = parse_date(written, field=field)
    if found is None or doubts:
        raise _doubtful(field, doubts)
    return found


def _doubtful(field: str, doubts: list[ReadWarning]) -> StatementRefused:
    """Of an amount or a day that can be read in two ways, neither is taken."""
    shown = doubts[0].value if doubts and doubts[0].value else ""
    return StatementRefused(field, "cannot be read for certain: {shown}", shown=shown[:40])


def _first(node: Node, tag: str) -> str:
    """A value of the statement itself, not of one nested within it."""
    found = node.find_all(tag, stop_at=_KINDS)
    return (found[0].value or "") if found else ""


def _value(node: Node, tag: str) -> str:
    return node.child_text(tag) or ""
