"""A test payment on the checkout page: every step is shown, and it is paid once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from core import bootstrap, clock
from core.actions.operation_kinds import KINDS
from core.actions.operations.resolve import resolve
from core.db.engine import reading, writing
from core.db.tables import api_requests, operations
from core.inbox.event_processor import apply_inbox
from core.inbox.poll import poll
from core.mirror.refresh import refresh
from dashboard.screens.checkout import state as checkout_state
from tests.support.checkout_screens import (
    badges,
    choose,
    codes,
    emulated,
    opened,
    pay,
    steps,
    texts,
)
from tests.support.fixtures_access import person
from tests.support.fixtures_actions import operations_kept


@pytest.fixture
def console(tmp_path, action_emulator):
    yield from emulated(tmp_path, action_emulator)


@pytest.fixture
def page(console, screen_as, nothing_cached):
    user = person(console, "developer")
    return lambda: opened(screen_as, user)


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
    services = bootstrap.open_workshop(console)
    gateway = services.gateways[False]
    poll(console.engine, gateway)
    apply_inbox(console.engine, services.books)
    while refresh(console.engine, gateway, services.books):
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
    with writing(console.engine) as connection:
        past = clock.now() - timedelta(seconds=1)
        connection.execute(operations.update().values(next_attempt_at=past))
    context, _log = bootstrap.open_actions(console)
    resolve(context, KINDS)


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
