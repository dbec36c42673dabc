"""Charges without a PaymentIntent, as older integrations make them: create, capture, expire."""

from __future__ import annotations

import copy
from typing import Any, NoReturn

from core.emulator.http.params import merged
from core.emulator.resources import (
    amounts,
    balance,
    behaviours,
    captures,
    charges,
    payment_methods,
    reviews,
    token_cards,
    tokens,
)
from core.emulator.resources.behaviours import BLOCKED, Behaviour, Kind
from core.emulator.resources.payment_intents import attempt, failure
from core.emulator.state.errors import ApiError, missing, refused
from core.emulator.state.store import Obj
from core.emulator.state.tasks import Task
from core.emulator.state.unit_of_work import Context, hidden

_BANK_TOKEN = "btok_us_verified"  # noqa: S105 (a test token's name)
_EXPIRY_MS = 7 * balance.DAY * 1000
_COPIED = (
    "description",
    "receipt_email",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
)
#: Without an intent nobody can pass a challenge.
_REFUSED = BLOCKED | {Kind.DECLINE, Kind.THREE_D_SECURE}


def create(ctx: Context, params: dict[str, Any]) -> Obj:
    """POST /v1/charges with `source`: a test token of a card (`tok_visa`) or a bank account."""
    for name in ("amount", "currency"):
        if name not in params:
            raise refused(f"Missing required param: {name}.", name, "parameter_missing")
    customer = params.get("customer")
    if customer:
        ctx.need("customer", customer, "customer")
    source = params.get("source")
    if not source and customer:
        source = ctx.need("customer", customer)["default_source"]
    if not source:
        raise _without_source(customer)
    return take(ctx, _of_source(ctx, source), params)


def take(
    ctx: Context, method: Obj, params: dict[str, Any], details: dict[str, Any] | None = None
) -> Obj:
    """Charge a payment method without an intent; `details` stand for what it would say."""
    currency = amounts.currency_of(params["currency"])
    order: Obj = {
        "id": None,
        "amount": amounts.charge_amount(params["amount"], currency),
        "capture_method": "automatic" if params.get("capture", True) else "manual",
        "currency": currency,
        "customer": params.get("customer"),
        "metadata": merged({}, params.get("metadata") or {}),
        "payment_method_options": {},
        **{name: params.get(name) for name in _COPIED},
    }
    behaviour: Behaviour = ctx.script.get("behaviour") or behaviours.remembered(method)
    if behaviour.kind in _REFUSED:
        _decline(ctx, order, method, behaviour)
    waits = behaviour.kind in behaviours.DEBITS
    outcome = charges.approved(ctx, method, charges.risk_score(ctx, behaviour.kind))
    status = "pending" if waits else "succeeded"
    charge = charges.make(ctx, order, method, status=status, outcome=outcome)
    _name_source(charge, method, details)
    if waits:
        ctx.emit("charge.pending", charge)
        attempt.schedule_bank_answer(ctx, charge, behaviour)
        return charge
    if outcome["type"] == "manual_review":
        reviews.open_review(ctx, charge, None, "rule")
    ctx.emit("charge.succeeded", charge)
    if charge["captured"]:
        ctx.later(balance.POSTING_DELAY_MS, Task.POST_CHARGE, charge=charge["id"])
    else:
        ctx.later(_EXPIRY_MS, Task.EXPIRE_CHARGE, charge=charge["id"])
    attempt.schedule_consequences(ctx, charge, behaviour)
    return charge


def _without_source(customer: str | None) -> ApiError:
    if customer:
        return ApiError(
            "Cannot charge a customer that has no active card",
            status=402,
            type="card_error",
            code="missing",
            param="card",
        )
    return refused("Must provide source or customer.", None, "parameter_missing")


def _of_source(ctx: Context, source: str) -> Obj:
    if source.startswith("tok_"):
        return payment_methods.from_card(ctx, token_cards.card_named(ctx, source), {})
    if source == _BANK_TOKEN:
        return payment_methods.from_data(ctx, {"type": "us_bank_account"})
    card = ctx.tx.find(source)
    if card is not None and card["object"] == "card":
        return tokens.method_of(ctx, card)
    raise missing("source", source, "source")


def _name_source(charge: Obj, method: Obj, details: dict[str, Any] | None) -> None:
    """Older charges name a card of their own, and tell of bank accounts by their older type."""
    kind = charge["payment_method_details"]["type"]
    if kind == "card":
        card = {**method["card"], "customer": charge["customer"], "metadata": {}, "name": None}
        charge["payment_method"] = f"card_{method['id'].removeprefix('pm_')}"
        names = ("brand", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4")
        charge["source"] = {
            "id": charge["payment_method"],
            "object": "card",
            **{name: card[name] for name in (*names, "customer", "metadata", "name")},
        }
    if kind == "us_bank_account" and details is None:
        found = charge["payment_method_details"][kind]
        told = ("account_holder_type", "bank_name", "fingerprint", "last4", "routing_number")
        bank = {"country": "US", **{name: found[name] for name in told}}
        charge["payment_method_details"] = {"ach_debit": bank, "type": "ach_debit"}
    if details is not None:
        charge["payment_method_details"] = copy.deepcopy(details)


def _decline(ctx: Context, order: Obj, method: Obj, behaviour: Behaviour) -> NoReturn:
    """Keep the failed charge and raise (402) why."""
    kind = behaviour.kind
    if kind is Kind.THREE_D_SECURE:
        code = decline_code = "authentication_required"
    elif kind is Kind.DECLINE:
        code, decline_code = behaviour.code, behaviour.decline_code
    else:
        code, decline_code = "card_declined", "fraudulent"
    outcome = charges.declined(code, decline_code, charges.risk_score(ctx))
    if kind in BLOCKED:
        outcome = charges.blocked(charges.risk_score(ctx, kind), kind)
    charge = charges.make(ctx, order, method, status="failed", outcome=outcome)
    _name_source(charge, method, None)
    error = failure.refusal(charge, code, decline_code)
    ctx.emit("charge.failed", charge)
    failure.raise_kept(error)


def capture(ctx: Context, charge_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/charges/{id}/capture; a hold that an intent made is captured with it."""
    charge = ctx.need("charge", charge_id, in_path=True)
    if charge["payment_intent"]:
        given = {"amount_to_capture": params["amount"]} if "amount" in params else {}
        captures.capture(ctx, charge["payment_intent"], given)
        return charge
    if charge["captured"]:
        raise ApiError(
            f"Charge {charge_id} has already been captured.", code="charge_already_captured"
        )
    if charge["status"] != "succeeded" or charge["refunded"] or hidden(charge).get("expired"):
        raise ApiError(
            f"Charge {charge_id} cannot be captured because the charge has expired.",
            code="charge_expired_for_capture",
        )
    captures.take(ctx, charge, _part(charge, params), final=True)
    ctx.emit("charge.captured", charge)
    return charge


def _part(charge: Obj, params: dict[str, Any]) -> int:
    amount = amounts.positive(params.get("amount", charge["amount"]), "amount")
    if amount > charge["amount"]:
        raise ApiError(
            f"Amount ({amount}) is greater than the authorized amount ({charge['amount']}).",
            param="amount",
        )
    return amount


def expire(ctx: Context, charge: str) -> None:
    """Nobody captured the hold in time."""
    found = ctx.need("charge", charge)
    if found["status"] == "succeeded" and not found["captured"] and not found["refunded"]:
        hidden(found)["expired"] = True
        captures.release(ctx, found, expired=True)
