"""MT940: reversals, pages, fields of `:86:`, and amounts that the library would read in part."""

from __future__ import annotations

import logging

import pytest

from core.errors import StatementRefused, StatementUnbalanced
from tests.support.bank_files import fits, line, mt940, read, statement

HEAD = ":20:STARTUMS\n:25:37040044/0532013000\n:28C:5/1\n"


def file_of(*rows, opening="C261108EUR100,00", closing="C261109EUR100,00", after=""):
    body = "".join(f"{row}\n" for row in rows)
    return f"{HEAD}:60F:{opening}\n{body}:62F:{closing}\n{after}-\n".encode()


def test_a_reversed_credit_is_a_debit_and_a_reversed_debit_a_credit():
    rows = (
        ":61:2611091109C500,00NTRFNONREF//B1",
        ":61:2611091109RC500,00NTRFNONREF//B2",
        ":61:2611091109D20,00NCHGNONREF//B3",
        ":61:2611091109RD20,00NCHGNONREF//B4",
    )
    (found,) = read(file_of(*rows))
    assert [one.amount_minor for one in found.lines] == [500_00, -500_00, -20_00, 20_00]


def test_statements_of_one_file_stay_apart():
    first = fits(statement([line(5)], number="1/1"), "mt940")
    second = fits(statement([line(7)], opening=first.closing_minor, number="2/1"), "mt940")
    assert read(mt940(first, second)) == [first, second]


def test_pages_open_and_close_with_intermediate_balances():
    page = file_of(":61:2611091109C1,00NTRFNONREF", closing="C261109EUR101,00").decode()
    (found,) = read(page.replace(":60F:", ":60M:").replace(":62F:", ":62M:").encode())
    assert (found.opening_minor, found.closing_minor, found.number) == (100_00, 101_00, "5/1")


@pytest.mark.parametrize(
    ("currency", "written", "minor"),
    [("EUR", "1234,5", 123450), ("JPY", "1234,", 1234), ("KWD", "1,234", 1234)],
)
def test_an_amount_has_the_decimals_of_its_currency(currency, written, minor):
    balances = {"opening": f"C261108{currency}0,", "closing": f"C261109{currency}{written}"}
    (found,) = read(file_of(f":61:2611091109C{written}NTRFNONREF", **balances))
    assert found.lines[0].amount_minor == minor


def test_fields_of_german_banks_are_read_apart():
    details = (
        ":86:166?00GUTSCHRIFT?20EREF+NOTPROVIDED?21KREF+K-7?22SVWZ+STRIPE PAYOUT F?23OO-1"
        "?30DEUTDEFF?31DE02120300000000202051?32STRIPE TECHNOLOGY?33 EUROPE"
    )
    rows = (":61:2611091109C1,00NTRFK-7//B1", details)
    (found,) = read(file_of(*rows, closing="C261109EUR101,00"))
    (one,) = found.lines
    assert one.name == "STRIPE TECHNOLOGY EUROPE"
    assert one.text == "GUTSCHRIFT STRIPE PAYOUT FOO-1"
    # Neither erased by SVWZ+ nor doubled by KREF+, and no account among them.
    assert one.references == ("B1", "K-7")


def test_a_reference_outlives_fields_that_do_not_repeat_it():
    rows = (":61:2611091109C1,00NTRFK-7//B1", ":86:166?00?20SVWZ+STRIPE")
    (found,) = read(file_of(*rows, closing="C261109EUR101,00"))
    assert found.lines[0].references == ("B1", "K-7")


def test_a_long_text_is_kept_whole():
    words = [f"WORD{at:04}" for at in range(120)]
    rows = [" ".join(words[at : at + 7]) for at in range(0, 120, 7)]
    data = file_of(
        ":61:2611091109C1,00NTRFNONREF", ":86:" + "\n".join(rows), closing="C261109EUR101,00"
    )
    assert read(data)[0].lines[0].text == " ".join(words)


def test_words_about_the_statement_are_of_no_line():
    rows = (":61:2611091109C1,00NTRFNONREF", ":86:STRIPE")
    after = ":64:C261109EUR101,00\n:86:BALANCE OF YOUR SAVINGS\nAND MORE\n"
    (found,) = read(file_of(*rows, closing="C261109EUR101,00", after=after))
    assert found.lines[0].text == "STRIPE"


def test_a_booking_of_january_with_a_value_of_december_is_of_the_next_year():
    row = ":61:2612310102C1,00NTRFNONREF"
    (found,) = read(file_of(row, opening="C261231EUR0,", closing="C270102EUR1,"))
    one = found.lines[0]
    assert (str(one.booked_on), str(one.value_on)) == ("2027-01-02", "2026-12-31")


def test_swifts_envelope_is_left_out():
    body = file_of(":61:2611091109C1,00NTRFNONREF", ":86:STRIPE", closing="C261109EUR101,00")
    data = b"{1:F01BANKDEFF}{2:I940SHOP}{4:\r\n" + body.rstrip(b"-\n") + b"\r\n-}{5:{CHK:1}}"
    (found,) = read(data)
    assert found.lines[0].text == "STRIPE"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("C1234,50NTRF", "C1234.50NTRF"),
        ("C1234,50NTRF", "C1.234,50NTRF"),
        ("C1234,50NTRF", "C1234,5000NTRF"),
        ("C1234,50NTRF", "X1234,50NTRF"),
        ("EUR1334,50", "EUR1334.50"),
        ("EUR1334,50", "EUR1,334,50"),
        ("EUR100,00", "EUR100.00"),
    ],
)
def test_an_amount_that_would_be_read_in_part_is_refused(old, new):
    data = file_of(":61:2611091109C1234,50NTRFNONREF", closing="C261109EUR1334,50").decode()
    assert old in data
    read(data.encode())
    with pytest.raises(StatementRefused, match="must be as MT940 has it"):
        read(data.replace(old, new).encode())


def test_very_many_details_of_one_line_are_refused():
    rows = [":61:2611091109C1,00NTRFNONREF", *[":86:A"] * 51]
    with pytest.raises(StatementRefused, match=":86:: must be at most 50"):
        read(file_of(*rows, closing="C261109EUR101,00"))


def test_a_statement_without_its_closing_balance_is_refused():
    data = file_of().decode().partition(":62F:")[0].encode()
    with pytest.raises(StatementRefused, match="closing balance: is missing"):
        read(data)


def test_a_balance_in_another_currency_is_refused():
    with pytest.raises(StatementRefused, match="is USD within a statement in EUR"):
        read(file_of(closing="C261109USD100,00"))


def test_sums_that_differ_are_both_named():
    data = file_of(":61:2611091109C1,00NTRFNONREF", closing="C261109EUR101,01")
    with pytest.raises(StatementUnbalanced) as caught:
        read(data)
    assert caught.value.rule == (
        "is 101.01 EUR, but 100.00 and its lines make 101.00 (statement 5/1)"
    )


def test_what_cannot_be_read_is_not_written_into_the_log(caplog):
    caplog.set_level(logging.DEBUG)
    rows = (":61:2611091109C1,00NTRFNONREF", ":86:STRIPE", ":28C:SECRET")
    with pytest.raises(StatementRefused, match="no MT940"):
        read(file_of(*rows))
    assert "SECRET" not in caplog.text
