"""CSV: profiles that make sense, sign rules, marks of thousands, and the line that is wrong."""

from __future__ import annotations

import json

import pytest

from core.bank import csv_profile
from core.bank.csv_profile import CsvProfile
from core.errors import InvalidInput, StatementRefused

SIGNED = {"booked_on": "Date", "date_format": "%Y-%m-%d", "amount": "Amount"}
COLUMNS = SIGNED | {"amount": "", "sign": "columns", "credit": "In", "debit": "Out"}
MARKED = SIGNED | {"sign": "marked", "mark": "Kind", "debit_marks": ["S", "D"]}
BALANCED = SIGNED | {"balance": "Balance"}
GERMAN = SIGNED | {"decimal_mark": ",", "delimiter": ";"}


def read(profile, text, currency="eur"):
    made = csv_profile.from_json(json.dumps(profile))
    return csv_profile.read(text.encode(), made, "ACC", currency)[0]


def amounts(profile, text, currency="eur"):
    return [one.amount_minor for one in read(profile, text, currency).lines]


def test_a_profile_reads_back_from_its_json():
    profile = csv_profile.from_json(json.dumps(MARKED | {"text": ["A", "B"], "skip": 3}))
    assert profile == CsvProfile(
        booked_on="Date",
        date_format="%Y-%m-%d",
        amount="Amount",
        sign="marked",
        mark="Kind",
        debit_marks=("S", "D"),
        text=("A", "B"),
        skip=3,
    )
    assert csv_profile.from_json(csv_profile.to_json(profile)) == profile


@pytest.mark.parametrize(
    ("profile", "rule"),
    [
        ("{", "must be a JSON object"),
        ("[]", "must be a JSON object"),
        (json.dumps({"booked_on": "Date"}), "must have the field date_format"),
        (json.dumps(SIGNED | {"colour": "red"}), "has no field colour"),
        (json.dumps(SIGNED | {"skip": "1"}), "must have a int in skip"),
        (json.dumps(SIGNED | {"skip": -1}), "must skip 0 to 50 lines"),
        (json.dumps(SIGNED | {"text": "Text"}), "must have a list of texts in text"),
        (json.dumps(SIGNED | {"sign": "guess"}), "must have in sign one of 'signed', "),
        (json.dumps(SIGNED | {"encoding": "rot13"}), "must have in encoding one of 'utf-8', "),
        (json.dumps(SIGNED | {"amount": ""}), "names not the columns that sign signed needs"),
        (json.dumps(COLUMNS | {"debit": ""}), "names not the columns that sign columns needs"),
        (json.dumps(SIGNED | {"date_format": "%d.%m."}), "must have a date_format such as"),
        (json.dumps(SIGNED | {"date_format": "%d.%m.%Y %H"}), "must have a date_format such as"),
    ],
)
def test_a_profile_that_makes_no_sense_is_refused(profile, rule):
    with pytest.raises(InvalidInput) as caught:
        csv_profile.from_json(profile)
    assert caught.value.rule.startswith(rule)


def test_credits_and_debits_stand_in_columns_of_their_own():
    text = "Date,In,Out\n2026-11-09,5.00,\n2026-11-09,,1.50\n2026-11-09,,-2.00\n"
    assert amounts(COLUMNS, text) == [500, -150, -200]
    with pytest.raises(StatementRefused, match="line 2: must have either a credit or a debit"):
        amounts(COLUMNS, "Date,In,Out\n2026-11-09,5.00,1.00\n")


def test_a_mark_makes_a_debit():
    text = "Date,Amount,Kind\n2026-11-09,5.00,H\n2026-11-09,1.50,S\n"
    assert amounts(MARKED, text) == [500, -150]
    with pytest.raises(StatementRefused, match="line 2: must have no sign beside its mark"):
        amounts(MARKED, "Date,Amount,Kind\n2026-11-09,-1.50,S\n")


@pytest.mark.parametrize(
    ("profile", "written", "minor"),
    [
        (SIGNED, '"1,234.50"', 123450),
        (SIGNED, "-1.5", -150),
        (SIGNED, "\u22121.50", -150),
        (SIGNED, "1 234.50", 123450),
        (SIGNED, "1'234.50", 123450),
        (GERMAN, "1.234,50", 123450),
        (GERMAN, "-1.234.567,00", -123456700),
        (GERMAN, "7", 700),
        (SIGNED, '"1,50"', None),
        (SIGNED, '"1,2345.00"', None),
        (SIGNED, '"1.234,50"', None),
        (GERMAN, "1234.50", None),
        (GERMAN, "1.50", None),
        (GERMAN, ".500,00", None),
        (SIGNED, "1.505", None),
        (SIGNED, "", None),
        (SIGNED, "5 EUR", None),
    ],
)
def test_an_amount_is_read_with_the_marks_of_its_profile(profile, written, minor):
    mark = profile.get("delimiter", ",")
    text = f"Date{mark}Amount\n2026-11-09{mark}{written}\n"
    if minor is not None:
        assert amounts(profile, text) == [minor]
    else:
        with pytest.raises(StatementRefused, match="line 2"):
            amounts(profile, text)


def test_balances_prove_each_line_in_either_order():
    rows = ["2026-11-08,1.00,11.00", "2026-11-09,-2.00,9.00", "2026-11-09,4.00,13.00"]
    head = "Date,Amount,Balance\n"
    found = read(BALANCED, head + "\n".join(rows))
    assert (found.opening_minor, found.closing_minor) == (1000, 1300)
    backwards = head + "\n".join(reversed(rows))
    assert read(BALANCED | {"newest_first": True}, backwards) == found
    with pytest.raises(StatementRefused, match="line 3: has a balance that its amount does not"):
        read(BALANCED, backwards)


def test_without_a_balance_nothing_is_proved():
    found = read(SIGNED, "Date,Amount\n2026-11-09,1.00\n")
    assert (found.opening_minor, found.closing_minor, found.is_proved) == (None, None, False)


def test_lines_before_the_heading_are_skipped_and_empty_ones_passed_over():
    text = "\ufeffAccount;123\nFrom;To\nDate;Amount\n\n2026-11-09;1,00\n;\n"
    assert amounts(GERMAN | {"skip": 2}, text) == [100]


@pytest.mark.parametrize(
    ("profile", "text", "field", "rule"),
    [
        (SIGNED, "Date\n2026-11-09\n", "heading", "must have Amount once"),
        (SIGNED, "Date,Amount,Amount\n2026-11-09,1,1\n", "heading", "must have Amount once"),
        (SIGNED, "Date,Amount\n2026-11-09\n", "line 2", "must have 2 columns"),
        (SIGNED, "Date,Amount\n09.11.2026,1\n", "line 2", "must be a day such as 2026-01-31"),
        (SIGNED, 'Date,Amount\n2026-11-09,"1\n', "line 2", "is no CSV"),
        (SIGNED, "Date,Amount\n", "file", "has no lines"),
        (SIGNED, "", "heading", "must have Date once"),
        (
            SIGNED | {"currency": "Currency"},
            "Date,Amount,Currency\n2026-11-09,1,USD\n",
            "currency",
            "is USD within a statement in EUR",
        ),
    ],
)
def test_a_file_that_breaks_its_profile_is_refused(profile, text, field, rule):
    with pytest.raises(StatementRefused) as caught:
        read(profile, text)
    assert (caught.value.field, caught.value.rule) == (field, rule)


def test_text_in_another_encoding_is_refused():
    profile = csv_profile.from_json(json.dumps(SIGNED))
    with pytest.raises(StatementRefused, match="is not text in utf-8"):
        csv_profile.read("Date,Amount\nMärz,1".encode("latin-1"), profile, "ACC", "eur")
