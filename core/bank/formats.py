"""Which format a bank's file is in, by its content, and the statements in it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from core.bank import bai2, camt053, csv_profile, mt940, ofx, statements
from core.bank.csv_profile import CsvProfile
from core.bank.statements import BankStatement
from core.errors import StatementRefused

_HEAD = 4_000
_READERS = {
    statements.CAMT053: camt053.read,
    statements.MT940: mt940.read,
    statements.OFX: ofx.read,
    statements.BAI2: bai2.read,
}


@dataclass(frozen=True)
class CsvAccount:
    """The account whose CSV is read: what the file itself does not say."""

    account: str
    currency: str
    profile: CsvProfile


def read(data: bytes, csv: CsvAccount | None = None) -> list[BankStatement]:
    """Every statement of a file, checked; `StatementRefused` names what breaks which rule.

    A file of no format that is known is CSV if `csv` says how to read it.
    """
    if not data.strip():
        raise StatementRefused("file", "is empty")
    if len(data) > statements.LONGEST_FILE:
        most = statements.LONGEST_FILE // 1_000_000
        raise StatementRefused("file", "must have at most {most} MB", most=most)
    kind = detect(data)
    if kind is not None:
        found = _READERS[kind](data)
    elif csv is not None:
        found = csv_profile.read(data, csv.profile, csv.account, csv.currency)
    else:
        rule = "is none of {known}; CSV needs an account with a column profile"
        raise StatementRefused("format", rule, known=", ".join(_READERS))
    if not found:
        raise StatementRefused("file", "has no statement")
    if len(found) > statements.MOST_STATEMENTS:
        rule = "must have at most {most} statements"
        raise StatementRefused("file", rule, most=statements.MOST_STATEMENTS)
    return found


def detect(data: bytes) -> str | None:
    """The format of a file by how it begins; None where that says nothing, as with CSV."""
    head = data[:_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip()
    upper = head.upper()
    if b"OFXHEADER" in upper[:200] or b"<OFX>" in upper or b"<?OFX" in upper:
        return statements.OFX
    if head.startswith((b"<", b"\xff\xfe<", b"\xfe\xff\0<")):
        return statements.CAMT053
    if re.search(rb"^:20:", head, re.MULTILINE) and re.search(rb"^:60[FM]?:", data, re.MULTILINE):
        return statements.MT940
    if re.match(rb"01,[^,\r\n]*,[^,\r\n]*,\d{6},", head):
        return statements.BAI2
    return None


def sha256(data: bytes) -> str:
    """By what a file is known again."""
    return hashlib.sha256(data).hexdigest()
