"""What customers and the shop do after a purchase, as tasks: retry, capture, refund, answer."""

from __future__ import annotations

from core import money
from core.emulator.resources import (
    behaviours,
    captures,
    dispute_lifecycle,
    disputes,
    refund_outcomes,
    refunds,
)
from core.emulator.resources.payment_intents import api as payment_intents
from core.emulator.state.errors import ApiError
from core.emulator.state.tasks import Task
from core.emulator.state.unit_of_work import Context

_BANK_MS = 3_600_000


def retry(ctx: Context, intent: str, method: str, does: str) -> None:
    """The customer tries again on the same order; `does` is a stored behaviour, "" a success."""
    found = ctx.need("payment_intent", intent)
    if found["status"] != "requires_payment_method":
        return
    unattended, ctx.unattended = ctx.unattended, True
    ctx.script = {"behaviour": behaviours.read(does) if does else behaviours.SUCCEED}
    try:
        payment_intents.confirm(ctx, intent, {"payment_method": method})
    except ApiError as declined:
        if not declined.keep:
            raise
    finally:
        ctx.script = {}
        ctx.unattended = unattended


def capture(ctx: Context, intent: str) -> None:
    """The goods went out: what was held is taken."""
    if ctx.need("payment_intent", intent)["status"] == "requires_capture":
        captures.capture(ctx, intent, {})


def abandon(ctx: Context, intent: str) -> None:
    """The order is given up."""
    found = ctx.need("payment_intent", intent)
    if found["status"] in ("requires_payment_method", "requires_capture", "requires_action"):
        payment_intents.cancel(ctx, intent, {"cancellation_reason": "abandoned"})


def ask_refund(ctx: Context, intent: str, percent: int, reason: str) -> None:
    """Support gives back a share of the charge."""
    found = ctx.need("payment_intent", intent)
    if found["status"] != "succeeded":
        return
    step = money.multiple(found["currency"])
    amount = max(step, found["amount_received"] * percent // 100 // step * step)
    try:
        refunds.create(ctx, {"payment_intent": intent, "amount": amount, "reason": reason})
    except ApiError:
        return  # disputed or refunded meanwhile


def capture_part(ctx: Context, intent: str, amount: int, final: bool) -> None:
    """A part of the goods went out."""
    if ctx.need("payment_intent", intent)["status"] == "requires_capture":
        captures.capture(ctx, intent, {"amount_to_capture": amount, "final_capture": final})


def order_refund(ctx: Context, charge: str, percent: int) -> None:
    """Support gives back a share of what is left of a charge."""
    found = ctx.need("charge", charge)
    given = {}
    if percent < 100:
        step = money.multiple(found["currency"])
        left = refund_outcomes.whole(found) - found["amount_refunded"]
        given = {"amount": max(step, left * percent // 100 // step * step)}
    try:
        refunds.create(ctx, {"charge": charge, **given})
    except ApiError:
        return  # disputed or refunded meanwhile


def failing_refund(ctx: Context, charge: str) -> None:
    """A refund that the bank sends back."""
    try:
        made = refunds.create(ctx, {"charge": charge})
    except ApiError:
        return
    ctx.later(_BANK_MS, Task.FAIL_REFUND, refund=made["id"], reason="expired_or_canceled_card")


def ask_for_destination(ctx: Context, refund: str) -> None:
    """The bank does not know where the money of a refund goes."""
    if ctx.need("refund", refund)["status"] == "pending":
        refund_outcomes.require_action(ctx, refund)


def cancel_refund(ctx: Context, refund: str) -> None:
    if ctx.need("refund", refund)["status"] == "requires_action":
        refund_outcomes.cancel(ctx, refund, {})


def bring_dispute(ctx: Context, dispute: str, status: str) -> None:
    """The issuer's or the shop's next step."""
    try:
        dispute_lifecycle.bring(ctx, dispute, status)
    except ApiError:
        return  # its deadline or a refund ended it meanwhile


def dispute_by_card(ctx: Context, charge: str, reason: str) -> None:
    """The issuer disputes what a test card paid."""
    try:
        dispute_lifecycle.by_card(ctx, charge, reason)
    except ApiError:
        return  # disputed already: the issuer does so once


def dispute_order(
    ctx: Context, intent: str, reason: str, answer_ms: int, won: bool, decision_days: int
) -> None:
    """The issuer disputes the charge; the shop may answer some days later."""
    found = ctx.need("payment_intent", intent)
    try:
        opened = dispute_lifecycle.open_dispute(ctx, found["latest_charge"], reason)
    except ApiError:
        return  # disputed already: the issuer does so once
    if answer_ms:
        ctx.later(
            answer_ms,
            Task.ANSWER_DISPUTE,
            dispute=opened["id"],
            won=won,
            decision_days=decision_days,
        )


def answer_dispute(ctx: Context, dispute: str, won: bool, decision_days: int) -> None:
    """The shop sends evidence; the issuer decides later."""
    found = ctx.need("dispute", dispute)
    if found["status"] != "needs_response":
        return
    ctx.script = {"won": won, "decision_days": decision_days}
    text = "Order confirmation and delivery record attached."
    try:
        disputes.update(ctx, dispute, {"evidence": {"uncategorized_text": text}})
    finally:
        ctx.script = {}
