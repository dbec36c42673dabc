"""Refunds on the screen: ask, be told which rule applies, approve, refuse, take back."""

from __future__ import annotations

import pytest

from core.actions.refunds import ask as refunds
from core.db.engine import writing
from core.db.tables import payments
from core.errors import StripeRefused
from dashboard.screens.refunds import approval_dialog as refund_approval_dialog
from dashboard.screens.refunds import form as refund_form
from tests.support.fixtures_access import audited
from tests.support.fixtures_refund_screens import texts
from tests.support.kit_parts import tables
from tests.support.refunds import at_stripe, caller, charged, paid, part, requests, whole


@pytest.fixture
def form(refunds_as):
    """The dialog over Refunds, for one payment: `form(who, payment)`."""

    def opened(who, payment):
        test = refunds_as(who)
        test.button(key="refund_open").click().run()
        test.text_input(key="refund_search").input(payment).run()
        assert not test.exception
        return test

    return opened


def fill(test, amount=None, reason="requested_by_customer"):
    if amount is not None:
        test.text_input(key="refund_amount").input(amount).run()
    test.selectbox(key="refund_reason").set_value(reason).run()
    assert not test.exception
    return test.button(key="refund_send")


def figures(test):
    table = next(frame.value for frame in tables(test) if "what" in frame.value)
    return dict(zip(table["what"], table["amount"], strict=True))


def test_within_the_limit_it_is_sent_and_the_figures_say_what_it_does(
    form, action_screens, support
):
    payment = paid(action_screens, 9_497)
    refunds.ask(action_screens, support, part(payment, "10"), livemode=False)
    test = form(support, payment)
    shown = figures(test)
    assert (shown["Captured"], shown["Refunded"], shown["Available"]) == (
        "$94.97",
        "$10.00",
        "$84.97",
    )
    assert test.button(key="refund_send").disabled
    button = fill(test, "20.5")
    assert button.label.replace("\\", "") == "Refund $20.50 USD"
    assert any("Within your limit of $100.00 USD" in said for said in texts(test))
    button.click().run()
    assert any("$20.50 USD is given back" in said for said in texts(test))
    assert sorted(one["amount"] for one in at_stripe(action_screens, payment)) == [1_000, 2_050]


def test_a_click_that_comes_twice_asks_once(form, action_screens, support):
    payment = paid(action_screens, 9_000)
    test = form(support, payment)
    button = fill(test, "30")
    key = test.session_state[refund_form.DIALOG.key]["id"]
    button.click().run()
    # The second click of a double one runs in a form that has not seen the first one's answer.
    test.session_state[refund_form.DIALOG.key].pop("made")
    test.run()
    fill(test, "30").click().run()
    assert any("is given back" in said for said in texts(test))
    assert [row.id for row in requests(action_screens.engine)] == [key]
    assert len(at_stripe(action_screens, payment)) == 1


def test_over_the_limit_one_is_told_before_and_after(form, action_screens, support):
    payment = paid(action_screens, 50_000)
    test = form(support, payment)
    button = fill(test)
    assert button.label.replace("\\", "") == "Ask for $500.00 USD"
    assert "Over your limit of $100.00 USD: a second person approves." in texts(test)
    button.click().run()
    assert any("waits for a second person" in said for said in texts(test))
    assert at_stripe(action_screens, payment) == []


@pytest.mark.parametrize("amount", ["0", "-1", "50.01", "1.001", "lots", "", "1e1"])
def test_an_amount_that_cannot_be_is_said_and_not_sent(form, action_screens, support, amount):
    payment = paid(action_screens, 5_000)
    test = form(support, payment)
    assert fill(test, amount).disabled
    assert any(said.startswith("Amount: ") for said in texts(test))
    assert requests(action_screens.engine) == []


def test_what_stripe_has_not_answered_is_being_resolved_and_never_failed(
    form, action_screens, support, action_emulator
):
    payment = paid(action_screens, 5_000)
    test = form(support, payment)
    button = fill(test)
    action_emulator.fault("reset", path="/v1/refunds", method="POST", count=5)
    button.click().run()
    said = texts(test)
    assert any("being resolved; nothing is sent twice" in one for one in said)
    assert not test.error
    state = next(f.value for f in tables(test) if "state" in f.value)["state"]
    assert [list(cell) for cell in state] == [["Unknown, being resolved"]]


def test_risk_is_offered_fraud_alone(form, action_screens, console):
    test = form(caller(console, "risk"), paid(action_screens, 5_000))
    assert test.selectbox(key="refund_reason").options == ["Fraudulent"]


def test_a_search_finds_payments_to_choose_from(refunds_as, action_screens, support):
    payment = paid(action_screens, 5_000, receipt_email="ada@example.com")
    test = refunds_as(support)
    test.button(key="refund_open").click().run()
    test.text_input(key="refund_search").input("colour:red").run()
    assert test.warning
    test.text_input(key="refund_search").input("amount:50").run()
    test.button(key=f"found_{payment}").click().run()
    assert payment in [code.value for code in test.code]


def test_an_id_with_further_terms_is_a_search(form, action_screens, support):
    """`pi_… -status:failed` is no id: it finds the payment, and `status:failed` beside it none."""
    payment = paid(action_screens, 5_000)
    test = form(support, f"{payment} -status:failed")
    test.button(key=f"found_{payment}").click().run()
    assert figures(test)["Available"] == "$50.00"
    assert "No payment matches" in texts(form(support, f"{payment} status:failed"))


def test_a_charge_without_an_intent_is_found_by_its_id_and_refunded(form, action_screens, support):
    charge = charged(action_screens, 5_000)
    test = form(support, charge)
    test.button(key=f"found_{charge}").click().run()
    fill(test).click().run()
    assert [one["amount"] for one in at_stripe(action_screens, charge)] == [5_000]


def test_a_charge_of_an_intent_leads_to_its_payment(form, action_screens, support):
    payment = paid(action_screens, 5_000)
    charge = action_screens.gateway(False).get(f"/v1/payment_intents/{payment}")["latest_charge"]
    assert form(support, charge).button(key=f"found_{payment}")


def test_the_lead_sees_who_asked_and_why_and_approves(refunds_as, action_screens, support, lead):
    asked = refunds.ask(
        action_screens,
        support,
        whole(paid(action_screens, 50_000), note="a lost parcel"),
        livemode=False,
    )
    test = refunds_as(lead, tab="waiting")
    assert "a lost parcel" in [text.value for text in test.text]
    # Right under the title: a reader of headings would miss a level otherwise.
    assert not test.subheader
    assert "$500.00 USD" in [header.value.replace("\\", "") for header in test.header]
    test.button(key=f"review_{asked.request_id}").click().run()
    assert figures(test)["Reserved by requests"] == "$500.00"
    assert test.button(key="review_refuse").disabled
    test.button(key="review_approve").click().run()
    assert any("$500.00 USD is given back" in said for said in texts(test))
    assert len(at_stripe(action_screens, asked.payment_id)) == 1


def test_refused_with_a_reason(refunds_as, action_screens, support, lead):
    asked = refunds.ask(
        action_screens, support, whole(paid(action_screens, 50_000)), livemode=False
    )
    test = refunds_as(lead, tab="waiting")
    test.button(key=f"review_{asked.request_id}").click().run()
    test.text_input(key="review_why").input("the parcel came").run()
    test.button(key="review_refuse").click().run()
    assert requests(action_screens.engine)[0].why == "the parcel came"
    assert "Refused. Who asked sees the reason." in texts(test)


def test_ones_own_request_is_shown_and_cannot_be_approved(
    console, refunds_as, action_screens, lead
):
    own = refunds.ask(action_screens, lead, whole(paid(action_screens, 200_000)), livemode=False)
    test = refunds_as(lead, tab="waiting")
    assert test.button(key=f"review_{own.request_id}").disabled
    assert any("Somebody else decides" in said for said in texts(test))
    # A dialog that is forced open is refused by the action, and the refusal is written down.
    test.session_state[refund_approval_dialog.DIALOG.key] = {"id": own.request_id}
    test.run()
    test.button(key="review_approve").click().run()
    assert at_stripe(action_screens, own.payment_id) == []
    assert [row.outcome for row in audited(console, "refund.approve")] == ["refused"]


def test_who_may_not_approve_is_offered_no_queue(refunds_as, support):
    test = refunds_as(support, tab="waiting")
    assert test.get_by_key("choice_tab").options == ["Asked", "History"]


def test_its_asker_takes_back_what_waits(refunds_as, action_screens, support, lead):
    payment = paid(action_screens, 50_000)
    asked = refunds.ask(action_screens, support, whole(payment), livemode=False)
    with writing(action_screens.engine) as connection:
        of_ada = payments.update().where(payments.c.stripe_id == payment)
        connection.execute(of_ada.values(email="ada@shop.example"))
    assert not [b for b in refunds_as(lead, refund=asked.request_id).button if "cancel" in b.key]
    test = refunds_as(support, refund=asked.request_id)
    (customer,) = [one for one in test.get("page_link") if one.proto.page == "customer"]
    assert customer.proto.query_string == "id=ada%40shop.example"
    test.button(key="request_cancel").click().run()
    assert requests(action_screens.engine)[0].state == "canceled"


def test_a_failed_refund_waits_until_somebody_saw_to_it(
    refunds_as, action_screens, support, action_emulator
):
    payment = paid(action_screens, 5_000)
    action_emulator.fault("error", status=400, path="/v1/refunds", method="POST")
    with pytest.raises(StripeRefused):
        refunds.ask(action_screens, support, whole(payment), livemode=False)
    (row,) = requests(action_screens.engine)
    test = refunds_as(support, tab="history", refund=row.id)
    test.text_input(key="request_settled").input("sent a cheque").run()
    test.button(key="request_settle").click().run()
    assert requests(action_screens.engine)[0].settled_at
    assert not test.warning
