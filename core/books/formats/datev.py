"""DATEV's format EXTF 700, category 21 (Buchungsstapel), version 13: a row for two accounts.

Each line of an entry stands against the account of the balance at Stripe. Columns and patterns are
those of developer.datev.de; whether DATEV's own Prüfprogramm takes a file is not tried.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from core.books.formats.book import (
    Book,
    Options,
    account_code,
    clearing_account,
    moved,
    refuse,
    two_decimals,
)
from core.books.journal import Entry, Line
from core.errors import InvalidInput

_NAME = "DATEV"
_CATEGORY, _VERSION = 21, 13
#: How many digits accounts have; SKR03's have four.
_DIGITS = 4
_BASE = "EUR"
_MOST = 10**10
_ACCOUNT = re.compile(rf"[1-9]\d{{{_DIGITS - 1}}}")
_COLUMNS = (
    "Umsatz (ohne Soll/Haben-Kz)",
    "Soll/Haben-Kennzeichen",
    "WKZ Umsatz",
    "Kurs",
    "Basis-Umsatz",
    "WKZ Basis-Umsatz",
    "Konto",
    "Gegenkonto (ohne BU-Schlüssel)",
    "BU-Schlüssel",
    "Belegdatum",
    "Belegfeld 1",
    "Belegfeld 2",
    "Skonto",
    "Buchungstext",
    "Postensperre",
    "Diverse Adressnummer",
    "Geschäftspartnerbank",
    "Sachverhalt",
    "Zinssperre",
    "Beleglink",
    *(f"Beleginfo - {kind} {n}" for n in range(1, 9) for kind in ("Art", "Inhalt")),
    "KOST1 - Kostenstelle",
    "KOST2 - Kostenstelle",
    "Kost-Menge",
    "EU-Land u. UStID (Bestimmung)",
    "EU-Steuersatz (Bestimmung)",
    "Abw. Versteuerungsart",
    "Sachverhalt L+L",
    "Funktionsergänzung L+L",
    "BU 49 Hauptfunktionstyp",
    "BU 49 Hauptfunktionsnummer",
    "BU 49 Funktionsergänzung",
    *(f"Zusatzinformation - {kind} {n}" for n in range(1, 21) for kind in ("Art", "Inhalt")),
    "Stück",
    "Gewicht",
    "Zahlweise",
    "Forderungsart",
    "Veranlagungsjahr",
    "Zugeordnete Fälligkeit",
    "Skontotyp",
    "Auftragsnummer",
    "Buchungstyp",
    "USt-Schlüssel (Anzahlungen)",
    "EU-Land (Anzahlungen)",
    "Sachverhalt L+L (Anzahlungen)",
    "EU-Steuersatz (Anzahlungen)",
    "Erlöskonto (Anzahlungen)",
    "Herkunft-Kz",
    "Buchungs GUID",
    "KOST-Datum",
    "SEPA-Mandatsreferenz",
    "Skontosperre",
    "Gesellschaftername",
    "Beteiligtennummer",
    "Identifikationsnummer",
    "Zeichnernummer",
    "Postensperre bis",
    "Bezeichnung SoBil-Sachverhalt",
    "Kennzeichen SoBil-Buchung",
    "Festschreibung",
    "Leistungsdatum",
    "Datum Zuord. Steuerperiode",
    "Fälligkeit",
    "Generalumkehr (GU)",
    "Steuersatz",
    "Land",
    "Abrechnungsreferenz",
    "BVV-Position",
    "EU-Land u. UStID (Ursprung)",
    "EU-Steuersatz (Ursprung)",
    "Abw. Skontokonto",
)


def write(book: Book, options: Options) -> bytes:
    """The file in Windows-1252 with CRLF. Refuses what has more than two decimals or ten digits,
    and an account without a number of four digits."""
    lines = [_header(book, options), ";".join(_COLUMNS)]
    for entry in book.entries:
        lines += [_row(book, entry, line) for line in _against(book, entry)]
    return "".join(f"{line}\r\n" for line in lines).encode("cp1252")


def _header(book: Book, options: Options) -> str:
    if not 1001 <= options.datev_consultant <= 9_999_999:
        raise InvalidInput("datev-consultant", "must be from 1001 to 9999999")
    if not 1 <= options.datev_client <= 99_999:
        raise InvalidInput("datev-client", "must be from 1 to 99999")
    last = book.until - timedelta(days=1)
    made = f"{book.made_at:%Y%m%d%H%M%S}{book.made_at.microsecond // 1000:03}"
    fields: list[str] = ['"EXTF"', "700", str(_CATEGORY), '"Buchungsstapel"', str(_VERSION), made]
    # Imported, origin, exported by, imported by.
    fields += ["", '""', '""', '""', str(options.datev_consultant), str(options.datev_client)]
    # The business year is the calendar's.
    fields += [f"{book.since:%Y}0101", str(_DIGITS), f"{book.since:%Y%m%d}", f"{last:%Y%m%d}"]
    # Title, dictation, type (financial), purpose (independent), locked (no), currency.
    fields += [f'"{book.title}"', '""', "1", "0", "0", f'"{_BASE}"']
    # Reserved fields, the chart, an industry's solution, application.
    fields += ["", '""', "", "", '"03"', "", "", '""', '""']
    return ";".join(fields)


def _against(book: Book, entry: Entry) -> Iterator[Line]:
    """The lines of an entry besides that of the balance at Stripe, which all stand against."""
    clearing = clearing_account(book, entry)
    yield from (line for line in moved(entry) if line.account != clearing or line.what)


def _row(book: Book, entry: Entry, line: Line) -> str:
    currency = entry.currency
    if len(currency) != 3:
        raise refuse(_NAME, "{currency} is no ISO code of three letters", currency=currency.upper())
    amount = two_decimals(line.minor, currency, _NAME).replace(".", ",")
    if len(amount) > len(f"{_MOST - 1},00"):
        raise refuse(_NAME, "an amount of {amount} has more than ten digits", amount=amount)
    own, against = (
        _account(book, account, currency)
        for account in (line.account, clearing_account(book, entry))
    )
    row = [""] * len(_COLUMNS)
    row[0] = amount
    row[1] = '"S"' if line.minor > 0 else '"H"'
    row[2] = f'"{currency.upper()}"'
    row[6], row[7] = own, against
    row[9] = f"{entry.day:%d%m}"
    row[10] = f'"{_record(entry)}"'
    row[13] = f'"{_text(line)}"'
    return ";".join(row)


def _account(book: Book, account: str, currency: str) -> str:
    found = account_code(book, "datev", account, currency)
    if not _ACCOUNT.fullmatch(found):
        raise refuse(
            _NAME,
            "the account {account} has the number {number}; it must be {digits} digits",
            account=account,
            number=found,
            digits=_DIGITS,
        )
    return found


def _record(entry: Entry) -> str:
    return re.sub(r"[^A-Za-z0-9$&%*+/-]", "-", entry.entry_id)[:36]


def _text(line: Line) -> str:
    said = f"{line.text} {line.source_id or ''}".strip()
    return re.sub(r"[^A-Za-z0-9 _().:-]", "-", said)[:60]
