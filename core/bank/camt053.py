"""Statements in ISO 20022's CAMT.053, versions .001.02 to .001.13.

From .07 on a party's name stands one level deeper, and an entry's status is a code of its own.
Document types, and with them entities, are refused.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from core.bank import statements
from core.bank.statements import BankLine, BankStatement, joined, minor_units
from core.errors import StatementRefused

VERSIONS = range(2, 14)
_NAMESPACE = re.compile(r"\{urn:iso:std:iso:20022:tech:xsd:camt\.(\d{3})\.001\.(\d{2})\}Document")
_MOST_ELEMENTS = 2_000_000
_DEEPEST = 64
_SIGNS = {"CRDT": 1, "DBIT": -1}
#: What is no booking yet, or never will be one.
_NOT_BOOKED = frozenset(["PDNG", "INFO", "FUTR"])
_PAYERS, _PAID = ("Dbtr", "UltmtDbtr"), ("Cdtr", "UltmtCdtr")
Balances = dict[str, list[tuple[int, date]]]


def read(data: bytes) -> list[BankStatement]:
    """Every statement of a file, checked; `StatementRefused` names what breaks which rule."""
    root = _tree(data)
    return [_statement(one) for one in root.iterfind("BkToCstmrStmt/Stmt")]


class _Bounded(TreeBuilder):
    """Builds the tree without namespaces, as long as it is neither too deep nor too large."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = self._count = 0

    def start(self, tag: str, attrs: dict[str, str]) -> Element:
        if not self._count:
            _check_version(tag)
        self._depth += 1
        self._count += 1
        if self._depth > _DEEPEST or self._count > _MOST_ELEMENTS:
            raise StatementRefused("file", "has too many elements, or too deep ones")
        return super().start(tag.rpartition("}")[2], attrs)

    def end(self, tag: str) -> Element:
        self._depth -= 1
        return super().end(tag.rpartition("}")[2])


def _check_version(tag: str) -> None:
    found = _NAMESPACE.fullmatch(tag)
    if found is None:
        raise StatementRefused("file", "must be a Document of ISO 20022's camt.053")
    if found[1] != "053":
        # Reports within a day (052) and notices (054) say nothing of a balance that is final.
        raise StatementRefused("file", "is camt.{other}; statements are camt.053", other=found[1])
    if int(found[2]) not in VERSIONS:
        raise StatementRefused(
            "version",
            "must be one of camt.053.001.{first} to .{last}",
            first=f"{VERSIONS[0]:02}",
            last=f"{VERSIONS[-1]:02}",
        )


def _tree(data: bytes) -> Element:
    parser = DefusedXMLParser(target=_Bounded(), forbid_dtd=True)
    try:
        parser.feed(data)
        root: Element = parser.close()
    except DefusedXmlException:
        raise StatementRefused("file", "must not have a document type or entities") from None
    except (ParseError, ValueError, LookupError):
        # The last two: an encoding that is named and that Python or expat does not read.
        raise StatementRefused("file", "is no well-formed XML") from None
    return root


def _statement(stmt: Element) -> BankStatement:
    balances = _balances(stmt)
    opening, opened_on = _opening(balances)
    closing, closed_on = _closing(balances)
    currency = _currency(stmt)
    account = _text(stmt, "Acct/Id/IBAN") or _text(stmt, "Acct/Id/Othr/Id")
    lines = [
        line
        for entry in stmt.iterfind("Ntry")
        if (line := _line(entry, currency, closed_on)) is not None
    ]
    return statements.checked(
        BankStatement(
            account=statements.account_number(account),
            currency=currency,
            format=statements.CAMT053,
            number=_text(stmt, "Id"),
            opening_minor=opening,
            closing_minor=closing,
            opened_on=opened_on,
            closed_on=closed_on,
            lines=tuple(lines),
        )
    )


def _currency(stmt: Element) -> str:
    amounts = [amount for balance in stmt.iterfind("Bal") for amount in balance.iterfind("Amt")]
    stated = _text(stmt, "Acct/Ccy") or next((one.get("Ccy", "") for one in amounts), "")
    return statements.known(stated)


def _balances(stmt: Element) -> Balances:
    """The balances by their code, in the order of the file, with the day of each."""
    currency = _currency(stmt)
    found: Balances = defaultdict(list)
    for balance in stmt.iterfind("Bal"):
        code = _text(balance, "Tp/CdOrPrtry/Cd")
        if code in ("OPBD", "PRCD", "ITBD", "CLBD"):
            amount = _amount(balance, currency, "balance")
            found[code].append((amount, _day(balance, "Dt") or _no_day("balance")))
    return found


def _opening(balances: Balances) -> tuple[int, date]:
    """A page that is not the first opens with an interim balance."""
    for code in ("OPBD", "PRCD", "ITBD"):
        if balances[code]:
            return balances[code][0]
    raise StatementRefused("opening balance", "is missing (OPBD or PRCD)")


def _closing(balances: Balances) -> tuple[int, date]:
    """A page that is not the last closes with an interim balance."""
    if balances["CLBD"]:
        return balances["CLBD"][-1]
    opens_with_interim = not balances["OPBD"] and not balances["PRCD"]
    if len(balances["ITBD"]) > opens_with_interim:
        return balances["ITBD"][-1]
    raise StatementRefused("closing balance", "is missing (CLBD)")


def _line(entry: Element, currency: str, closed_on: date) -> BankLine | None:
    """One entry as one line, with the texts of all its parts; None for what is not booked."""
    status = _text(entry, "Sts/Cd") or _text(entry, "Sts")
    if status in _NOT_BOOKED:
        return None
    if status != "BOOK":
        raise StatementRefused("entry status", "must be BOOK, PDNG, INFO or FUTR")
    # An entry's own direction is what happened to the account, a reversal's too.
    amount = _amount(entry, currency, "entry amount")
    details = list(entry.iterfind("NtryDtls/TxDtls"))
    value_on = _day(entry, "ValDt")
    return BankLine(
        booked_on=_day(entry, "BookgDt") or value_on or closed_on,
        value_on=value_on,
        amount_minor=amount,
        currency=currency,
        name=joined(*(_party(one, amount, entry) for one in details))[: statements.LONGEST_NAME],
        text=joined(
            *(text for one in details for text in _remittance(one)),
            _text(entry, "AddtlNtryInf"),
        ),
        references=statements.references(
            _text(entry, "AcctSvcrRef"),
            _text(entry, "NtryRef"),
            *(text for one in entry.iterfind("NtryDtls/Btch") for text in _leaves(one, "Id")),
            *(text for one in details for text in _references(one)),
        ),
    )


def _amount(holder: Element, currency: str, field: str) -> int:
    amount = holder.find("Amt")
    sign = _SIGNS.get(_text(holder, "CdtDbtInd"))
    if amount is None or sign is None:
        raise StatementRefused(field, "must have Amt and CdtDbtInd (CRDT or DBIT)")
    stated = statements.known(amount.get("Ccy", ""))
    if stated != currency:
        raise statements.mixed(stated, currency)
    minor = minor_units(amount.text or "", currency, field)
    if minor < 0:
        raise StatementRefused(field, "must not be negative: CdtDbtInd says the direction")
    return sign * minor


def _party(details: Element, amount: int, entry: Element) -> str:
    """Who is on the other side: who pays a credit, who is paid by a debit.

    A reversal names the parties of the booking that it takes back.
    """
    reversal = _text(entry, "RvslInd") in ("true", "1")
    pays = (amount >= 0) != reversal
    for role in (*_PAYERS, *_PAID) if pays else (*_PAID, *_PAYERS):
        for path in ("Nm", "Pty/Nm", "Agt/FinInstnId/Nm"):
            if name := _text(details, f"RltdPties/{role}/{path}"):
                return name
    return ""


def _remittance(details: Element) -> Iterator[str]:
    for path in ("RmtInf/Ustrd", "RmtInf/Strd/AddtlRmtInf", "AddtlTxInf"):
        for found in details.iterfind(path):
            yield found.text or ""


def _references(details: Element) -> Iterator[str]:
    for refs in details.iterfind("Refs"):
        for found in refs.iter():
            # A proprietary reference has its kind beside it.
            if len(found) == 0 and found.tag != "Tp":
                yield found.text or ""
    for found in details.iterfind("RmtInf/Strd/CdtrRefInf/Ref"):
        yield found.text or ""


def _leaves(holder: Element, ending: str) -> Iterator[str]:
    for found in holder.iter():
        if len(found) == 0 and found.tag.endswith(ending):
            yield found.text or ""


def _day(holder: Element, path: str) -> date | None:
    """A date, or the date within a time, as the bank wrote it."""
    written = _text(holder, f"{path}/Dt") or _text(holder, f"{path}/DtTm")
    return statements.day(written[:10], "%Y-%m-%d", path) if written else None


def _no_day(field: str) -> date:
    raise StatementRefused(field, "must have a day")


def _text(holder: Element, path: str) -> str:
    found = holder.find(path)
    return (found.text or "").strip() if found is not None else ""
