"""In a real browser: refunds that a second person approves, disputes that are answered, and cases
of fraud that are worked by keys; one history for all of it."""

from __future__ import annotations

import re

import pytest

from tests.support import whole_program as stacks
from tests.support.disputes import picture
from tests.support.receivers import wait_until
from tests.support.refund_browser import ask

pytestmark = pytest.mark.browser
HISTORY = ("--days", "2", "--per-day", "20", "--seed", "6")
AMOUNT, SAID = 64_700, "$647.00 USD"
WARNED = "pm_card_createIssuerFraudRecord"


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
    payment, own = stack.paid(amount=AMOUNT), stack.paid(amount=200_000)
    support, lead = visit("support"), visit("lead")
    rule, told = ask(support, payment)
    assert "Over your limit of $100.00 USD: a second person approves." in rule
    assert f"{SAID} waits for a second person" in told
    assert refunds_of(stack, payment) == []

    # Who asked has no queue, not by its address either; the list moves by itself later.
    page = support.open("/refunds?tab=waiting")
    wait_for_row(page, "$647.00", "Waits for approval")
    assert page.get_by_role("button", name="Review").count() == 0
    assert page.get_by_text("Waiting for approval", exact=True).count() == 0

    # A lead does not decide about what they asked for themselves.
    ask(lead, own)
    queue = lead.open("/refunds?tab=waiting")
    queue.get_by_text("Somebody else decides about what you asked for yourself.").wait_for()
    assert queue.get_by_role("button", name="Yours").is_disabled()
    assert queue.get_by_role("button", name="Review").count() == 1

    queue.get_by_role("button", name="Review").click()
    approve = queue.get_by_role("button", name=re.compile("^Approve: refund"))
    approve.wait_for()
    lead.settle()
    # In sight on a window of 900 pixels, however much stands above it.
    box = approve.bounding_box()
    assert box["y"] + box["height"] < 900
    approve.dblclick()
    queue.get_by_text(f"{SAID} is given back.").wait_for()
    page.get_by_text("1 under way, newest first").wait_for()

    (refund,) = refunds_of(stack, payment)
    assert (refund.amount, refund.status) == (AMOUNT, "succeeded")
    assert refunds_of(stack, own) == []
    history = support.open(f"/refunds?tab=history&payment={payment}")
    wait_for_row(history, "$647.00", "Refunded", "Sam Support", "Lee Lead")

    stack.arrived("select 1 from payments where stripe_id = ? and amount_refunded_minor", payment)
    shown = support.open(f"/payment?id={payment}").locator("[data-testid=stMetric]")
    assert "$647.00" in shown.filter(has_text="Refunded").inner_text()

    log = visit("admin").open(f"/audit?q=target:{payment}")
    wait_for_row(log, "lead@demo.test", "Approved a refund")
    wait_for_row(log, "support@demo.test", "Asked for a refund")
    asked = [row for row in rows(log) if any("Asked for a refund" in cell for cell in row)]
    assert len(asked) == 1


def disputed(stack):
    payment = stack.pay(amount=4200, payment_method="pm_card_createDispute").id
    query = "select stripe_id from disputes where payment_id = ? and confirmed"
    return stack.arrived(query, payment)[0]


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("winning_evidence", "Won"),
        pytest.param("losing_evidence", "Lost", marks=pytest.mark.torture),
    ],
)
def test_a_dispute_is_answered_from_draft_to_decision(visit, stack, words, status):
    dispute = disputed(stack)
    visitor = visit("risk")
    page = visitor.open(f"/dispute?id={dispute}")
    assert "USD" in page.inner_text("h1")
    page.set_input_files(
        "input[type=file]",
        {"name": "big.png", "mimeType": "image/png", "buffer": picture(5_000_000)},
    )
    page.get_by_role("button", name="Attach").click()
    page.get_by_text("more than 4500000 bytes in all").wait_for()
    assert stack.stripe.v1.disputes.retrieve(dispute).evidence.receipt is None
    # Typed and not left: it is kept by itself, and there after a reload.
    page.get_by_label("Anything else").press_sequentially(words[:-1])
    page.get_by_text(re.compile("Kept at Stripe .* by ")).first.wait_for()
    asked, kept = [], stack.stripe.v1.disputes.retrieve
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.reload()
    field = page.get_by_label("Anything else")
    wait_until(lambda: field.input_value() == words[:-1], seconds=30)
    assert asked == []
    # Closed before it is kept: the browser asks, and it is kept for who stays.
    field.press("End")
    page.keyboard.type(words[-1])
    with page.expect_event("dialog"):
        page.close(run_before_unload=True)
    wait_until(lambda: kept(dispute).evidence.uncategorized_text == words, seconds=30)
    assert asked == ["beforeunload"]
    assert kept(dispute).status == "needs_response"
    page.get_by_role("button", name="Submit …").click()
    page.get_by_role("button", name="Submit for good").click()
    page.get_by_text("Submitted. The bank decides").wait_for()
    at_stripe = stack.stripe.v1.disputes.retrieve(dispute)
    assert at_stripe.evidence_details.submission_count == 1
    decided = "select 1 from disputes where stripe_id = ? and status = ?"
    stack.arrived(decided, dispute, status.lower())
    assert status in visitor.open(f"/dispute?id={dispute}").inner_text("main")


def amounts(visitor):
    """What the queue's cases are about; nothing where it is empty."""
    visitor.open("/fraud?tab=cases")
    shown = visitor.page.locator(stacks.TABLE).count()
    return [row[0] for row in visitor.cells()] if shown else []


def walk_to(visitor, amount):
    """Go through the queue by its key, from the top, until the case about this amount is open."""
    waiting, page = amounts(visitor), visitor.page
    assert amount in waiting
    for _ in waiting:
        before = page.url
        page.keyboard.press("j")
        page.wait_for_url(lambda url, before=before: url != before)
        visitor.settle()
        if page.get_by_role("heading", name=f"{amount} USD").count():
            return page
    raise AssertionError(f"no case about {amount}")


def test_cases_are_refunded_and_dismissed_by_keys(visit, stack):
    known = stack.pay(amount=4311, payment_method=WARNED).id
    stolen = stack.pay(amount=4422, payment_method=WARNED).id
    for payment in (known, stolen):
        stack.arrived("select 1 from cases where payment_id = ? and state = 'open'", payment)
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


#: Counts the clicks of a pointer: keys tell of a click without one.
COUNTED = """() => {
  window.clicks = 0;
  document.addEventListener("click", (e) => { window.clicks += e.detail > 0 }, true);
}"""


def test_a_rule_is_changed_on_the_result_of_a_backtest_in_six_clicks(visit, stack):
    stack.pay(amount=1_500_000)
    visitor = visit("risk")
    page = visitor.open("/payments")
    page.evaluate(COUNTED)
    sidebar = page.get_by_test_id("stSidebarNavItems")
    sidebar.get_by_role("link", name="Fraud").click()
    tab = page.get_by_role("radio", name="Rules")
    tab.or_(page.get_by_role("button", name="Rules", exact=True)).first.click()
    page.get_by_role("link", name=re.compile("Large payment")).click()
    points = page.get_by_label("Points", exact=True)
    points.click()
    points.fill("75")
    page.get_by_role("button", name="Try on the past").click()
    page.get_by_text("Good ones stopped", exact=True).first.wait_for()
    # Until then what stood here before the result stands here still.
    visitor.settle()
    # By keys from the button to the field below the result.
    reason = page.get_by_label("Why this change?")
    reason.focus()
    page.keyboard.type("large ones are fraud too often")
    page.locator(".st-key-rules_save button:enabled").click()
    page.get_by_text("The rules are in force for every payment from now on.").wait_for()
    assert page.evaluate("window.clicks") <= 6
