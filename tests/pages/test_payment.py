"""One payment: amounts, timeline with ids, and foreign text that stays text."""

import pytest

from core.db.engine import writing
from tests.support import factories
from tests.support.fixtures_access import person
from tests.support.fixtures_screens import HOSTILE
from tests.support.kit_parts import tables

#: Elements that render markdown, by the name AppTest gives them.
MARKDOWN = ("markdown", "caption", "title", "header", "subheader", "warning", "error", "info")


@pytest.fixture
def payment(console, shop, screen_as):
    """The screen of a payment of the shop, by its name there."""
    user = person(console, "support")

    def run(name, **query):
        test = screen_as(user, "payment", id=shop.get(name, name), **query)
        assert not test.exception
        return test

    return run


def codes(test):
    return [code.value for code in test.code]


def figures(test):
    return {metric.label: metric.value for metric in test.metric}


def steps(test):
    return [expander.label for expander in test.expander]


def test_amounts_fee_and_net_carry_their_codes(payment):
    test = payment("dollars")
    assert test.title[0].value.replace("\\", "") == "$1,234.56 USD"
    assert figures(test) == {
        "Captured, USD": "$1,234.56",
        "Refunded, USD": "$0.00",
        "Stripe fee, USD": "$37.03",
        "Net, USD": "$1,197.53",
    }


def test_captured_and_disputed_are_what_stripe_took_and_holds(payment, console):
    taken = {"amount_captured_minor": 6000, "amount_disputed_minor": 2500}
    with writing(console.engine) as conn:
        made = factories.paid(conn, amount_minor=10000, disputed=True, **taken)
        given = {"reporting_category": "transfer", "amount_minor": -900, "fee_minor": 0}
        factories.add_ledger(conn, [factories.ledger_row(made, **given)])
    test = payment(made["stripe_id"])
    assert figures(test)["Captured, USD"] == "$60.00"
    assert figures(test)["Disputed, USD"] == "$25.00"
    sums = next(frame.value for frame in tables(test) if "what" in frame.value)
    lines = dict(zip(sums["what"], sums["amount"], strict=True))
    # What is no revenue stands under the net, by its own name.
    assert list(lines)[-2:] == ["Net", "Transfer"]
    assert lines["Transfer"] == "-$9.00"


def badges(test):
    return [m.value for m in test.markdown if "-badge[" in m.value and "MODE" not in m.value]


@pytest.mark.parametrize(
    ("outcome", "state", "said"),
    [
        ("open", "Disputed", "Dispute open"),
        ("lost", "Disputed", "Dispute lost"),
        ("won", "Succeeded", "Dispute won"),
        ("closed", "Succeeded", "Inquiry closed"),
    ],
)
def test_how_the_dispute_stands_is_said_beside_the_state(payment, console, outcome, state, said):
    disputed = outcome in ("open", "lost")
    with writing(console.engine) as conn:
        made = factories.paid(conn, disputed=disputed, dispute_outcome=outcome)
    found = badges(payment(made["stripe_id"]))
    assert state in found[0]
    assert said in found[1]


def test_a_charge_without_an_intent_says_so_and_was_made_by_its_attempt(payment, console):
    with writing(console.engine) as conn:
        made = factories.paid(conn, stripe_id="ch_alone", latest_charge_id="ch_alone")
    test = payment(made["stripe_id"])
    assert "ch_alone" in codes(test)
    assert any("without a PaymentIntent" in caption.value for caption in test.caption)
    said = " ".join(steps(test))
    assert "Attempt succeeded" in said
    assert "Payment created" not in said
    plain = payment("dollars")
    assert not any("without a PaymentIntent" in caption.value for caption in plain.caption)
    assert "Payment created" in " ".join(steps(plain))


def test_three_decimals_stay_three(payment):
    assert payment("dinar").title[0].value.replace("\\", "") == "10.580 KWD"


def test_each_step_of_the_timeline_has_its_stripe_id(payment, shop):
    test = payment("disputed")
    shown = " ".join(steps(test)).replace("\\", "")
    for what in ("Payment created", "Attempt succeeded", "Dispute: To answer"):
        assert what in shown
    assert "Early fraud warning" in shown
    assert {shop["disputed"], "dp_1", "issfr_1"} <= set(codes(test))


def test_refunds_stand_in_timeline_and_table(payment):
    test = payment("refunded")
    assert "re_1" in codes(test)
    assert any("re_1" in set(table.value.get("id", ())) for table in tables(test))


def test_a_failed_payment_names_its_reason(payment):
    test = payment("failed")
    assert any("Attempt failed" in s and "Insufficient funds" in s for s in steps(test))
    assert figures(test)["Net"] == "–"


def test_a_failed_payment_says_what_it_means_and_what_to_tell(payment):
    test = payment("failed")
    texts = [text.value for text in test.text]
    assert "Too little money on the card or account." in texts
    assert any("not enough money for this payment. Please check the balance" in t for t in texts)
    assert "Check the balance, or use another card" in texts
    assert "insufficient_funds" in codes(test)


def test_a_failed_payment_is_explained_in_the_language_of_the_viewer(payment):
    test = payment("failed")
    test.session_state["language"] = "zh-CN"
    test.run()
    assert "银行卡或账户余额不足。" in [text.value for text in test.text]
    assert "检查余额，或换一张卡" in [text.value for text in test.text]


def test_each_attempt_has_its_meaning_beside_its_reason(payment):
    attempts = next(f.value for f in tables(payment("failed")) if "meaning" in f.value)
    assert list(attempts["reason"]) == ["Insufficient funds"]
    assert list(attempts["meaning"]) == ["Too little money on the card or account."]


def test_what_succeeded_is_not_explained(payment):
    test = payment("dollars")
    assert "Why it failed" not in [header.value for header in test.header]
    assert not any("meaning" in frame.value for frame in tables(test))


@pytest.mark.parametrize("name", ["pi_nowhere", "", "live"])
def test_a_payment_that_is_not_here_is_said_to_be_so(payment, name):
    test = payment(name)
    assert test.title[0].value == "Payment"
    assert not test.code
    assert not test.metric


def test_the_way_back_carries_the_search(payment):
    test = payment("failed", back="status:failed")
    link = test.page_link[0]
    assert "status%3Afailed" in link.proto.query_string or "status:failed" in str(link.proto)


def test_there_is_no_link_to_stripe_for_the_emulators_objects(payment):
    assert not payment("dollars").link_button


def test_foreign_text_reaches_no_element_that_renders_markdown(payment):
    test = payment("hostile")
    assert HOSTILE in [text.value for text in test.text]
    for kind in MARKDOWN:
        assert not any("evil" in str(e.value) for e in getattr(test, kind)), kind
    assert not any("evil" in label for label in steps(test))
    assert "evil.example/m.png" in str(test.json[0].value)


def test_the_screen_says_when_stripe_was_read(payment):
    assert any("As read from Stripe" in caption.value for caption in payment("dollars").caption)
