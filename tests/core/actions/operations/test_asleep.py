"""A machine that sleeps between two tries, for longer than Stripe keeps its key: no kind of
operation makes the second one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from tenacity.wait import wait_base

from core import clock
from core.access.principals import Caller
from core.actions.context import ActionContext
from core.actions.disputes import disputes
from core.actions.fraud import cases
from core.actions.operation_kinds import KINDS
from core.actions.payments import checkout_sessions, payments
from core.actions.refunds import approvals as refund_approvals
from core.actions.refunds import ask as refunds
from core.actions.refunds import bulk_worker
from core.actions.refunds import cancel as refund_cancel
from core.clock import Deadline
from core.emulator.server import RunningEmulator
from core.errors import StripeError
from core.gateway.transport import Call
from tests.core.actions.fraud import test_cases as in_cases
from tests.core.actions.payments.test_checkout_sessions import BUYER, ORDER
from tests.support.bulk_refunds import ask as ask_for_bulk
from tests.support.disputes import TEST, disputed, pdf
from tests.support.fixtures_access import person
from tests.support.fixtures_actions import ASKED, make_context, operations_kept, with_token
from tests.support.refunds import mirror, paid, whole

HELD = replace(ASKED, manual_capture=True)


class Sleep(wait_base):
    """Between two tries the machine sleeps: 25 hours by its own clock and at Stripe."""

    def __init__(self, emulator: RunningEmulator, patch: pytest.MonkeyPatch) -> None:
        self._emulator, self._patch = emulator, patch

    def __call__(self, _state: Any) -> float:
        self._emulator.advance(25 * 3600)
        before = clock.machine_seconds
        self._patch.setattr(clock, "machine_seconds", lambda: before() + 25 * 3600)
        return 0


@dataclass
class Shop:
    """A context whose machine sleeps between tries, and everybody who does something there."""

    console: Any
    emulator: RunningEmulator
    context: ActionContext
    calls: list[Call] = field(default_factory=list)

    def caller(self, *roles: str) -> Caller:
        return Caller(person(self.console, *roles))

    def service(self) -> Caller:
        return with_token(self.console, person(self.console, "viewer"), "service")

    def made(self, asked: Any) -> str:
        return str(payments.create(self.context, self.service(), asked, **TEST).payment_intent_id)

    def held(self) -> str:
        payment = self.made(HELD)
        given = {"payment_method": "pm_card_visa", **TEST}
        payments.confirm(self.context, self.service(), payment, **given)
        return payment


Ask = Callable[[], Any]


def create(shop: Shop) -> Ask:
    return lambda: payments.create(shop.context, shop.service(), ASKED, **TEST)


def confirm(shop: Shop) -> Ask:
    payment, given = shop.made(ASKED), {"payment_method": "pm_card_visa", **TEST}
    return lambda: payments.confirm(shop.context, shop.service(), payment, **given)


def capture(shop: Shop) -> Ask:
    payment = shop.held()
    return lambda: payments.capture(shop.context, shop.service(), payment, **TEST)


def cancel(shop: Shop) -> Ask:
    payment = shop.held()
    return lambda: payments.cancel(shop.context, shop.service(), payment, **TEST)


def refund(shop: Shop) -> Ask:
    asked = whole(paid(shop.context, 5_000))
    return lambda: refunds.ask(shop.context, shop.caller("support"), asked, **TEST)


def approved_refund(shop: Shop) -> Ask:
    asked = whole(paid(shop.context, 50_000))
    waits = refunds.ask(shop.context, shop.caller("support"), asked, **TEST)
    lead = shop.caller("support_lead")
    return lambda: refund_approvals.approve(shop.context, lead, waits.request_id)


def bulk_row(shop: Shop) -> Ask:
    ask_for_bulk(shop.context, shop.caller("support_lead"), [paid(shop.context, 5_000)])
    return lambda: (
        bulk_worker.send_waiting_rows(shop.context) and bulk_worker.send_waiting_rows(shop.context)
    )


def canceled_refund(shop: Shop) -> Ask:
    payment = paid(shop.context, 5_000, token="pm_card_pendingRefund")
    made = refunds.ask(shop.context, shop.caller("support"), whole(payment), **TEST)
    shop.emulator.control("POST", f"refunds/{made.refund_id}", {"status": "requires_action"})
    mirror(shop.context, str(made.refund_id), "refund")
    lead = shop.caller("support_lead")
    return lambda: refund_cancel.cancel(shop.context, lead, made.request_id)


def approved_review(shop: Shop) -> Ask:
    case_id = in_cases.put_in_review(shop.context, shop.console)[2]
    return lambda: cases.approve(shop.context, shop.caller("risk"), case_id)


def checkout_session(shop: Shop) -> Ask:
    developer = shop.caller("developer")
    return lambda: checkout_sessions.create(shop.context, developer, ORDER, **BUYER)


def draft(shop: Shop) -> Ask:
    dispute, texts = disputed(shop.context, shop.emulator, shop.service()), {"customer_name": "Ada"}
    return lambda: disputes.save_draft(shop.context, shop.caller("risk"), dispute, texts, **TEST)


def upload(shop: Shop) -> Ask:
    dispute = disputed(shop.context, shop.emulator, shop.service())
    risk = shop.caller("risk")
    return lambda: disputes.attach(shop.context, risk, dispute, "receipt", pdf(1), **TEST)


def submit(shop: Shop) -> Ask:
    risk, dispute = shop.caller("risk"), disputed(shop.context, shop.emulator, shop.service())
    seen = disputes.save_draft(shop.context, risk, dispute, {"customer_name": "Ada"}, **TEST).seen
    return lambda: disputes.submit(shop.context, risk, dispute, seen=seen, **TEST)


def accept(shop: Shop) -> Ask:
    dispute = disputed(shop.context, shop.emulator, shop.service())
    return lambda: disputes.accept(shop.context, shop.caller("risk"), dispute, **TEST)


#: What asks Stripe for each kind of operation.
WAYS: dict[str, list[Callable[[Shop], Ask]]] = {
    "payment.create": [create],
    "payment.confirm": [confirm],
    "payment.capture": [capture],
    "payment.cancel": [cancel],
    "refund.create": [refund, approved_refund, bulk_row],
    "refund.cancel": [canceled_refund],
    "review.approve": [approved_review],
    "checkout_session.create": [checkout_session],
    "dispute.draft": [draft],
    "dispute.upload": [upload],
    "dispute.submit": [submit],
    "dispute.accept": [accept],
}
EACH = [(kind, way) for kind, ways in WAYS.items() for way in ways]


@pytest.fixture
def shop(console, action_emulator, monkeypatch):
    action_emulator.control("DELETE", "faults")
    made = Shop(console, action_emulator, make_context(console, action_emulator))
    sleep = Sleep(action_emulator, monkeypatch)
    made.context = make_context(console, action_emulator, wait=sleep, log=made.calls.append)
    return made


def tries_after_a_lost_reply(shop: Shop, kind: str, way: Callable[[Shop], Ask]) -> list[Call]:
    """Every call that changes something, of one whose first reply is lost."""
    ask = way(shop)
    shop.calls.clear()
    shop.emulator.fault("lost_reply", path="/v1/*", method="POST", count=1)
    with suppress(StripeError):
        ask()
    assert operations_kept(shop.console)[-1].kind == kind
    return [call for call in shop.calls if call.method == "POST"]


@pytest.mark.parametrize(("kind", "way"), EACH)
def test_after_a_sleep_longer_than_its_key_nothing_is_sent_again(shop, kind, way):
    assert len(tries_after_a_lost_reply(shop, kind, way)) == 1
    assert operations_kept(shop.console)[-1].state == "unknown"


@pytest.mark.parametrize(("kind", "way"), [EACH[0], EACH[-1]])
def test_an_operation_that_sends_again_after_a_sleep_would_be_seen(shop, kind, way, monkeypatch):
    monkeypatch.setattr(Deadline, "passed", lambda _until: False)
    assert len(tries_after_a_lost_reply(shop, kind, way)) == 2


def test_every_kind_of_operation_is_asked_for():
    assert WAYS.keys() == KINDS.keys()
