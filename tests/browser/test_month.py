"""In a real browser: a month from the bank's statement to its certificate, by two people."""

import hashlib
import json
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from core import clock
from core.access import users
from core.access.demo import PASSWORD
from core.access.passwords import hash_password
from core.db.engine import open_engine, writing
from tests.support import whole_program as stacks
from tests.support.bank_files import camt053, line, statement
from tests.support.fixtures_browser import SIZE

pytestmark = pytest.mark.browser
HISTORY = ("--days", "45", "--per-day", "3", "--seed", "4")
LAST = clock.now().date().replace(day=1) - timedelta(days=1)
MONTH = f"{LAST:%Y-%m}"


@pytest.fixture
def newcomer(browser, stack):
    """Somebody new with these roles, signed in."""
    made = []

    def sign_in(name, *roles):
        engine = open_engine(f"sqlite:///{stack.var_dir / 'tillwatch.db'}")
        with writing(engine) as connection:
            users.create(
                connection,
                email=f"{name}@demo.test",
                roles=roles,
                password_hash=hash_password(PASSWORD),
                actor="test",
                production=False,
            )
        engine.dispose()
        made.append(stacks.sign_in(browser, stack, f"{name}@demo.test", viewport=SIZE))
        return made[-1]

    yield sign_in
    for visitor in made:
        visitor.page.context.close()


def rows(stack, query):
    with sqlite3.connect(stack.var_dir / "tillwatch.db") as connection:
        return connection.execute(query).fetchall()


def written_statement(stack, folder):
    """A statement of every dollar payout but the first of last month: its file, and that payout."""
    found = rows(
        stack,
        "select stripe_id, amount_minor, arrival_at from payouts"
        " where currency = 'usd' and status = 'paid' order by created_at",
    )
    days = {row[0]: datetime.fromtimestamp(row[2] / 1e6, UTC).date() for row in found}
    missing = next(row[0] for row in found if f"{days[row[0]]:%Y-%m}" == MONTH)
    lines = [
        line(row[1], booked_on=days[row[0]], value_on=None, currency="usd", references=(row[0],))
        for row in found
        if row[0] != missing
    ]
    file = folder / "usd.xml"
    file.write_bytes(camt053(statement(lines, currency="usd", account="US64SVBKUS6S33009588")))
    return file, missing


def test_a_month_from_the_statement_to_its_certificate(visit, newcomer, stack, tmp_path):
    file, missing = written_statement(stack, tmp_path)
    finance = visit("finance")
    page = finance.open("/bank")
    page.get_by_role("button", name="Import a statement…").click()
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_text("usd.xml").wait_for()
    finance.settle()
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_text("1 statement was read").wait_for()
    page.get_by_text("Payouts that the bank does not show").wait_for()

    finance.open(f"/proof?month={MONTH}")
    page.get_by_role("button", name="Reconcile now").click()
    page.get_by_text("Being reconciled").wait_for()
    page.get_by_text("Being reconciled").wait_for(state="detached")
    finance.settle()
    found = "select id from breaks where kind = 'bank_missing' and state = 'open'"
    ((number,),) = rows(stack, found)
    finance.open(f"/proof?month={MONTH}&difference={number}")
    page.get_by_role("dialog").get_by_text(missing).first.wait_for()
    page.get_by_role("button", name="Explain…").click()
    page.get_by_role("textbox", name="Why is it there?").fill("Paid to another account")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Explain", exact=True).click()
    page.get_by_text("The difference is explained.").wait_for()

    finance.open(f"/close?month={MONTH}")
    page.get_by_role("button", name="Ask to close").click()
    page.get_by_text("Another person than you confirms it.").wait_for()
    assert page.get_by_role("button", name="Close the month").count() == 0

    second = newcomer("second", "finance")
    other = second.open(f"/close?month={MONTH}")
    other.get_by_role("button", name="Close the month").click()
    other.get_by_text("The month is closed.").wait_for()
    second.settle()
    with other.expect_download() as download:
        other.get_by_role("button", name="Certificate").click()
    written = download.value.path().read_bytes()
    assert json.loads(written)["month"] == MONTH
    assert other.get_by_text(hashlib.sha256(written).hexdigest()).count() == 1
    other.get_by_text("No row came late.").wait_for()


def test_a_step_of_the_bridge_opens_rows_that_come_to_it(visit, stack):
    finance = visit("finance")
    page = finance.open(f"/proof?month={MONTH}&currency=usd")
    page.get_by_role("link", name="All rows of these days").click()
    page.get_by_role("heading", name="Ledger rows").wait_for()
    finance.settle()
    (sums,) = rows(
        stack,
        "select count(*), sum(net_minor) from balance_transactions"
        f" where currency = 'usd' and strftime('%Y-%m', business_day) = '{MONTH}'",
    )
    shown = page.locator(".card .value").all_text_contents()
    assert shown[0] == f"{sums[0]:,}"
    assert shown[3].replace("$", "").replace(",", "") == f"{sums[1] / 100:.2f}"
