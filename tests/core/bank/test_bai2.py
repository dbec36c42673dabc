"""BAI2: directions by type code, control totals, and decimals by ISO 4217."""

from __future__ import annotations

import pytest

from core.errors import StatementRefused
from tests.support.bank_files import bai2, line, read, statement


def dollars(*amounts, **changed):
    return statement(
        [line(one, currency="usd", name="") for one in amounts], currency="usd", **changed
    )


def test_balances_that_are_not_there_prove_nothing():
    data = bai2(dollars(500)).decode().replace(",010,10000,,", "")
    data = data.replace("49,21000,", "49,11000,").replace("98,21000,", "98,11000,")
    (found,) = read(data.replace("99,21000,", "99,11000,").encode())
    assert (found.opening_minor, found.is_proved) == (None, False)


def test_a_text_goes_on_in_the_next_record():
    data = bai2(dollars(500)).decode()
    data = data.replace("STRIPE PAYOUT", "STRIPE, PAYOUT\n88,TRACE 0123")
    data = data.replace("49,21000,3/", "49,21000,4/").replace("98,21000,1,5/", "98,21000,1,6/")
    (found,) = read(data.replace("99,21000,1,7/", "99,21000,1,8/").encode())
    assert found.lines[0].text == "STRIPE, PAYOUT TRACE 0123"


def test_a_record_without_money_is_no_line():
    data = bai2(dollars(500)).decode()
    data = data.replace("16,142,", "16,890,0,Z,,,NOTE\n16,142,")
    data = data.replace("49,21000,3/", "49,21000,4/").replace("98,21000,1,5/", "98,21000,1,6/")
    (found,) = read(data.replace("99,21000,1,7/", "99,21000,1,8/").encode())
    assert [one.amount_minor for one in found.lines] == [500]


@pytest.mark.parametrize(
    ("currency", "minor"), [("usd", 500), ("jpy", 500), ("kwd", 500), ("isk", 50_000), ("mga", 5)]
)
def test_isos_decimals_become_stripes(currency, minor):
    data = bai2(dollars(500)).replace(b"USD", currency.upper().encode())
    assert read(data)[0].lines[0].amount_minor == minor


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("49,21000,", "49,21001,", "control total"),
        ("99,21000,1,7/", "99,21000,1,9/", "control total"),
        ("16,142,", "16,9X9,", "file"),
        ("16,142,500", "16,890,500", "type code"),
        ("16,142,500", "16,142,-500", "control total"),
        ("02,SHOP,BANK,1,", "02,SHOP,BANK,4,", "group status"),
        (",2359,USD,2/", ",2359,USD,3/", "as-of date"),
        ("02,SHOP,BANK,1,261109", "02,SHOP,BANK,1,261131", "file"),
        ("USD", "XXX", "currency"),
    ],
)
def test_what_breaks_a_rule_is_refused_by_its_field(old, new, field):
    data = bai2(dollars(500)).decode()
    assert old in data
    with pytest.raises(StatementRefused) as caught:
        read(data.replace(old, new).encode())
    assert caught.value.field == field


def test_half_a_minor_unit_of_stripes_is_refused():
    with pytest.raises(StatementRefused, match="more than 0 decimals for MGA"):
        read(bai2(dollars(550, opening=10_050)).replace(b"USD", b"MGA"))
