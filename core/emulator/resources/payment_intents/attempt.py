"""An attempt to pay: what a payment method does to a payment intent."""

from __future__ import annotations

from typing import Any

from core.emulator.resources import (
    balance,
    behaviours,
    charges,
    local_methods,
    mandates,
    reviews,
    three_d_secure,
)
from core.emulator.resources.behaviours import BLOCKED, Behaviour, Kind
from core.emulator.resources.captures import wrong_state
from core.emulator.resources.payment_intents import bank_transfers, failure, method_types
from core.emulator.resources.three_d_secure import Step
from core.emulator.state.errors import ApiError
from core.emulator.state.store import Obj
from core.emulator.state.tasks import Task
from core.emulator.state.unit_of_work import Context, hidden

#: Live tests see a debit settle within seconds; in simulated history it takes days.
PROCESSING_MS = 5_000
PROCESSING_HISTORY_MS = 5 * 86_400_000
AUTHORIZATION_MS = 7 * 86_400_000
#: What the issuer says after a challenge that was passed: the `decline_code`.
_DECLINED_AFTER_CHALLENGE = {
    Kind.THREE_D_SECURE_DECLINED: "generic_decline",
    Kind.THREE_D_SECURE_INSUFFICIENT: "insufficient_funds",
}


def start(ctx: Context, intent: Obj, params: dict[str, Any]) -> None:
    """Try to pay by the intent's method; refused when it has none, or no page to return to."""
    if not intent["payment_method"]:
        raise wrong_state(
            intent,
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can"
            " either update the PaymentIntent with a payment method and then confirm it again, or"
            " confirm it again directly with a payment method or ConfirmationToken.",
        )
    automatic = intent["automatic_payment_methods"]
    redirects = automatic and automatic["allow_redirects"] == "always"
    if not params.get("return_url") and redirects and not ctx.unattended:
        raise method_types.without_return_url("PaymentIntent", intent)
    _run(ctx, intent, ctx.need("payment_method", intent["payment_method"]), params)


def _run(ctx: Context, intent: Obj, method: Obj, params: dict[str, Any]) -> None:
    """Leaves the intent in its next status, or raises a card error that keeps it."""
    behaviour: Behaviour = ctx.script.get("behaviour") or behaviours.remembered(method)
    intent["next_action"] = None
    intent["last_payment_error"] = None
    ctx.tx.touch(intent)
    away = params.get("off_session") not in (None, False)
    if params.get("mandate_data"):
        hidden(intent)["mandate"] = mandates.make(ctx, method, params["mandate_data"])["id"]
    if behaviour.kind is Kind.BANK_TRANSFER and not ctx.unattended:
        bank_transfers.ask(ctx, intent, params)
        return
    if behaviour.kind in (Kind.VOUCHER, Kind.CODE) and not ctx.unattended:
        _show_voucher(ctx, intent, method, behaviour)
        return
    refuses = params.get("error_on_requires_action")
    step = three_d_secure.step(intent, method, behaviour.kind, off_session=away)
    if step is Step.ABSENT:
        failure.decline(ctx, intent, method, "authentication_required", "authentication_required")
    if step is Step.BROKEN:
        failure.decline(ctx, intent, method, "card_declined", "processing_error")
    if step is Step.CHALLENGE:
        if refuses:
            failure.refuse_action(ctx, intent, method)
        if not ctx.unattended:
            _ask_for_action(ctx, intent, behaviour, params.get("return_url"))
            return
        if behaviour.kind is not Kind.REDIRECT:
            three_d_secure.passed(intent)
    _finish(ctx, intent, method, behaviour)


def _ask_for_action(
    ctx: Context, intent: Obj, behaviour: Behaviour, return_url: str | None
) -> None:
    intent["status"] = "requires_action"
    behaviours.remember(intent, behaviour)
    url = f"{ctx.base_url}/_hosted/authenticate/{intent['id']}"
    if return_url or behaviour.kind is Kind.REDIRECT:
        hidden(intent)["return_url"] = return_url
        intent["next_action"] = {
            "redirect_to_url": {"return_url": return_url, "url": url},
            "type": "redirect_to_url",
        }
    else:
        intent["next_action"] = {
            "type": "use_stripe_sdk",
            "use_stripe_sdk": {
                "source": ctx.ids.new("src"),
                "stripe_js": url,
                "type": "three_d_secure_redirect",
            },
        }
    ctx.emit("payment_intent.requires_action", intent)


def _show_voucher(ctx: Context, intent: Obj, method: Obj, behaviour: Behaviour) -> None:
    """Wait for a voucher to be paid or a code to be confirmed, until it expires."""
    kind = method["type"]
    options = intent["payment_method_options"].get(kind) or {}
    life = local_methods.life_ms(kind, options, ctx.now_ms)
    pays, wait = local_methods.plan(kind, method["billing_details"]["email"], life)
    intent["status"] = "requires_action"
    intent["next_action"] = local_methods.next_action(
        ctx, intent, kind, (ctx.now_ms + life) // 1000
    )
    behaviours.remember(intent, behaviour)
    ctx.emit("payment_intent.requires_action", intent)
    ctx.later(wait, Task.VOUCHER_ENDS, intent=intent["id"], method=method["id"], pays=pays)


def end_voucher(ctx: Context, intent: str, method: str, pays: bool) -> None:
    """The customer paid, or never came; nothing where the intent went on otherwise."""
    found = ctx.need("payment_intent", intent)
    if found["status"] == "requires_action" and found["payment_method"] == method:
        authenticate(ctx, intent, succeed=pays, expired=not pays)


def authenticate(ctx: Context, intent_id: str, *, succeed: bool, expired: bool = False) -> Obj:
    """The customer's answer to a 3-D Secure challenge or a redirect."""
    intent = ctx.need("payment_intent", intent_id, in_path=True)
    if intent["status"] != "requires_action":
        raise wrong_state(intent, f"Nothing to authenticate: status is {intent['status']}.")
    method = ctx.need("payment_method", intent["payment_method"])
    behaviour = behaviours.read(hidden(intent).pop("does", Kind.THREE_D_SECURE.value))
    redirected = behaviour.kind in behaviours.ELSEWHERE
    intent["next_action"] = None
    if not succeed:
        error = failure.DECLINED_BY_CUSTOMER if redirected else failure.NOT_AUTHENTICATED
        error = failure.EXPIRED if expired else error
        failure.send_back(ctx, intent, method, error)
        return intent
    if not redirected:
        three_d_secure.passed(intent)
    try:
        _finish(ctx, intent, method, behaviour)
    except ApiError as declined:
        if not declined.keep:
            raise
    return ctx.tx.touch(intent)


def _finish(ctx: Context, intent: Obj, method: Obj, behaviour: Behaviour) -> None:
    """The attempt past any challenge: declined, blocked, processing or paid."""
    kind = behaviour.kind
    if kind is Kind.DECLINE:
        failure.decline(ctx, intent, method, behaviour.code, behaviour.decline_code)
    if kind in _DECLINED_AFTER_CHALLENGE:
        failure.decline(ctx, intent, method, "card_declined", _DECLINED_AFTER_CHALLENGE[kind])
    if kind in BLOCKED:
        outcome = charges.blocked(charges.risk_score(ctx, kind), kind)
        failure.decline(ctx, intent, method, "card_declined", "fraudulent", outcome)
    if kind in behaviours.DEBITS:
        _process(ctx, intent, method, behaviour)
        return
    outcome = charges.approved(ctx, method, charges.risk_score(ctx, kind))
    charge = charges.make(ctx, intent, method, status="succeeded", outcome=outcome)
    three_d_secure.save(ctx, intent, method)
    if outcome["type"] == "manual_review":
        reviews.open_review(ctx, charge, intent, "rule")
    succeed(ctx, intent, charge)
    schedule_consequences(ctx, charge, behaviour)


def succeed(ctx: Context, intent: Obj, charge: Obj) -> None:
    """The charge went through: paid, or held for capture."""
    intent["latest_charge"] = charge["id"]
    intent["next_action"] = None
    if intent["capture_method"] == "manual":
        intent["status"] = "requires_capture"
        intent["amount_capturable"] = intent["amount"]
        ctx.emit("charge.succeeded", charge)
        ctx.emit("payment_intent.amount_capturable_updated", intent)
        ctx.later(AUTHORIZATION_MS, Task.EXPIRE_AUTHORIZATION, intent=intent["id"])
        return
    intent["status"] = "succeeded"
    intent["amount_received"] = intent["amount"]
    ctx.emit("charge.succeeded", charge)
    ctx.emit("payment_intent.succeeded", intent)
    post_soon(ctx, charge)


def post_soon(ctx: Context, charge: Obj) -> None:
    """Write the row of what was paid in a moment, or now where the money is available at once."""
    if behaviours.remembered(charge).kind is Kind.SUCCEED_AVAILABLE and not ctx.unattended:
        balance.post_charge(ctx, charge)
        ctx.emit("balance.available", balance.retrieve(ctx, {}))
    else:
        ctx.later(balance.POSTING_DELAY_MS, Task.POST_CHARGE, charge=charge["id"])


def _process(ctx: Context, intent: Obj, method: Obj, behaviour: Behaviour) -> None:
    outcome = charges.approved(ctx, method, 0)
    charge = charges.make(ctx, intent, method, status="pending", outcome=outcome)
    intent["latest_charge"] = charge["id"]
    intent["status"] = "processing"
    ctx.emit("charge.pending", charge)
    ctx.emit("payment_intent.processing", intent)
    schedule_bank_answer(ctx, charge, behaviour)


def schedule_bank_answer(ctx: Context, charge: Obj, behaviour: Behaviour) -> None:
    """The customer's bank answers a debit within seconds, in histories within days."""
    if behaviour.kind is Kind.PROCESSING_FOR_EVER:
        return
    fails = behaviour.kind is Kind.PROCESSING_FAIL
    delay = PROCESSING_HISTORY_MS if ctx.unattended else PROCESSING_MS
    ctx.later(
        ctx.script.get("processing_ms", delay),
        Task.SETTLE_DEBIT,
        charge=charge["id"],
        fails=(behaviour.code or "insufficient_funds") if fails else "",
        disputed=behaviour.kind is Kind.PROCESSING_DISPUTE,
    )


def schedule_consequences(ctx: Context, charge: Obj, behaviour: Behaviour) -> None:
    """What a test card that pays brings later: a dispute, or a warning of fraud."""
    if behaviour.kind is Kind.DISPUTE:
        ctx.later(1_500, Task.OPEN_DISPUTE, charge=charge["id"], reason=behaviour.code)
    elif behaviour.kind is Kind.EARLY_FRAUD_WARNING:
        ctx.later(1_000, Task.WARN, charge=charge["id"], fraud_type="made_with_stolen_card")
