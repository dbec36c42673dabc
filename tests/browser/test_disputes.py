"""In a real browser: a card that is disputed, a file too big, a draft, one answer, won or lost."""

import pytest

from tests.support.disputes import picture
from tests.support.receivers import wait_until

pytestmark = pytest.mark.browser
HISTORY = ("--days", "2", "--per-day", "5", "--seed", "3")


def disputed(stack):
    payment = stack.pay(amount=4200, payment_method="pm_card_createDispute")
    disputes = stack.stripe.v1.disputes

    def found():
        return disputes.list({"payment_intent": payment.id}).data

    wait_until(lambda: bool(found()), seconds=90)
    return found()[0].id


@pytest.mark.parametrize(
    ("words", "status"), [("winning_evidence", "Won"), ("losing_evidence", "Lost")]
)
def test_a_dispute_is_answered_from_draft_to_decision(visit, stack, words, status):
    dispute = disputed(stack)
    visitor = visit("risk")
    page = visitor.open(f"/dispute?id={dispute}")
    wait_until(lambda: "USD" in visitor.open(f"/dispute?id={dispute}").inner_text("h1"), seconds=90)
    page.set_input_files(
        "input[type=file]",
        {"name": "big.png", "mimeType": "image/png", "buffer": picture(5_000_000)},
    )
    page.get_by_role("button", name="Attach").click()
    page.get_by_text("more than 4500000 bytes in all").wait_for()
    assert stack.stripe.v1.disputes.retrieve(dispute).evidence.receipt is None
    page.get_by_label("Anything else").fill(words)
    page.get_by_role("button", name="Save draft").click()
    page.get_by_text("The draft is kept at Stripe").wait_for()
    assert stack.stripe.v1.disputes.retrieve(dispute).status == "needs_response"
    page.get_by_role("button", name="Submit …").click()
    page.get_by_role("button", name="Submit for good").click()
    page.get_by_text("Submitted. The bank decides").wait_for()
    at_stripe = stack.stripe.v1.disputes.retrieve(dispute)
    assert at_stripe.evidence_details.submission_count == 1
    wait_until(
        lambda: status in visitor.open(f"/dispute?id={dispute}").inner_text("main"), seconds=90
    )
