"""What came in at the bank leaves in transit on the day of its line; what was exported stays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select

from core.actions.bank import matches
from core.books.export import export, wanted
from core.books.formats.registry import FORMATS
from core.db.engine import one_picture, reading, writing
from core.db.tables import bank_accounts, bank_matches, journal_rules
from core.proof.books import book_breaks
from core.proof.span import Span
from tests.support.bank_books import BankBooks
from tests.support.bank_files import DAY, line, statement
from tests.support.book_judges import JUDGES, Judge
from tests.support.factories import NOON, add_ledger, close_month, ledger_row, payment_row

MONTH = f"{DAY:%Y-%m}"
FIRST = DAY.replace(day=1)
AFTER = (FIRST + timedelta(days=31)).replace(day=1)


def paid_out(bank: BankBooks, amount: int, *, sold: int = 10_000) -> str:
    """A sale, and a payout of two days before the line, each with its ledger row."""
    payout = bank.paid_out(amount)
    at = NOON.replace(year=DAY.year, month=DAY.month, day=DAY.day) - timedelta(days=2)
    rows = [
        ledger_row(payment_row(created_at=at, currency="eur"), amount_minor=sold, fee_minor=0),
        ledger_row(
            payment_row(created_at=at, currency="eur"),
            reporting_category="payout",
            amount_minor=-amount,
            source_id=payout,
            fee_minor=0,
        ),
    ]
    with writing(bank.console.engine) as connection:
        add_ledger(connection, rows)
    return payout


def came_in(bank: BankBooks, *amounts: int) -> None:
    lines = [line(amount, name="STRIPE", text=f"STRIPE {n}") for n, amount in enumerate(amounts)]
    bank.take_in(statement(lines, opened_on=DAY, closed_on=DAY + timedelta(days=20)))


def lines_of(bank: BankBooks, month: str = MONTH) -> list[list[str]]:
    """Entry, account, debit and credit of each line of the file."""
    found = export(bank.console.engine, wanted(month, livemode=False), "csv")
    rows = [row.split(",") for row in found.content.decode().splitlines()[1:]]
    return [[row[1], row[3], row[5], row[6], row[9]] for row in rows]


def bank_lines(bank: BankBooks) -> list[list[str]]:
    return [row for row in lines_of(bank) if "-EUR-B" in row[0]]


def breaks(bank: BankBooks) -> list[Any]:
    span = Span(False, FIRST, AFTER - timedelta(days=1), ZoneInfo("UTC"))
    with one_picture(bank.console.engine) as connection:
        return list(book_breaks(connection, span))


ENTRY = f"TT-{DAY:%Y%m%d}-EUR-B"


def test_a_matched_line_moves_the_payout_from_in_transit_to_the_bank(bank):
    payout = paid_out(bank, 5000)
    came_in(bank, 5000)
    assert bank_lines(bank) == []
    bank.match()
    assert bank_lines(bank) == [
        [ENTRY, "Assets:InTransit:EUR", "", "50.00", ""],
        [ENTRY, "Assets:Bank:EUR", "50.00", "", payout],
    ]


def test_a_payout_below_zero_leaves_the_bank(bank):
    paid_out(bank, -700)
    came_in(bank, -700)
    bank.match()
    assert [row[1:4] for row in bank_lines(bank)] == [
        ["Assets:InTransit:EUR", "7.00", ""],
        ["Assets:Bank:EUR", "", "7.00"],
    ]


@pytest.mark.parametrize(
    ("lines", "payouts", "charged"),
    [
        ([4990], [5000], ["0.10", ""]),
        ([5005], [5000], ["", "0.05"]),
        ([8000], [5000, 3000], None),
        ([7999], [5000, 3000], ["0.01", ""]),
        ([3000, 2000], [5000], None),
        ([3000, 1990], [5000], ["0.10", ""]),
    ],
)
def test_in_transit_is_settled_whole_and_the_rest_is_the_banks_charge(
    bank, lines, payouts, charged
):
    ids = [paid_out(bank, amount) for amount in payouts]
    came_in(bank, *lines)
    bank.by_hand([one.line_id for one in bank.lines()], ids, accepts_difference=True)
    rows = bank_lines(bank)
    transit = [row for row in rows if row[1] == "Assets:InTransit:EUR"]
    assert [row[3] for row in transit] == [f"{sum(payouts) / 100:.2f}"]
    into = sum(round(float(row[2]) * 100) for row in rows if row[1] == "Assets:Bank:EUR")
    assert into == sum(lines)
    charges = [row[2:4] for row in rows if row[1] == "Expenses:Fees:Bank"]
    assert charges == ([charged] if charged else [])


def undo(bank: BankBooks) -> None:
    with reading(bank.console.engine) as connection:
        decision = connection.scalar(select(bank_matches.c.decision))
    matches.undo(bank.context, bank.finance, decision, "another one", livemode=False)


def test_what_was_exported_stays_and_an_undone_match_is_corrected(bank):
    payout = paid_out(bank, 5000)
    came_in(bank, 5000)
    bank.match()
    close_month(bank.console.engine, FIRST)
    first = lines_of(bank)
    assert lines_of(bank) == first
    assert breaks(bank) == []
    undo(bank)
    (one,) = breaks(bank)
    assert (one.kind, one.object_id, one.currency) == ("unexplained", f"in_transit {MONTH}", "eur")
    # Nothing came in, so the payout is still in transit; the export said that it was not.
    assert (one.ours_minor, one.theirs_minor) == (0, 5000)
    second = lines_of(bank)
    assert second[: len(first)] == first
    assert second[len(first) :] == [
        [f"{ENTRY}-2", "Assets:Bank:EUR", "", "50.00", payout],
        [f"{ENTRY}-2", "Assets:InTransit:EUR", "50.00", "", ""],
    ]
    assert breaks(bank) == []


def test_a_match_after_the_export_is_told_until_it_is_exported_too(bank):
    paid_out(bank, 5000)
    came_in(bank, 5000)
    close_month(bank.console.engine, FIRST)
    lines_of(bank)
    assert breaks(bank) == []
    bank.match()
    (one,) = breaks(bank)
    assert (one.ours_minor, one.theirs_minor, one.cause) == (5000, 0, "not_exported")
    lines_of(bank)
    assert breaks(bank) == []


def test_an_account_at_a_bank_has_an_own_account_by_a_rule(bank):
    paid_out(bank, 5000)
    came_in(bank, 5000)
    bank.match()
    with writing(bank.console.engine) as connection:
        number = connection.scalar(select(bank_accounts.c.account))
        rule = {"subject": "bank", "name": number, "currency": "", "account": "Assets:Giro"}
        connection.execute(insert(journal_rules).values(rule))
    assert [row[1] for row in bank_lines(bank)] == ["Assets:InTransit:EUR", "Assets:Giro"]


def test_what_came_in_before_is_in_the_opening(bank):
    paid_out(bank, 5000)
    paid_out(bank, 900)
    came_in(bank, 5000)
    bank.match()
    found = export(bank.console.engine, wanted(f"{AFTER:%Y-%m}", livemode=False), "ledger")
    opening = found.content.decode()
    assert "Assets:Bank:EUR  50.00 EUR" in opening
    assert "Assets:InTransit:EUR  9.00 EUR" in opening


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_carries_it(bank, name):
    paid_out(bank, 5000)
    came_in(bank, 5000)
    bank.match()
    found = export(bank.console.engine, wanted(MONTH, livemode=False), name)
    text = found.content.decode("cp1252" if name == "datev" else "utf-8")
    mine = [one for one in text.splitlines() if "EUR-B" in one]
    assert mine
    if name == "datev":
        (row,) = mine
        assert row.split(";")[:2] + row.split(";")[6:8] == ["50,00", '"S"', "1200", "1360"]
    if name in ("xero", "qbo"):
        assert "in transit" in "".join(mine)


@pytest.mark.long
@pytest.mark.parametrize("judge", JUDGES, ids=lambda judge: judge.name)
def test_other_peoples_programs_accept_it_and_refuse_a_cent(bank, tmp_path, judge: Judge):
    ids = [paid_out(bank, amount) for amount in (5000, 3000, 700)]
    came_in(bank, 5000, 2999, 700)
    by_amount = {one.amount_minor: one.line_id for one in bank.lines()}
    bank.by_hand([by_amount[2999]], [ids[1]], accepts_difference=True)
    bank.match()
    close_month(bank.console.engine, FIRST)
    engine = bank.console.engine
    export(engine, wanted(MONTH, livemode=False), judge.format)
    undo(bank)
    found = export(engine, wanted(MONTH, livemode=False), judge.format)
    assert found.corrections == 1
    path = tmp_path / "books"
    path.write_bytes(found.content)
    assert judge.complaint(path) == ""
    wrong = found.content.replace(b"Assets:Bank:EUR  7.00", b"Assets:Bank:EUR  7.01", 1)
    assert wrong != found.content
    path.write_bytes(wrong)
    assert "EUR" in judge.complaint(path)


def test_the_day_is_the_banks_own(bank):
    paid_out(bank, 5000)
    came_in(bank, 5000)
    bank.match()
    found = export(bank.console.engine, wanted(MONTH, livemode=False, days=str(DAY.day)), "csv")
    assert found.entries == 1
