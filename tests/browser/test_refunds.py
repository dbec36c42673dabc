"""In a real browser: support asks over the limit, the lead approves, and everything agrees."""

from __future__ import annotations

import re

import pytest

from tests.support import whole_program as stacks
from tests.support.receivers import wait_until
from tests.support.refund_browser import ask

pytestmark = pytest.mark.browser
HISTORY = ("--days", "2", "--per-day", "20", "--seed", "6")
AMOUNT, SAID = 64_700, "$647.00 USD"


def refunds_of(stack, payment_id):
    return list(stack.stripe.v1.refunds.list({"payment_intent": payment_id}).auto_paging_iter())


def rows(page):
    return [
        [cell.text_content() for cell in row.locator("td").all()]
        for row in page.locator(f"{stacks.TABLE} tbody tr").all()
    ]


def wait_for_row(page, *texts):
    stacks.row(page, *texts).wait_for()


def test_support_asks_over_the_limit_the_lead_approves_and_all_agrees(visit, stack):
    payment, own = stack.pay(amount=AMOUNT).id, stack.pay(amount=200_000).id
    support, lead = visit("support"), visit("lead")
    rule, told = ask(support, payment)
    assert "Over your limit of $100.00 USD: a second person approves." in rule
    assert f"{SAID} waits for a second person" in told
    assert refunds_of(stack, payment) == []

    # Who asked has no queue, not by its address either; the list moves by itself later.
    page = support.open("/refunds?tab=waiting")
    wait_for_row(page, "$647.00", "awaiting_approval")
    assert page.get_by_role("button", name="Review").count() == 0
    assert page.get_by_text("Waiting for approval", exact=True).count() == 0

    # A lead does not decide about what they asked for themselves.
    ask(lead, own)
    queue = lead.open("/refunds?tab=waiting")
    queue.get_by_text("Somebody else decides about what you asked for yourself.").wait_for()
    assert queue.get_by_role("button", name="Yours").is_disabled()
    assert queue.get_by_role("button", name="Review").count() == 1

    queue.get_by_role("button", name="Review").click()
    queue.get_by_role("button", name=re.compile("^Approve: refund")).dblclick()
    queue.get_by_text(f"{SAID} is given back.").wait_for()
    page.get_by_text("1 under way, newest first").wait_for()

    (refund,) = refunds_of(stack, payment)
    assert (refund.amount, refund.status) == (AMOUNT, "succeeded")
    assert refunds_of(stack, own) == []
    history = support.open(f"/refunds?tab=history&payment={payment}")
    wait_for_row(history, "$647.00", "succeeded", "Sam Support", "Lee Lead")

    def refunded():
        metric = support.open(f"/payment?id={payment}").locator(
            "[data-testid=stMetric]", has_text="Refunded"
        )
        return "$647.00" in metric.inner_text()

    wait_until(refunded, seconds=90)

    log = visit("admin").open(f"/audit?q=target:{payment}")
    wait_for_row(log, "lead@demo.test", "Approved a refund")
    wait_for_row(log, "support@demo.test", "Asked for a refund")
    asked = [row for row in rows(log) if any("Asked for a refund" in cell for cell in row)]
    assert len(asked) == 1
