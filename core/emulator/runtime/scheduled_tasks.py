"""What happens by itself later: rows appear, debits settle, disputes come, payouts go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.emulator.resources import (
    balance,
    balance_movements,
    bank_debits,
    captures,
    checkout_sessions,
    direct_charges,
    dispute_lifecycle,
    early_fraud_warnings,
    payouts,
    refund_outcomes,
    report_runs,
    reviews,
    test_clocks,
    verification_sessions,
)
from core.emulator.resources.payment_intents import attempt
from core.emulator.runtime import follow_ups
from core.emulator.simulation import hard_cases
from core.emulator.state.tasks import Task
from core.emulator.state.unit_of_work import Context

#: Parameters beside the context are named as the database has them.
FUNCTIONS: dict[Task, Callable[..., object]] = {
    Task.LIST_ROW: balance.list_late,
    Task.POST_CHARGE: balance.post_charge_by_id,
    Task.SETTLE_DEBIT: bank_debits.answer,
    Task.FINISH_PROCESSING: bank_debits.answer_by_intent,
    Task.VOUCHER_ENDS: attempt.end_voucher,
    Task.FAIL_CHARGE: bank_debits.fail_by_id,
    Task.EXPIRE_CHARGE: direct_charges.expire,
    Task.EXPIRE_AUTHORIZATION: captures.expire,
    Task.EXPIRE_CHECKOUT_SESSION: checkout_sessions.expire_by_itself,
    Task.OPEN_DISPUTE: follow_ups.dispute_by_card,
    Task.WARN: early_fraud_warnings.warn,
    Task.DISPUTE_DEADLINE: dispute_lifecycle.pass_deadline,
    Task.DECIDE_DISPUTE: dispute_lifecycle.decide,
    Task.ESCALATE_INQUIRY: dispute_lifecycle.escalate,
    Task.INQUIRY_ENDS: dispute_lifecycle.end_inquiry,
    Task.APPROVE_REVIEW: reviews.approve_by_itself,
    Task.FINISH_REFUND: refund_outcomes.finish_by_itself,
    Task.FAIL_REFUND: refund_outcomes.fail,
    Task.EXPIRE_REFUND: refund_outcomes.expire_by_itself,
    Task.DAILY_PAYOUTS: payouts.run_every_midnight,
    Task.PAYOUT_LEAVES: payouts.leave,
    Task.PAYOUT_ARRIVES: payouts.arrive,
    Task.CLOCK_READY: test_clocks.clock_is_ready,
    Task.REPORT_DONE: report_runs.report_is_done,
    Task.REDACTED: verification_sessions.is_redacted,
    Task.RETRY: follow_ups.retry,
    Task.CAPTURE: follow_ups.capture,
    Task.ABANDON: follow_ups.abandon,
    Task.ASK_REFUND: follow_ups.ask_refund,
    Task.DISPUTE_ORDER: follow_ups.dispute_order,
    Task.ANSWER_DISPUTE: follow_ups.answer_dispute,
    Task.HARD_CASE: hard_cases.run,
    Task.MOVEMENT: balance_movements.write_stored,
    Task.OVERDRAW: hard_cases.overdraw,
    Task.PAYOUT_FATE: hard_cases.end_payout,
    Task.BRING_DISPUTE: follow_ups.bring_dispute,
    Task.CAPTURE_PART: follow_ups.capture_part,
    Task.ORDER_REFUND: follow_ups.order_refund,
    Task.FAILING_REFUND: follow_ups.failing_refund,
    Task.ASK_FOR_DESTINATION: follow_ups.ask_for_destination,
    Task.CANCEL_REFUND: follow_ups.cancel_refund,
}


def run(ctx: Context, name: str, args: dict[str, Any]) -> None:
    """Do one task now, by its stored name."""
    FUNCTIONS[Task(name)](ctx, **args)
