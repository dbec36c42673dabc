"""An attempt to pay: what a payment method does to a payment intent."""

from __future__ import annotations

from typing import Any

from core.emulator.resources import balance, cards, charges, reviews, three_d_secure
from core.emulator.resources.three_d_secure import Step
from core.emulator.state.errors import DOCS, ApiError
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context, hidden, shown

#: Live tests see a debit settle within seconds; in simulated history it takes days.
PROCESSING_MS = 5_000
PROCESSING_HISTORY_MS = 5 * 86_400_000
AUTHORIZATION_MS = 7 * 86_400_000


def run(ctx: Context, intent: Obj, method: Obj, params: dict[str, Any]) -> None:
    """Try to pay; leaves the intent in its next status, or raises a card error that keeps it."""
    does = ctx.script.get("does") or hidden(method)["does"]
    intent["payment_method"] = method["id"]
    intent["next_action"] = None
    intent["last_payment_error"] = None
    ctx.tx.touch(intent)
    away = params.get("off_session") not in (None, False)
    step = three_d_secure.step(intent, method, does, off_session=away)
    if step is Step.ABSENT:
        decline(ctx, intent, method, "authentication_required", "authentication_required")
    if step is Step.BROKEN:
        decline(ctx, intent, method, "card_declined", "processing_error")
    if step is Step.CHALLENGE:
        if params.get("error_on_requires_action"):
            _refuse_action(ctx, intent, method)
        if not ctx.unattended:
            _ask_for_action(ctx, intent, method, does, params.get("return_url"))
            return
        if does != "redirect":
            three_d_secure.passed(intent)
    finish(ctx, intent, method, does)


def finish(ctx: Context, intent: Obj, method: Obj, does: str) -> None:
    """The attempt past any challenge: declined, blocked, processing or paid."""
    if does.startswith("decline:"):
        _, code, decline_code = does.split(":")
        decline(ctx, intent, method, code, decline_code)
    after_challenge = {
        "three_d_secure_declined": ("card_declined", "generic_decline"),
        "three_d_secure_insufficient": ("card_declined", "insufficient_funds"),
    }
    if does in after_challenge:
        decline(ctx, intent, method, *after_challenge[does])
    if does in ("block", "highest_risk"):
        outcome = charges.blocked(
            score(ctx, does), "rule" if does == "block" else "highest_risk_level"
        )
        decline(ctx, intent, method, "card_declined", "fraudulent", outcome)
    if does.startswith("processing"):
        _process(ctx, intent, method, does)
        return
    outcome = charges.approved(ctx, method, score(ctx, does))
    charge = charges.make(ctx, intent, method, status="succeeded", outcome=outcome)
    three_d_secure.save(ctx, intent, method)
    if outcome["type"] == "manual_review":
        reviews.open_review(ctx, charge, intent, "rule")
    succeed(ctx, intent, charge)
    afterwards(ctx, charge, does)


def succeed(ctx: Context, intent: Obj, charge: Obj) -> None:
    """The charge went through: paid, or held for capture."""
    intent["latest_charge"] = charge["id"]
    intent["next_action"] = None
    if intent["capture_method"] == "manual":
        intent["status"] = "requires_capture"
        intent["amount_capturable"] = intent["amount"]
        ctx.emit("charge.succeeded", charge)
        ctx.emit("payment_intent.amount_capturable_updated", intent)
        ctx.later(AUTHORIZATION_MS, "expire_authorization", intent=intent["id"])
        return
    intent["status"] = "succeeded"
    intent["amount_received"] = intent["amount"]
    ctx.emit("charge.succeeded", charge)
    ctx.emit("payment_intent.succeeded", intent)
    ctx.later(balance.POSTING_DELAY_MS, "post_charge", charge=charge["id"])


def decline(
    ctx: Context,
    intent: Obj,
    method: Obj,
    code: str,
    decline_code: str,
    outcome: dict[str, Any] | None = None,
) -> None:
    """Record a failed attempt and raise the card error that the caller sees."""
    outcome = outcome or charges.declined(code, decline_code, score(ctx, ""))
    charge = charges.make(ctx, intent, method, status="failed", outcome=outcome)
    intent["latest_charge"] = charge["id"]
    fail(ctx, intent, method, refusal(charge, code, decline_code), charge)


def refusal(charge: Obj, code: str, decline_code: str) -> dict[str, Any]:
    """The card error of a failed charge, which says the same from then on."""
    reason = decline_code or code
    message = cards.decline_message(reason)
    charge["failure_code"], charge["failure_message"] = code, message
    return {
        **({"advice_code": cards.ADVICE[reason]} if reason in cards.ADVICE else {}),
        "charge": charge["id"],
        "code": code,
        **({"decline_code": decline_code} if decline_code else {}),
        "doc_url": DOCS + code.replace("_", "-"),
        "message": message,
        **({"param": "cvc"} if code == "incorrect_cvc" else {}),
        "type": "card_error",
    }


def fail(
    ctx: Context, intent: Obj, method: Obj, error: dict[str, Any], charge: Obj | None = None
) -> None:
    """Send the intent back for another payment method, and raise (402) what went wrong."""
    send_back(ctx, intent, method, error, charge)
    wire = {k: v for k, v in error.items() if k not in ("message", "type", "code", "doc_url")}
    raise ApiError(
        error["message"],
        status=402,
        type=error["type"],
        code=error["code"],
        keep=True,
        **wire,
        payment_intent=shown(intent),
        payment_method=shown(method),
    )


def send_back(
    ctx: Context, intent: Obj, method: Obj, error: dict[str, Any], charge: Obj | None = None
) -> None:
    """As `fail`, without raising: for failures that arrive later."""
    intent["status"] = "requires_payment_method"
    intent["payment_method"] = None
    intent["next_action"] = None
    intent["last_payment_error"] = {**error, "payment_method": shown(method)}
    three_d_secure.forget(intent)
    ctx.tx.touch(intent)
    if charge is not None:
        ctx.emit("charge.failed", charge)
    ctx.emit("payment_intent.payment_failed", intent)


def _refuse_action(ctx: Context, intent: Obj, method: Obj) -> None:
    error = {
        "code": "authentication_required",
        "decline_code": "authentication_required",
        "doc_url": DOCS + "authentication-required",
        "message": (
            "This payment required an authentication action to complete, but"
            " `error_on_requires_action` was set. When you're ready, you can upgrade your"
            " integration to handle actions at"
            " https://stripe.com/docs/payments/payment-intents/upgrade-to-handle-actions."
        ),
        "type": "card_error",
    }
    fail(ctx, intent, method, error)


def _ask_for_action(
    ctx: Context, intent: Obj, method: Obj, does: str, return_url: str | None
) -> None:
    intent["status"] = "requires_action"
    hidden(intent)["does"] = does
    url = f"{ctx.base_url}/_hosted/authenticate/{intent['id']}"
    if return_url or does == "redirect":
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


def _process(ctx: Context, intent: Obj, method: Obj, does: str) -> None:
    outcome = charges.approved(ctx, method, 0)
    charge = charges.make(ctx, intent, method, status="pending", outcome=outcome)
    intent["latest_charge"] = charge["id"]
    intent["status"] = "processing"
    ctx.emit("charge.pending", charge)
    ctx.emit("payment_intent.processing", intent)
    settle_later(ctx, charge, does)


def settle_later(ctx: Context, charge: Obj, does: str) -> None:
    """The customer's bank answers a debit within seconds, in histories within days."""
    if does == "processing_for_ever":
        return
    fails, _, code = does.partition(":")
    delay = PROCESSING_HISTORY_MS if ctx.unattended else PROCESSING_MS
    ctx.later(
        ctx.script.get("processing_ms", delay),
        "settle_debit",
        charge=charge["id"],
        fails=(code or "insufficient_funds") if fails == "processing_fail" else "",
        disputed=does == "processing_dispute",
    )


def score(ctx: Context, does: str) -> int:
    """Radar's score of an attempt, by what its card stands for."""
    if "risk_score" in ctx.script:
        return int(ctx.script["risk_score"])
    chance = ctx.ids.chance()
    if does in ("block", "highest_risk"):
        return chance.randint(76, 99)
    if does == "elevated_risk":
        return chance.randint(65, 74)
    return min(chance.randint(0, 64), chance.randint(0, 64))


def afterwards(ctx: Context, charge: Obj, does: str) -> None:
    """What a test card that pays brings later."""
    if does.startswith("dispute:"):
        ctx.later(1_500, "open_dispute", charge=charge["id"], reason=does.split(":")[1])
    elif does == "early_fraud_warning":
        ctx.later(1_000, "warn", charge=charge["id"], fraud_type="made_with_stolen_card")
