"""The checkout page against the emulator: what is shown is what is paid, and only once."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from core.actions import scenario_runs
from core.db.engine import reading
from core.db.tables import api_requests
from core.db.tables import scenario_runs as runs_table
from dashboard import checkout_state
from tests.fixtures_access import audited, make_console, person
from tests.fixtures_actions import operations_kept


@pytest.fixture
def console(tmp_path, action_emulator):
    """A console whose Stripe is the emulator."""
    action_emulator.control("DELETE", "faults")
    port = urlsplit(action_emulator.base_url).port
    made = make_console(f"sqlite:///{tmp_path / 'tillwatch.db'}", emulator_port=port)
    yield made
    made.engine.dispose()


@pytest.fixture
def page(console, screen_as, nothing_cached):
    user = person(console, "developer")

    def run():
        test = screen_as(user, "checkout")
        assert not test.exception
        return test

    return run


def pay(test):
    test.button(key="checkout_pay").click().run()
    assert not test.exception
    return test


def choose(test, group, card):
    test.pills(key="checkout_group").set_value(group).run()
    test.radio(key=f"checkout_card_{group}").set_value(card).run()
    return test


def texts(test):
    return [text.value for text in test.text]


def codes(test):
    return [code.value for code in test.code]


def steps(test):
    return [expander.label.replace("\\", "") for expander in test.expander]


def badges(test):
    return " ".join(m.value for m in test.markdown)


def test_the_order_is_summed_as_it_is_typed(page):
    test = page()
    (total,) = [metric for metric in test.metric if metric.label == "Total, USD"]
    assert total.value == "$71.57"
    assert {"$61.50", "$5.00", "$5.07"} <= set(texts(test))
    test.number_input(key="checkout_quantity_0").set_value(3).run()
    test.text_input(key="checkout_tax").set_value("0").run()
    assert test.metric[0].value == "$90.50"


def test_what_cannot_be_charged_is_named_and_cannot_be_paid(page):
    test = page()
    test.text_input(key="checkout_price_1").set_value("1.001").run()
    (warning,) = test.warning
    assert "Price of one, item 2" in warning.value.replace("\\", "")
    assert test.button(key="checkout_pay").disabled


def test_another_currency_brings_its_own_sample_prices(page, console):
    object.__setattr__(console.settings, "payment_currencies", "usd,jpy,kwd")
    console.settings.__dict__.pop("currencies", None)
    test = page()
    test.segmented_control(key="checkout_currency").set_value("jpy").run()
    assert test.metric[0].label == "Total, JPY"
    assert test.text_input(key="checkout_price_0").value == "2400"
    test.segmented_control(key="checkout_currency").set_value("kwd").run()
    assert test.text_input(key="checkout_price_0").value == "24.000"
    assert not test.warning


def test_items_can_be_added_and_removed_but_one(page):
    test = page()
    test.button(key="checkout_add").click().run()
    assert test.button(key="checkout_pay").disabled
    test.text_input(key="checkout_item_2").set_value("Ink").run()
    test.text_input(key="checkout_price_2").set_value("1").run()
    assert not test.button(key="checkout_pay").disabled
    test.button(key="checkout_remove_0").click().run()
    test.button(key="checkout_remove_1").click().run()
    assert test.button(key="checkout_remove_2").disabled


def test_a_payment_runs_to_its_end_and_shows_each_call(page, console):
    test = pay(page())
    assert "Succeeded" in badges(test)
    calls = [step for step in steps(test) if "POST" in step]
    assert len(calls) == 2
    assert "/v1/payment_intents" in calls[0]
    assert "200" in calls[0]
    with reading(console.engine) as connection:
        request_ids = connection.scalars(
            select(api_requests.c.request_id).where(api_requests.c.method == "POST")
        ).all()
    assert set(request_ids) <= set(codes(test))
    assert len(request_ids) == 2
    (link,) = [link for link in test.page_link if "payment" in link.proto.page]
    assert "pi_" in link.proto.query_string


def test_a_decline_says_what_to_tell_and_what_to_do(page):
    test = pay(choose(page(), "declines", "insufficient_funds"))
    assert "Failed" in badges(test)
    assert "card_declined · insufficient_funds" in codes(test)
    assert any("not enough money for this payment" in text for text in texts(test))
    assert "Check the balance, or use another card" in texts(test)
    assert "Your card has insufficient funds." in texts(test)


def test_three_d_secure_waits_with_a_link_and_follows(page, console, action_emulator):
    test = pay(choose(page(), "three_d_secure", "three_d_secure"))
    assert "Waiting for customer" in badges(test)
    assert test.button(key="checkout_pay").disabled
    (link,) = [link for link in test.link_button if "Authenticate" in link.proto.label]
    assert link.proto.url.startswith(action_emulator.base_url)
    payment = next(code for code in codes(test) if code.startswith("pi_"))
    assert link.proto.url not in str(operations_kept(console))
    path = f"payment_intents/{payment}/authenticate"
    action_emulator.control("POST", path, {"outcome": "succeed"})
    refreshed(console, action_emulator)
    test.run()
    assert "Succeeded" in badges(test)
    assert not test.button(key="checkout_pay").disabled


def refreshed(console, emulator):
    """What the worker does: read stale objects again."""
    from core import bootstrap
    from core.inbox.poll import poll
    from core.inbox.refresh import refresh
    from core.inbox.work import apply_inbox

    workshop = bootstrap.open_workshop(console)
    gateway = workshop.gateways[False]
    poll(console.engine, gateway)
    apply_inbox(console.engine, workshop.books)
    while refresh(console.engine, gateway, workshop.books):
        pass


def test_a_repeated_run_and_a_second_click_pay_once(page, console):
    test = choose(page(), "three_d_secure", "three_d_secure")
    button = test.button(key="checkout_pay")
    pay(test)
    test.run()
    button.click().run()
    kinds = [row.kind for row in operations_kept(console)]
    assert sorted(kinds) == ["payment.confirm", "payment.create"]


def test_a_run_that_was_cut_short_goes_on_under_the_same_ids(page, console, monkeypatch):
    test = page()
    cut = checkout_state.Attempt.end
    monkeypatch.setattr(checkout_state.Attempt, "end", lambda self: None)
    pay(test)
    attempt = test.session_state["checkout_shown"]
    attempt.payment_id = None
    attempt.confirmed = False
    monkeypatch.setattr(checkout_state.Attempt, "end", cut)
    test.run()
    assert not test.exception
    assert len(operations_kept(console)) == 2
    assert "Succeeded" in badges(test)


def test_after_it_ended_the_next_order_gets_ids_of_its_own(page, console):
    pay(pay(page()))
    assert len(operations_kept(console)) == 4
    payments = {row.stripe_id for row in operations_kept(console)}
    assert len(payments) == 2


def test_an_answer_that_did_not_come_is_resolved_and_not_sent_again(page, console, action_emulator):
    fault = {"kind": "error", "count": 1, "method": "POST", "path": "*/confirm"}
    action_emulator.control("POST", "faults", fault)
    test = pay(page())
    assert "Unknown" in badges(test)
    assert test.button(key="checkout_pay").disabled
    action_emulator.control("DELETE", "faults")
    resolve_now(console)
    test.run()
    assert "Succeeded" in badges(test)
    assert len(operations_kept(console)) == 2


def resolve_now(console):
    from datetime import timedelta

    from core import bootstrap, clock
    from core.actions.resolve import resolve
    from core.db.engine import writing
    from core.db.tables import operations

    with writing(console.engine) as connection:
        past = clock.now() - timedelta(seconds=1)
        connection.execute(operations.update().values(next_attempt_at=past))
    desk, _log = bootstrap.open_desk(console)
    resolve(desk)


def test_a_hosted_page_is_opened_by_link_and_followed(page, console):
    test = page()
    test.segmented_control(key="checkout_way").set_value("hosted").run()
    assert "4242424242424242" in codes(test)
    pay(test)
    (link,) = [link for link in test.link_button if "hosted" in link.proto.label]
    assert "/checkout/" in link.proto.url
    (row,) = operations_kept(console)
    assert row.kind == "checkout_session.create"
    assert link.proto.url not in f"{row.params} {row.outcome}"
    test.button(key="checkout_stop").click().run()
    assert not test.exception
    assert not test.button(key="checkout_pay").disabled


def test_the_card_form_is_offered_only_with_a_key_of_ones_own(page, console):
    test = page()
    assert "Card form" not in [o.content for o in options(test)]
    object.__setattr__(console.settings, "stripe_test_publishable_key", "pk_test_0000")
    assert "Card form" in [o.content for o in options(page())]


def options(test):
    return test.segmented_control(key="checkout_way").proto.options


def test_without_a_test_key_the_page_is_shut(console, screen_as, monkeypatch, nothing_cached):
    object.__setattr__(console.settings, "stripe_secret_key", live_key())
    test = screen_as(person(console, "developer"), "checkout")
    assert not test.exception
    assert any("STRIPE_TEST_SECRET_KEY" in w.value.replace("\\", "") for w in test.warning)
    assert test.button(key="checkout_pay").disabled
    assert test.button(key="checkout_run_all").disabled
    assert operations_kept(console) == []


def live_key():
    from pydantic import SecretStr

    return SecretStr("sk_live_" + "0" * 12)


def test_the_suite_is_asked_for_once_and_its_results_are_shown(page, console, monkeypatch):
    from core import bootstrap
    from core.actions import scenarios

    test = page()
    test.button(key="checkout_run_all").click().run()
    assert not test.exception
    assert test.button(key="checkout_run_all").disabled
    with reading(console.engine) as connection:
        assert len(connection.execute(select(runs_table)).all()) == 1
    known = scenarios.known
    few = ("visa", "declined")
    monkeypatch.setattr(scenarios, "known", lambda answered: known(answered=answered, only=few))
    desk, _log = bootstrap.open_desk(console)
    scenario_runs.work(desk, None)
    test.run()
    assert any("2 scenarios, 0 differ" in s.value.replace("\\", "") for s in test.success)
    (table,) = [t.value for t in test.dataframe if "verdict" in t.value]
    assert [list(v) for v in table["verdict"]] == [["ok"], ["ok"]]
    assert [row.outcome for row in audited(console, scenarios.KIND)] == ["asked", "succeeded"]
