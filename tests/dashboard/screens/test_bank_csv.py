"""The file of the bank's lines: every page, each line with its payout, for who manages the bank."""

from zoneinfo import ZoneInfo

import pytest

from core.access.principals import Caller
from core.access.rights import ROLES
from core.actions.context import ActionContext
from core.cache import ProcessCache
from core.ledger.booking import Scope
from core.mirror.apply import BookingContext
from core.reads.exports import lists
from tests.dashboard.web.test_file_exports import client, table
from tests.support.bank_books import BankBooks
from tests.support.bank_files import line, statement
from tests.support.fixtures_access import person
from tests.support.fixtures_actions import RULES

__all__ = ["client"]


@pytest.fixture
def bank(console):
    books = BookingContext(Scope(ZoneInfo("UTC")))
    context = ActionContext(console.engine, {}, books, RULES, ProcessCache(), "", step_up=None)
    made = BankBooks(console, context, Caller(person(console, "finance")))
    payout = made.paid_out(4)
    rows = [line(at, references=(f"B{at}",), text="=cmd()") for at in range(1, 6)]
    made.take_in(statement(rows))
    made.match()
    return made, payout


def test_the_file_holds_all_pages_and_which_payout_each_line_is(bank, client, monkeypatch):
    monkeypatch.setattr(lists, "PAGE_ROWS", 2)
    made, payout = bank
    asking = client(made.finance.actor)
    rows = table(asking.get("/ui/export/bank_lines.csv"))
    assert [row["amount"] for row in rows] == ["0.05", "0.04", "0.03", "0.02", "0.01"]
    assert [row["payouts"] for row in rows] == ["", payout, "", "", ""]
    assert rows[0]["text"] == "'=cmd()"
    (found,) = table(asking.get("/ui/export/bank_lines.csv", params={"state": "matched"}))
    assert (found["how"], found["matched"]) == ("amount", "0.04")
    assert table(asking.get("/ui/export/bank_lines.csv", params={"account": "99"})) == []
    assert asking.get("/ui/export/bank_lines.csv", params={"account": "x"}).status_code == 422


def test_only_who_manages_the_bank_gets_it(bank, client):
    made, _payout = bank
    allowed = {
        role
        for role in ROLES
        if client(person(made.console, role)).get("/ui/export/bank_lines.csv").status_code == 200
    }
    assert allowed == {"finance", "admin"}
