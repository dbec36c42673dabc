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
    reviews,
)
from core.emulator.runtime import follow_ups
from core.emulator.simulation import hard_cases
from core.emulator.state.errors import ApiError
from core.emulator.state.unit_of_work import Context


def _post_charge(ctx: Context, charge: str) -> None:
    balance.post_charge(ctx, ctx.need("charge", charge))


def _settle_debit(ctx: Context, charge: str, fails: str, disputed: bool) -> None:
    found = ctx.need("charge", charge)
    if found["status"] != "pending":
        return
    if fails:
        bank_debits.fail(ctx, found, fails)
    elif disputed:
        bank_debits.settle_disputed(ctx, found)
    else:
        bank_debits.settle(ctx, found)


def _finish_processing(ctx: Context, intent: str, fails: bool) -> None:
    """As an earlier emulator left it to do."""
    charge = ctx.need("payment_intent", intent)["latest_charge"]
    _settle_debit(ctx, charge, "insufficient_funds" if fails else "", False)


def _fail_charge(ctx: Context, charge: str, code: str) -> None:
    found = ctx.need("charge", charge)
    if found["status"] in ("pending", "succeeded"):
        bank_debits.fail(ctx, found, code)


def _expire_charge(ctx: Context, charge: str) -> None:
    direct_charges.expire(ctx, charge)


def _expire_authorization(ctx: Context, intent: str) -> None:
    found = ctx.need("payment_intent", intent)
    if found["status"] == "requires_capture":
        captures.expire(ctx, found)


def _expire_checkout_session(ctx: Context, session: str) -> None:
    found = ctx.need("checkout.session", session)
    if found["status"] == "open":
        checkout_sessions.end(ctx, found)


def _open_dispute(ctx: Context, charge: str, reason: str) -> None:
    try:
        dispute_lifecycle.by_card(ctx, charge, reason)
    except ApiError:
        return  # disputed already: the issuer does so once


def _warn(ctx: Context, charge: str, fraud_type: str) -> None:
    early_fraud_warnings.warn(ctx, charge, fraud_type)


def _dispute_deadline(ctx: Context, dispute: str) -> None:
    dispute_lifecycle.pass_deadline(ctx, dispute)


def _decide_dispute(ctx: Context, dispute: str, won: bool) -> None:
    dispute_lifecycle.decide(ctx, dispute, won=won)


def _escalate_inquiry(ctx: Context, dispute: str) -> None:
    dispute_lifecycle.escalate(ctx, dispute)


def _approve_review(ctx: Context, review: str) -> None:
    reviews.approve_later(ctx, review)


def _inquiry_ends(ctx: Context, dispute: str) -> None:
    dispute_lifecycle.end_inquiry(ctx, dispute)


def _finish_refund(ctx: Context, refund: str) -> None:
    if ctx.need("refund", refund)["status"] == "pending":
        refund_outcomes.finish(ctx, refund)


def _fail_refund(ctx: Context, refund: str, reason: str) -> None:
    refund_outcomes.fail(ctx, refund, reason)


def _expire_refund(ctx: Context, refund: str) -> None:
    if ctx.need("refund", refund)["status"] == "requires_action":
        refund_outcomes.expire(ctx, refund, {})


def _daily_payouts(ctx: Context) -> None:
    payouts.run_daily(ctx)
    # To midnight, and not a day from now: each day would begin later than the one before.
    day_ms = balance.DAY * 1000
    ctx.later(day_ms - ctx.now_ms % day_ms, "daily_payouts")


def _payout_leaves(ctx: Context, payout: str) -> None:
    payouts.leave(ctx, payout)


def _payout_arrives(ctx: Context, payout: str) -> None:
    payouts.arrive(ctx, payout)


def _list_row(ctx: Context, row: str) -> None:
    balance.list_late(ctx, row)


def _hard_case(ctx: Context, name: str, seed: str, unit_ms: int) -> None:
    hard_cases.run(ctx, name, seed, unit_ms)


def _movement(ctx: Context, movement: dict[str, Any]) -> None:
    kind = movement["type"]
    category = movement.get("category") or balance_movements.CATEGORIES[kind]
    balance_movements.write(ctx, balance_movements.Movement(**{**movement, "category": category}))


KINDS: dict[str, Callable[..., None]] = {
    "list_row": _list_row,
    "post_charge": _post_charge,
    "finish_processing": _finish_processing,
    "settle_debit": _settle_debit,
    "fail_charge": _fail_charge,
    "expire_charge": _expire_charge,
    "expire_authorization": _expire_authorization,
    "expire_checkout_session": _expire_checkout_session,
    "open_dispute": _open_dispute,
    "warn": _warn,
    "dispute_deadline": _dispute_deadline,
    "decide_dispute": _decide_dispute,
    "escalate_inquiry": _escalate_inquiry,
    "approve_review": _approve_review,
    "inquiry_ends": _inquiry_ends,
    "finish_refund": _finish_refund,
    "fail_refund": _fail_refund,
    "expire_refund": _expire_refund,
    "daily_payouts": _daily_payouts,
    "payout_leaves": _payout_leaves,
    "payout_arrives": _payout_arrives,
    "hard_case": _hard_case,
    "movement": _movement,
    "overdraw": hard_cases.overdraw,
    "payout_fate": hard_cases.payout_fate,
    "bring_dispute": follow_ups.bring_dispute,
    "capture_part": follow_ups.capture_part,
    "order_refund": follow_ups.order_refund,
    "failing_refund": follow_ups.failing_refund,
    "ask_for_destination": follow_ups.ask_for_destination,
    "cancel_refund": follow_ups.cancel_refund,
    "retry": follow_ups.retry,
    "capture": follow_ups.capture,
    "abandon": follow_ups.abandon,
    "ask_refund": follow_ups.ask_refund,
    "dispute_order": follow_ups.dispute_order,
    "answer_dispute": follow_ups.answer_dispute,
}


def run(ctx: Context, kind: str, args: dict[str, Any]) -> None:
    """Do one task now."""
    KINDS[kind](ctx, **args)
