"""Tasks: each has a function, files of earlier emulators are understood, none stops the others."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import pytest

from core.emulator.runtime.scheduled_tasks import FUNCTIONS
from core.emulator.server import RunningEmulator, start_emulator
from core.emulator.state.store import dump
from core.emulator.state.tasks import Task
from tests.support.emulator_clients import client_of, pay

#: Names of tasks, and of their arguments, as files have them.
STORED = {
    "list_row": "row",
    "post_charge": "charge",
    "settle_debit": "charge fails disputed",
    "finish_processing": "intent fails",
    "fail_charge": "charge code",
    "expire_charge": "charge",
    "expire_authorization": "intent",
    "expire_checkout_session": "session",
    "voucher_ends": "intent method pays",
    "clock_ready": "clock",
    "report_done": "report",
    "redacted": "session",
    "open_dispute": "charge reason",
    "warn": "charge fraud_type",
    "dispute_deadline": "dispute",
    "decide_dispute": "dispute won",
    "escalate_inquiry": "dispute",
    "inquiry_ends": "dispute",
    "approve_review": "review",
    "finish_refund": "refund",
    "fail_refund": "refund reason",
    "expire_refund": "refund",
    "daily_payouts": "",
    "payout_leaves": "payout",
    "payout_arrives": "payout",
    "retry": "intent method does",
    "capture": "intent",
    "abandon": "intent",
    "ask_refund": "intent percent reason",
    "dispute_order": "intent reason answer_ms won decision_days",
    "answer_dispute": "dispute won decision_days",
    "hard_case": "name seed unit_ms",
    "movement": "movement",
    "overdraw": "currency",
    "payout_fate": "payout status",
    "bring_dispute": "dispute status",
    "capture_part": "intent amount final",
    "order_refund": "charge percent",
    "failing_refund": "charge",
    "ask_for_destination": "refund",
    "cancel_refund": "refund",
}


@pytest.fixture
def emulator() -> Iterator[RunningEmulator]:
    with start_emulator() as running:
        yield running


def store_task(emulator: RunningEmulator, name: str, args: dict[str, object]) -> None:
    """As if an earlier run of the emulator had left it to do now."""
    with emulator.engine.store.lock:
        emulator.engine.store.db.execute(
            "INSERT INTO tasks (at_ms, kind, args) VALUES (?, ?, ?)",
            (emulator.engine.clock.now_ms(), name, dump(args)),
        )


def test_every_task_has_a_function_that_takes_what_files_have() -> None:
    assert {task.value for task in FUNCTIONS} == STORED.keys() == {task.value for task in Task}
    for name, args in STORED.items():
        function = FUNCTIONS[Task(name)]
        inspect.signature(function).bind("context", **dict.fromkeys(args.split()))


def test_task_of_an_earlier_file_is_done(emulator: RunningEmulator) -> None:
    client = client_of(emulator)
    sent = pay(client, "pm_usBankAccount_processing")
    store_task(emulator, "finish_processing", {"intent": sent.id, "fails": False})
    emulator.settle()
    assert client.v1.payment_intents.retrieve(sent.id).status == "succeeded"


def test_task_that_can_no_longer_be_done_does_not_stop_the_others(
    emulator: RunningEmulator,
) -> None:
    """A debit that was refunded cannot come back, and what is due after it still happens."""
    client = client_of(emulator)
    paid, other = (pay(client, "pm_usBankAccount_success") for _ in range(2))
    emulator.settle()
    client.v1.refunds.create({"payment_intent": paid.id})
    for intent in (paid, other):
        given = {"charge": intent.latest_charge, "code": "debit_not_authorized"}
        store_task(emulator, "fail_charge", given)
    emulator.settle()
    assert client.v1.charges.retrieve(str(paid.latest_charge)).status == "succeeded"
    assert client.v1.charges.retrieve(str(other.latest_charge)).status == "failed"
    assert client.v1.refunds.list({"payment_intent": paid.id}).data[0].status != "failed"
