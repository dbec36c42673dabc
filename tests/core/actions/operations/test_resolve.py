"""Operations that were cut off: each is found or made once, and none is ever sent twice."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from core import clock
from core.access.principals import Caller
from core.actions.context import ActionContext
from core.actions.operation_kinds import KINDS as ALL_KINDS
from core.actions.operations import call as operation_call
from core.actions.operations import resolve
from core.actions.operations.kinds import LEASE
from core.actions.payments import payments
from core.actions.payments.validation import NewPayment
from core.emulator.server import start_emulator
from core.errors import OperationUndone, OutcomeUnknown, RequestRepeated, StripeError
from tests.support.fixtures_actions import ASKED, make_context, operations_kept
from tests.support.refund_crashes import cut_off

pytestmark = pytest.mark.long

#: Where each call can be cut off, and whether Stripe has acted by then.
PLACES = {
    "before the call": False,
    "during the call": True,
    "after the call": True,
    "in the second, before the mirror": True,
    "in the second, after the mirror": True,
    "in the second, before its end": True,
}
KINDS = ("create", "confirm", "capture", "cancel")
KEY = "7b0f2a52-6a0e-4f2c-9a53-6c1a6a3c2f10"
HELD = replace(ASKED, manual_capture=True)


@dataclass
class Scene:
    """One operation of a kind that is about to be asked for, and Stripe's side of it."""

    context: ActionContext
    caller: Caller
    kind: str
    emulator: object
    payment: str | None = None
    moved: timedelta = timedelta()
    before: set[str] = field(default_factory=set)

    def prepare(self) -> None:
        if self.kind == "create":
            return
        asked = NewPayment("12.34", "usd", 42) if self.kind == "confirm" else HELD
        made = payments.create(self.context, self.caller, asked, livemode=False)
        self.payment = made.payment_intent_id
        if self.kind != "confirm":
            self.confirm(operation_id=None)

    def confirm(self, **given):
        pay = {"livemode": False, "payment_method": "pm_card_visa"}
        return payments.confirm(self.context, self.caller, self.payment, **pay, **given)

    def ask(self):
        """The call itself, under its own key."""
        if self.kind == "create":
            return payments.create(
                self.context, self.caller, ASKED, livemode=False, operation_id=KEY
            )
        if self.kind == "confirm":
            return self.confirm(operation_id=KEY)
        step = getattr(payments, self.kind)
        return step(self.context, self.caller, self.payment, livemode=False, operation_id=KEY)

    def effects(self) -> int:
        """How often Stripe did it; what a second time would change is counted."""
        gateway = self.context.gateway(False)
        if self.kind == "create":
            every = [one for page in gateway.pages("/v1/payment_intents") for one in page]
            return len([one for one in every if one["id"] not in self.before])
        if self.kind == "confirm":
            charges = gateway.get("/v1/charges", payment_intent=self.payment)["data"]
            return len([one for one in charges if one["paid"]])
        wanted = {"capture": "succeeded", "cancel": "canceled"}[self.kind]
        return int(gateway.get(f"/v1/payment_intents/{self.payment}")["status"] == wanted)

    def later(self, moved: timedelta, monkeypatch) -> None:
        """Move the clock here and at Stripe."""
        self.moved += moved
        self.emulator.advance(int(moved.total_seconds()))
        now, ahead = _NOW, self.moved
        monkeypatch.setattr(clock, "now", lambda: now() + ahead)

    def cut(self, place: str) -> None:
        gateway = self.context.gateway(False)
        self.before = {one["id"] for page in gateway.pages("/v1/payment_intents") for one in page}
        with cut_off(place):
            self.ask()


_NOW = clock.now


@pytest.fixture
def emulator(tmp_path):
    with start_emulator(state_path=tmp_path / "emulator.db", seed=9) as running:
        yield running


@pytest.fixture
def scene(console, emulator, backend, request):
    made = Scene(make_context(console, emulator), backend, request.param, emulator)
    made.prepare()
    return made


def settle(scene, monkeypatch) -> None:
    """Let the worker look until nothing is due any more; each look may put it off."""
    for _ in range(8):
        scene.later(timedelta(minutes=11), monkeypatch)
        if resolve.resolve(scene.context, ALL_KINDS) == 0:
            return
    raise AssertionError("an operation is looked for without end")


def check_made_once(scene) -> None:
    found = scene.ask()
    assert scene.effects() == 1
    assert (
        found.status
        in {
            "create": {"requires_payment_method"},
            "confirm": {"succeeded"},
            "capture": {"succeeded"},
            "cancel": {"canceled"},
        }[scene.kind]
    )
    assert found.operation_id == KEY


def settle_and_check(scene, monkeypatch) -> None:
    settle(scene, monkeypatch)
    check_made_once(scene)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("scene", KINDS, indirect=True)
def test_what_was_cut_off_is_made_once(scene, place, monkeypatch):
    scene.cut(place)
    with pytest.raises(RequestRepeated):
        scene.ask()
    settle_and_check(scene, monkeypatch)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("scene", KINDS, indirect=True)
def test_once_its_key_has_ended_it_is_looked_for_and_not_sent(scene, place, monkeypatch):
    scene.cut(place)
    scene.later(timedelta(hours=25), monkeypatch)
    settle(scene, monkeypatch)
    if PLACES[place]:
        check_made_once(scene)
        return
    assert scene.effects() == 0
    with pytest.raises(OperationUndone):
        scene.ask()


@pytest.mark.parametrize("fault", ["lost_reply", "saved_500"])
@pytest.mark.parametrize("scene", KINDS, indirect=True)
def test_an_answer_that_does_not_come_is_found(scene, fault, monkeypatch):
    scene.emulator.fault(fault, method="POST", path="/v1/payment_intents*", count=3)
    with pytest.raises(OutcomeUnknown):
        scene.ask()
    scene.emulator.control("DELETE", "faults")
    settle_and_check(scene, monkeypatch)


@pytest.mark.parametrize("scene", ["create"], indirect=True)
def test_a_stripe_that_stays_away_puts_it_off_and_off(scene, console, monkeypatch):
    scene.cut("after the call")
    scene.emulator.fault("reset", path="*", count=None)
    waits = []
    for _ in range(4):
        scene.later(timedelta(minutes=11), monkeypatch)
        assert resolve.resolve(scene.context, ALL_KINDS) == 1
        (row,) = operations_kept(console)
        assert row.state == "unknown"
        waits.append(row.next_attempt_at - clock.now())
    assert waits == sorted(waits)
    scene.emulator.control("DELETE", "faults")
    settle_and_check(scene, monkeypatch)


@pytest.mark.parametrize("scene", ["create"], indirect=True)
def test_a_database_that_goes_away_after_the_call_leaves_it_to_be_found(scene, monkeypatch):
    def gone(*_args):
        raise OperationalError("INSERT", {}, Exception("gone away"))

    with monkeypatch.context() as away:
        away.setattr(operation_call, "record_outcome", gone)
        with pytest.raises(OutcomeUnknown):
            scene.ask()
    settle_and_check(scene, monkeypatch)


@pytest.mark.parametrize("scene", ["create"], indirect=True)
def test_nobody_looks_while_its_sender_may_still_be_at_it(scene, monkeypatch):
    scene.cut("before the call")
    assert resolve.resolve(scene.context, ALL_KINDS) == 0
    scene.later(LEASE - timedelta(seconds=10), monkeypatch)
    assert resolve.resolve(scene.context, ALL_KINDS) == 0
    scene.later(timedelta(seconds=20), monkeypatch)
    assert resolve.resolve(scene.context, ALL_KINDS) == 1


def sends_under_a_new_key(patch) -> None:
    send = resolve.send
    patch.setattr(
        resolve,
        "send",
        lambda context, one: send(context, replace(one, operation_id=str(uuid.uuid4()))),
    )


def sends_for_ever(patch) -> None:
    patch.setattr(resolve, "SENT_AGAIN_FOR", timedelta(days=365))
    blind = replace(ALL_KINDS["payment.create"], find=lambda _gateway, _one: None)
    patch.setitem(ALL_KINDS, "payment.create", blind)


@pytest.mark.parametrize(
    ("bug", "place", "hours"),
    [(sends_under_a_new_key, "before the call", 0), (sends_for_ever, "after the call", 25)],
)
@pytest.mark.parametrize("scene", ["create"], indirect=True)
def test_a_planted_bug_is_seen(scene, bug, place, hours, monkeypatch):
    bug(monkeypatch)
    scene.cut(place)
    scene.later(timedelta(hours=hours), monkeypatch)
    with pytest.raises((AssertionError, StripeError)):
        settle_and_check(scene, monkeypatch)
