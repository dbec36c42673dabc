"""Each format as its program wants it, and what it cannot carry refused with the reason."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from core.books.export import export, wanted
from core.books.formats.book import Options
from core.db.engine import writing
from core.db.tables import journal_rules
from core.errors import FormatCannotCarry, InvalidInput
from tests.support.factories import add_fees, add_ledger, fresh_engine, ledger_row, payment_row

FIRST = datetime(2026, 10, 5, 12, tzinfo=UTC)
#: What developer.datev.de asks of each field of a row that is used, and of the header's.
DATEV_ROW = {
    "Umsatz (ohne Soll/Haben-Kz)": r"(?!0{1,10},00)\d{1,10},\d{2}",
    "Soll/Haben-Kennzeichen": r'"[SH]"',
    "WKZ Umsatz": r'"[A-Z]{3}"',
    "Konto": r"(?!0{1,9}$)\d{1,9}",
    "Gegenkonto (ohne BU-Schlüssel)": r"(?!0{1,9}$)\d{1,9}",
    "Belegdatum": r"\d{4}",
    "Belegfeld 1": r'"[a-zA-Z0-9$&%*+\-/]{0,36}"',
    "Buchungstext": r'".{0,60}"',
}
DATEV_HEADER = (
    *(r'"EXTF"', "700", "21", '"Buchungsstapel"', "13", r"20\d{15}", "", '""', '""', '""'),
    *(r"\d{4,7}", r"\d{1,5}", r"20\d{2}0101", "4", r"20\d{6}", r"20\d{6}", r'".{0,30}"', '""'),
    *("1", "0", "0", r'"[A-Z]{3}"', "", '""', "", "", '"03"', "", "", '""', '""'),
)


@pytest.fixture
def engine(tmp_path: Any) -> Iterator[Engine]:
    engine = fresh_engine(f"sqlite:///{tmp_path / 'books.db'}")
    yield engine
    engine.dispose()


def book(engine: Engine, currency: str, category: str, amount: int, **given: Any) -> None:
    """A ledger row of 5 October 2026; a fee of its is Stripe's."""
    payment = payment_row(created_at=FIRST, currency=currency)
    row = ledger_row(
        payment, reporting_category=category, amount_minor=amount, **{"fee_minor": 0} | given
    )
    with writing(engine) as connection:
        add_ledger(connection, [row])
        if row["fee_minor"]:
            add_fees(connection, row, {"stripe_fee": row["fee_minor"]})


def rule(engine: Engine, subject: str, name: str, account: str) -> None:
    values = {"subject": subject, "name": name, "currency": "", "account": account}
    with writing(engine) as connection:
        connection.execute(insert(journal_rules).values(values))


def file(engine: Engine, format_name: str, options: Options | None = None, **given: Any) -> bytes:
    asked = wanted("2026-10", livemode=False, **given)
    return export(engine, asked, format_name, options).content


def rows(engine: Engine, format_name: str, **given: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO(file(engine, format_name, **given).decode(), newline="")))


def test_beancount_and_ledger_write_every_digit_and_no_tab(engine):
    for currency, amount in (("usd", 1000), ("jpy", 500), ("kwd", 12340)):
        book(engine, currency, "charge", amount)
    for name in ("beancount", "ledger"):
        text = file(engine, name).decode()
        assert "\t" not in text
        for written in ("10.00 USD", "500 JPY", "12.340 KWD"):
            assert f"  {written}" in text
        lines = [line for line in text.splitlines() if re.match(" +[A-Z]", line)]
        assert len(lines) >= 6
        assert all(re.match(r" +[A-Za-z:]+  -?\d", line) for line in lines)
    assert 'option "tolerance_multiplier" "0"' in file(engine, "beancount").decode()
    assert (
        "2026-10-06 balance Assets:Stripe:KWD  12.340 ~ 0 KWD" in file(engine, "beancount").decode()
    )


def test_a_name_of_stripes_cannot_move_a_posting(engine):
    """In a comment `date:` and brackets are tags; in a string a quote ends it."""
    book(engine, "usd", 'date:2020-01-01 [2020] "x', 1000)
    text = file(engine, "ledger").decode()
    assert "date:" not in text
    assert "[" not in text
    assert r'text: "date:2020-01-01 [2020] \"x"' in file(engine, "beancount").decode()


def test_csv_has_a_row_for_each_line(engine):
    book(engine, "usd", "charge", 1000, fee_minor=59)
    book(engine, "usd", "payout", -800, source_id="po_1")
    assert rows(engine, "csv")[1:] == [
        [*_line(1, "Assets:Stripe:USD"), "1.41", "", "1.41", "", "", "provisional"],
        [*_line(2, "Assets:InTransit:USD"), "8.00", "", "8.00", "payout", "po_1", "provisional"],
        [
            *_line(3, "Expenses:Fees:Stripe"),
            "0.59",
            "",
            "0.59",
            "fee stripe_fee",
            "",
            "provisional",
        ],
        [*_line(4, "Income:Sales"), "", "10.00", "-10.00", "charge", "", "provisional"],
    ]


def _line(number: int, account: str) -> list[str]:
    return ["2026-10-05", "TT-20261005-USD", str(number), account, "USD"]


def test_csv_hands_a_spreadsheet_no_formula(engine):
    book(engine, "usd", "=cmd()", 1000)
    assert [row[8] for row in rows(engine, "csv")[1:]] == ["", "'=cmd()"]


def test_datev_rows_have_the_published_form(engine):
    book(engine, "eur", "charge", 123_45, fee_minor=2_10)
    book(engine, "jpy", "refund", -10_000)
    book(engine, "usd", "payout", -7_00, source_id="po_1")
    book(engine, "eur", "loyalty_credit", 1)
    content = file(engine, "datev")
    text = content.decode("cp1252")
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    header, names, *lines = text.split("\r\n")[:-1]
    fields = header.split(";")
    assert len(fields) == len(DATEV_HEADER) == 31
    for place, (field, pattern) in enumerate(zip(fields, DATEV_HEADER, strict=True), 1):
        assert re.fullmatch(pattern, field), (place, field)
    columns = names.split(";")
    assert len(columns) == len(set(columns)) == 125
    assert len(lines) == 5
    for line in lines:
        given = dict(zip(columns, line.split(";"), strict=True))
        for name, value in given.items():
            assert re.fullmatch(DATEV_ROW.get(name, ""), value), (name, value)
    assert [line.split(";")[:11] for line in lines if "JPY" in line] == [
        ["10000,00", '"S"', '"JPY"', "", "", "", "8700", "1361", "", "0510", '"TT-20261005-JPY"']
    ]


def test_datev_refuses_a_month_with_kuwaiti_dinars_and_says_why(engine):
    book(engine, "eur", "charge", 100)
    book(engine, "kwd", "charge", 97_095)
    with pytest.raises(FormatCannotCarry, match=r"DATEV .* KWD has three decimals"):
        file(engine, "datev")
    assert b'"EUR"' in file(engine, "datev", currency="eur")


@pytest.mark.parametrize(
    ("currency", "amount", "reason"),
    [
        ("usd", 10**12, "more than ten digits"),
        ("usdc", 100, "no ISO code of three letters"),
    ],
)
def test_datev_refuses_what_has_no_place_in_a_field(engine, currency, amount, reason):
    book(engine, currency, "charge", amount)
    with pytest.raises(FormatCannotCarry, match=reason):
        file(engine, "datev")


def test_datev_needs_numbers_of_four_digits(engine):
    book(engine, "eur", "charge", 100)
    rule(engine, "category", "charge", "Income:Shop")
    with pytest.raises(FormatCannotCarry, match="no account for Income:Shop; add a journal rule"):
        file(engine, "datev")
    rule(engine, "datev", "Income:Shop", "84000")
    with pytest.raises(FormatCannotCarry, match="the number 84000; it must be 4 digits"):
        file(engine, "datev")


@pytest.mark.parametrize(("field", "value"), [("datev_consultant", 1000), ("datev_client", 0)])
def test_datev_numbers_out_of_range_are_refused(engine, field, value):
    with pytest.raises(InvalidInput, match=field.replace("_", "-")):
        file(engine, "datev", Options(**{field: value}))


def test_xero_has_debits_positive_and_credits_negative(engine):
    book(engine, "usd", "charge", 1000, fee_minor=59)
    found = rows(engine, "xero")
    narration = "TT-20261005-USD Stripe USD 2026-10-05 (provisional)"
    assert [row[:6] for row in found[1:]] == [
        [narration, "05/10/2026", "balance at Stripe", "STR-USD", "Tax Exempt", "9.41"],
        [narration, "05/10/2026", "fee stripe_fee", "404", "Tax Exempt", "0.59"],
        [narration, "05/10/2026", "charge", "200", "Tax Exempt", "-10.00"],
    ]


def test_quickbooks_has_debits_and_credits_beside_each_other(engine):
    book(engine, "jpy", "charge", 1000)
    entry = ("TT-20261005-JPY", "10/05/2026")
    assert rows(engine, "qbo")[1:] == [
        [*entry, "Stripe:JPY", "balance at Stripe (provisional)", "1000.00", ""],
        [*entry, "Sales", "charge (provisional)", "", "1000.00"],
    ]


@pytest.mark.parametrize("name", ["xero", "qbo"])
def test_journals_of_one_currency_refuse_two_and_three_decimals(engine, name):
    book(engine, "kwd", "charge", 1000)
    with pytest.raises(FormatCannotCarry, match="KWD has three decimals"):
        file(engine, name)
    book(engine, "usd", "charge", 1000)
    with pytest.raises(FormatCannotCarry, match="there are KWD, USD; export one at a time"):
        file(engine, name)
    assert file(engine, name, currency="usd")


@pytest.mark.parametrize(("name", "payouts"), [("xero", 300), ("qbo", 1000)])
def test_a_file_longer_than_the_program_takes_is_refused(engine, name, payouts):
    payment = payment_row(created_at=FIRST)
    lines = [
        ledger_row(
            payment,
            reporting_category="payout",
            source_id=f"po_{number}",
            amount_minor=-100,
            fee_minor=0,
            created_at=FIRST + timedelta(days=number % 2),
        )
        for number in range(payouts)
    ]
    with writing(engine) as connection:
        add_ledger(connection, lines)
    with pytest.raises(FormatCannotCarry, match=f"these are {payouts + 2}; export fewer days"):
        file(engine, name)
    assert len(rows(engine, name, days="5")) == payouts // 2 + 2


def test_a_number_too_long_for_quickbooks_is_refused(engine):
    book(engine, "usd", "charge", 100, balance_type="a_new_balance")
    with pytest.raises(FormatCannotCarry, match="more than 21 characters"):
        file(engine, "qbo")


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "", "9999-12", "202611"])
def test_a_month_that_is_none_is_refused(month):
    with pytest.raises(InvalidInput, match="month: must be a month such as 2026-01"):
        wanted(month, livemode=False)


@pytest.mark.parametrize("days", ["0", "32", "5-3", "a", "1-31-2", ""])
def test_days_that_are_none_are_refused(days):
    with pytest.raises(InvalidInput, match="days: must be days of the month such as 1-15"):
        wanted("2026-10", livemode=False, days=days)


def test_an_unknown_format_or_currency_is_refused(engine):
    with pytest.raises(InvalidInput, match="format: must be one of beancount, ledger, csv"):
        file(engine, "gnucash")
    with pytest.raises(InvalidInput, match="currency"):
        wanted("2026-10", livemode=False, currency="euro")
