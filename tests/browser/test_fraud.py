"""In a real browser: issuers' warnings become cases, and the queue is worked by keys."""

import pytest

from tests.support import whole_program as stacks
from tests.support.receivers import wait_until

pytestmark = pytest.mark.browser
HISTORY = ("--days", "2", "--per-day", "5", "--seed", "4")
WARNED = "pm_card_createIssuerFraudRecord"


def amounts(visitor):
    """What the queue's cases are about; nothing where it is empty."""
    visitor.open("/fraud?tab=cases")
    shown = visitor.page.locator(stacks.TABLE).count()
    return [row[0] for row in visitor.cells()] if shown else []


def walk_to(visitor, amount):
    """Go through the queue by its key, from the top, until the case about this amount is open."""

    waiting = wait_until(lambda: amount in (found := amounts(visitor)) and found, seconds=90)
    page = visitor.page
    for _ in waiting:
        before = page.url
        page.keyboard.press("j")
        page.wait_for_url(lambda url, before=before: url != before)
        visitor.settle()
        if page.get_by_role("heading", name=f"{amount} USD").count():
            return page
    raise AssertionError(f"no case about {amount}")


def refunds_of(stack, payment_id):
    return stack.stripe.v1.refunds.list({"payment_intent": payment_id}).data


def test_cases_are_refunded_and_dismissed_by_keys(visit, stack):
    known = stack.pay(amount=4311, payment_method=WARNED).id
    stolen = stack.pay(amount=4422, payment_method=WARNED).id
    visitor = visit("risk")

    page = walk_to(visitor, "$44.22")
    page.keyboard.press("f")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Refund $44.22 USD").click()
    page.get_by_text("The refund is on its way, and the case is closed.").wait_for()
    made = wait_until(lambda: refunds_of(stack, stolen), seconds=90)
    assert [(one.amount, one.reason) for one in made] == [(4422, "fraudulent")]

    page = walk_to(visitor, "$43.11")
    page.keyboard.press("d")
    dialog.get_by_label("Why is there nothing to do?").fill("a known customer")
    page.keyboard.press("Tab")
    dialog.get_by_role("button", name="Dismiss the case").click()
    page.get_by_text("The case is dismissed.").wait_for()
    assert not {"$43.11", "$44.22"} & set(amounts(visitor))
    assert refunds_of(stack, known) == []
