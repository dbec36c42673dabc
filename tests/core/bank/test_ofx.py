"""OFX: no opening balance, days as written, and nothing taken that can be read in two ways."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.errors import StatementRefused
from tests.support.bank_files import ACCOUNT, DAY, fits, line, ofx, read, statement

XML = """<?xml version="1.0" encoding="UTF-8"?>
<?OFX OFXHEADER="200" VERSION="211" SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?>
<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR</CURDEF>
<BANKACCTFROM><ACCTID>1</ACCTID></BANKACCTFROM>
<BANKTRANLIST><STMTTRN><DTPOSTED>20261109</DTPOSTED><TRNAMT>-1.50</TRNAMT><FITID>F1</FITID>
<NAME>SMITH &amp; SONS</NAME></STMTTRN></BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"""


def test_without_an_opening_balance_nothing_is_proved():
    (found,) = read(ofx(statement([line(5)])))
    assert (found.opening_minor, found.closing_minor, found.is_proved) == (None, None, False)


@pytest.mark.parametrize(
    "zone", ["", "000000", "233000[-5]", "003000[+10:EST]", "235959.999[0:GMT]"]
)
def test_a_day_is_the_one_that_is_written(zone):
    data = ofx(statement([line(5)])).replace(b"233000[-5]", zone.encode())
    assert read(data)[0].lines[0].booked_on == DAY


def test_two_lines_with_one_fitid_are_two_lines():
    same = [line(5), line(5), line(7)]
    (found,) = read(ofx(statement(same)))
    assert len({one.fingerprint for one in found.lines}) == 3
    assert {one.references for one in found.lines} == {("B1", "E1")}


def test_every_statement_of_a_file_is_read():
    cards = "4111XXXXXXXX1111"
    wanted = [fits(statement([line(5)], account=one), "ofx") for one in (ACCOUNT, cards)]
    assert read(ofx(*wanted)) == wanted


def test_xml_and_its_entities_are_read():
    (found,) = read(XML.encode())
    assert found.lines[0].name == "SMITH & SONS"
    assert found.lines[0].amount_minor == -150


@pytest.mark.parametrize(
    ("written", "minor"), [("1,234.56", 123456), ("1.234,56", 123456), ("+5,50", 550), (".5", 50)]
)
def test_an_amount_that_can_be_read_in_one_way_is_read(written, minor):
    data = ofx(statement([line(5)])).replace(b"<TRNAMT>0.05", f"<TRNAMT>{written}".encode())
    assert read(data)[0].lines[0].amount_minor == minor


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        # Two, or two thousand.
        ("<TRNAMT>0.05", "<TRNAMT>2,000", "TRNAMT"),
        ("<TRNAMT>0.05", "<TRNAMT>0.055", "TRNAMT"),
        ("<TRNAMT>0.05", "<TRNAMT>NaN", "TRNAMT"),
        ("<TRNAMT>0.05", "", "TRNAMT"),
        # The first of October 2026, or the tenth of January.
        ("<DTPOSTED>20261109233000[-5]", "<DTPOSTED>011026", "DTPOSTED"),
        ("<DTPOSTED>20261109233000[-5]", "<DTPOSTED>00000000", "DTPOSTED"),
        ("<CURDEF>EUR", "<CURDEF></CURDEF>", "currency"),
        ("<MEMO>", "<!-- STRIPE", "file"),
        ("<MEMO>", "<![CDATA[ STRIPE", "file"),
        ("<MEMO>", f"<{'M' * 600}>", "file"),
        ("<MEMO>", "<A>" * 300 + "</B>", "file"),
        ("<MEMO>", "<CURRENCY><CURRATE>1.1<CURSYM>USD</CURRENCY><MEMO>", "currency"),
        (f"<ACCTID>{ACCOUNT}", "", "account"),
    ],
)
def test_what_is_missing_or_doubtful_is_refused(old, new, field):
    data = ofx(statement([line(5)])).decode()
    assert old in data
    with pytest.raises(StatementRefused) as caught:
        read(data.replace(old, new).encode())
    assert caught.value.field == field


def test_empty_tags_without_an_end_are_no_depth():
    rows = [line(5, references=(str(at),)) for at in range(300)]
    data = ofx(statement(rows)).replace(b"<MEMO>", b"<CHECKNUM><MEMO>")
    assert len(read(data)[0].lines) == 300


def test_an_empty_statement_has_the_days_that_it_says():
    empty = statement([], opened_on=DAY - timedelta(30), closed_on=DAY)
    (found,) = read(ofx(empty))
    assert (found.opened_on, found.closed_on, found.lines) == (DAY - timedelta(30), DAY, ())
