"""CAMT.053: what is a booking, which way it goes, what it says, and what is refused."""

from __future__ import annotations

import pytest

from core.errors import StatementRefused, StatementUnbalanced
from tests.support.bank_files import ACCOUNT, camt053, fits, line, read, schema, statement

BATCH = (
    "<NtryDtls><TxDtls><Refs><EndToEndId>PART1</EndToEndId></Refs><Amt Ccy='EUR'>200.00</Amt>"
    "<CdtDbtInd>CRDT</CdtDbtInd><RmtInf><Ustrd>STRIPE A</Ustrd></RmtInf></TxDtls>"
    "<TxDtls><Refs><EndToEndId>PART2</EndToEndId></Refs><Amt Ccy='EUR'>300.00</Amt>"
    "<CdtDbtInd>CRDT</CdtDbtInd><RmtInf><Ustrd>STRIPE B</Ustrd></RmtInf></TxDtls></NtryDtls>"
)


def entry(amount="500.00", sign="CRDT", status="BOOK", more="", details=""):
    return (
        f"<Ntry><Amt Ccy='EUR'>{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd>{more}"
        f"<Sts><Cd>{status}</Cd></Sts><BookgDt><Dt>2026-11-09</Dt></BookgDt>"
        f"<BkTxCd><Prtry><Cd>X</Cd></Prtry></BkTxCd>{details}</Ntry>"
    )


def file_of(*entries, closing_minor=100_00, version=8):
    """A file of ISO's schema with these entries; the account opens with 100.00."""
    empty = statement([], closing_minor=closing_minor, number="S1")
    data = camt053(empty, version=version).decode()
    data = data.replace("</Stmt>", "".join(entries) + "</Stmt>")
    schema(version).validate(data)
    return data.encode()


def test_entries_that_are_not_booked_are_no_lines():
    data = file_of(entry("1.00", status="PDNG"), entry("2.00", status="INFO"))
    assert read(data)[0].lines == ()
    with pytest.raises(StatementUnbalanced):
        read(file_of(entry("1.00")))


def test_a_batch_is_one_line_with_the_texts_of_its_parts():
    (found,) = read(file_of(entry(details=BATCH), closing_minor=600_00))[0].lines
    assert found.amount_minor == 500_00
    assert found.text == "STRIPE A STRIPE B"
    assert found.references == ("PART1", "PART2")


def test_a_batch_without_amounts_of_its_parts_is_counted_once():
    parts = BATCH.replace("<Amt Ccy='EUR'>200.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>", "")
    parts = parts.replace("<Amt Ccy='EUR'>300.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>", "")
    (found,) = read(file_of(entry(details=parts), closing_minor=600_00))[0].lines
    assert found.amount_minor == 500_00


def test_a_reversal_goes_the_way_that_its_entry_says():
    names = (
        "<NtryDtls><TxDtls><RltdPties><Dbtr><Pty><Nm>Stripe</Nm></Pty></Dbtr>"
        "<Cdtr><Pty><Nm>Shop</Nm></Pty></Cdtr></RltdPties></TxDtls></NtryDtls>"
    )
    back = entry(sign="DBIT", more="<RvslInd>true</RvslInd>", details=names)
    paid = entry(details=names)
    found = read(file_of(paid, back, closing_minor=100_00))[0].lines
    assert [one.amount_minor for one in found] == [500_00, -500_00]
    assert {one.name for one in found} == {"Stripe"}


@pytest.mark.parametrize(
    ("balances", "closing"),
    [
        (("OPBD", "CLBD"), True),
        (("PRCD", "CLBD"), True),
        (("OPBD", "ITBD"), True),
        (("ITBD", "ITBD"), True),
        (("ITBD", "CLBD"), True),
        (("CLBD", "CLBD"), False),
        (("OPBD", "CLAV"), False),
        (("ITBD", "CLAV"), False),
    ],
)
def test_a_page_may_open_and_close_with_interim_balances(balances, closing):
    data = file_of().decode()
    for written, code in zip(("OPBD", "CLBD"), balances, strict=True):
        data = data.replace(f">{written}<", f">new {code}<")
    data = data.replace(">new ", ">").encode()
    if closing:
        assert read(data)[0].opening_minor == 100_00
    else:
        with pytest.raises(StatementRefused, match="balance: is missing"):
            read(data)


def test_a_time_is_of_the_day_that_the_bank_wrote():
    data = file_of(entry(), closing_minor=600_00).decode()
    written = "<BookgDt><DtTm>2026-11-08T23:59:00-05:00</DtTm></BookgDt>"
    data = data.replace("<BookgDt><Dt>2026-11-09</Dt></BookgDt>", written)
    assert read(data.encode())[0].lines[0].booked_on.isoformat() == "2026-11-08"


@pytest.mark.parametrize(
    ("currency", "written", "minor"),
    [
        ("KWD", "97.095", 97_095),
        ("KWD", "97.09", 97_090),
        ("JPY", "1000.00", 1000),
        ("JPY", "1000", 1000),
        ("EUR", "1.5", 150),
        ("EUR", "2.", 200),
        ("KWD", "97.0951", None),
        ("JPY", "1000.50", None),
        ("EUR", "1.005", None),
        ("EUR", "1,50", None),
        ("EUR", "-1.50", None),
        ("EUR", "1e2", None),
        ("EUR", "٣", None),
        ("EUR", "9999999999999999.00", None),
        ("EUR", "0.0100000000000000000000000001", None),
    ],
)
def test_an_amount_has_the_decimals_of_its_currency_or_is_refused(currency, written, minor):
    small = statement([line(100, currency=currency.lower())], currency=currency.lower())
    data = camt053(small).decode()
    amount = data.partition("<Ntry>")[2].partition("</Amt>")[0] + "</Amt>"
    data = data.replace(f"<Ntry>{amount}", f'<Ntry><Amt Ccy="{currency}">{written}</Amt>')
    with pytest.raises(StatementRefused) as caught:
        read(data.encode())
    # Read right, it no longer makes the closing balance, which both sums say.
    assert isinstance(caught.value, StatementUnbalanced) == (minor is not None)
    if minor is not None:
        digits = {"KWD": 3, "JPY": 0, "EUR": 2}[currency]
        made = f"{(100_00 + minor) / 10**digits:.{digits}f}"
        assert f"lines make {made} (statement 2026-11)" in caught.value.rule


@pytest.mark.parametrize(
    ("old", "new", "field", "rule"),
    [
        (b'Ccy="EUR">500', b'Ccy="USD">500', "currency", "is USD within a statement in EUR"),
        (b"EUR", b"XXX", "currency", "XXX is not known"),
        (b"camt.053.001.08", b"camt.052.001.08", "file", "is camt.052; statements are camt.053"),
        (
            b"camt.053.001.08",
            b"camt.053.001.01",
            "version",
            "must be one of camt.053.001.02 to .13",
        ),
        (b"urn:iso", b"urn:other", "file", "must be a Document of ISO 20022's camt.053"),
        (b">BOOK<", b">DONE<", "entry status", "must be BOOK, PDNG, INFO or FUTR"),
        (b">CRDT<", b">BOTH<", "balance", "must have Amt and CdtDbtInd (CRDT or DBIT)"),
        (b"2026-11-09", b"2026-11-31", "Dt", "must be a day such as 2026-01-31"),
        (ACCOUNT.encode(), b"", "account", "must have 1 to 64 characters"),
        (b"</Stmt>", b"", "file", "is no well-formed XML"),
        (b"utf-8", b"no-such", "file", "is no well-formed XML"),
    ],
)
def test_what_breaks_a_rule_is_refused_by_field_and_rule(old, new, field, rule):
    paid = entry().replace("'EUR'", '"EUR"')
    data = file_of(paid, closing_minor=600_00)
    assert old in data
    with pytest.raises(StatementRefused) as caught:
        read(data.replace(old, new))
    assert (caught.value.field, caught.value.rule) == (field, rule)


def test_a_document_type_is_refused_before_anything_in_it_is_read():
    # Harmless: an entity that stands for one word, and a type without any.
    for doctype in (b'<!DOCTYPE Document [<!ENTITY who "Stripe">]>', b"<!DOCTYPE Document>"):
        data = file_of().replace(b"?>", b"?>" + doctype, 1)
        with pytest.raises(StatementRefused, match="must not have a document type or entities"):
            read(data)


def test_elements_without_end_are_refused_before_the_tree_is_whole():
    deep = file_of().replace(b"</GrpHdr>", b"<X>" * 80 + b"</X>" * 80 + b"</GrpHdr>")
    with pytest.raises(StatementRefused, match="too many elements, or too deep ones"):
        read(deep)


def test_one_file_may_hold_statements_of_several_accounts():
    other = "FR7630006000011234567890189"
    wanted = [fits(statement([line(5)], account=one), "camt.053") for one in (ACCOUNT, other)]
    assert read(camt053(*wanted)) == wanted
