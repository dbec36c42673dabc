"""In a real browser: finance reconciles, finds what was changed by hand, and says why."""

import random
import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from core import clock
from core.db.engine import open_engine, writing
from core.db.tables import balance_transactions
from tests.support import whole_program as stacks
from tests.support.planted_breaks import Planter, one_minor_unit_more

pytestmark = pytest.mark.browser
HISTORY = ("--days", "12", "--per-day", "12", "--seed", "4")


ONE = re.compile(r"\b1 difference$")


def planted(stack):
    """A row of the ledger that is a unit off: its id, and its month as the address has it."""
    engine = open_engine(f"sqlite:///{stack.var_dir / 'tillwatch.db'}")
    now = clock.now()
    with writing(engine) as connection:
        planter = Planter(
            connection, random.Random(2), now - timedelta(days=9), now - timedelta(days=3)
        )
        ((_kind, row, _currency),) = one_minor_unit_more(planter)
        b = balance_transactions.c
        at = connection.scalar(select(b.created_at).where(b.stripe_id == row))
    engine.dispose()
    return row, f"{at:%Y-%m}"


def table_cells(visitor):
    """All cells of the last table."""
    return visitor.page.locator(stacks.TABLE).last.locator("td").all_text_contents()


def reconcile(visitor, month):
    """Press the button and wait for the worker's answer."""
    page = visitor.open(f"/proof?view=all&month={month}")
    page.get_by_role("button", name="Reconcile now").click()
    page.get_by_text("Being reconciled").wait_for()
    page.get_by_text("Being reconciled").wait_for(state="detached")
    visitor.settle()
    return page


def test_finance_reconciles_and_explains_a_planted_difference(visit, stack):
    row, month = planted(stack)
    visitor = visit("finance")
    page = reconcile(visitor, month)
    page.get_by_text(ONE).wait_for()
    page.get_by_text("What must hold").wait_for()
    shown = table_cells(visitor)
    assert "Amount differs" in shown

    number = next(cell.split("#")[-1] for cell in shown if "#" in cell)
    visitor.open(f"/proof?view=all&month={month}&difference={number}")
    page.get_by_role("dialog").get_by_text(row).wait_for()
    page.get_by_role("button", name="Explain…").click()
    page.get_by_role("textbox", name="Why is it there?").fill("Changed by hand for a test")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Explain", exact=True).click()
    page.get_by_text("The difference is explained.").wait_for()
    page.get_by_text("Changed by hand for a test").wait_for()
    page.keyboard.press("Escape")
    visitor.settle()
    assert page.get_by_text(ONE).count() == 0

    # A run finds it again, and leaves the explanation.
    page = reconcile(visitor, month)
    assert page.get_by_text("1 explained").count() == 1
    assert page.get_by_text(ONE).count() == 0


def test_a_payout_is_opened_from_the_list_and_from_its_payment(visit, stack):
    visitor = visit("finance")
    page = visitor.open("/payouts?view=paid&currency=usd")
    payments: list[str] = []
    # A payout may be made of a dispute alone: which one is depends on the time of day.
    for payout in [cell.split()[-1] for cell in table_cells(visitor) if "po_" in cell]:
        visitor.open(f"/payout?id={payout}")
        page.get_by_role("heading", name="Made of").wait_for()
        payments = [cell.split()[-1] for cell in table_cells(visitor) if "pi_" in cell]
        if payments:
            break
    visitor.open(f"/payment?id={payments[0]}")
    page.get_by_role("link", name=payout).click()
    page.get_by_role("heading", name="Made of").wait_for()
    assert page.url.endswith(payout)
