"""The calls of /v1/payment_intents: create, retrieve, update, confirm, cancel."""

from __future__ import annotations

from typing import Any

from core.emulator.http.params import merged
from core.emulator.resources import (
    amounts,
    captures,
    confirmation_tokens,
    local_methods,
    payment_methods,
    three_d_secure,
)
from core.emulator.resources.captures import wrong_state
from core.emulator.resources.payment_intents import attempt, method_types
from core.emulator.state.errors import ApiError, refused
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context, checkout_of

_COPIED = (
    "description",
    "receipt_email",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
    "setup_future_usage",
)
_CANCELABLE = (
    "requires_payment_method",
    "requires_capture",
    "requires_confirmation",
    "requires_action",
    "processing",
)
_ONLY_CONFIRMING = (
    *("confirmation_token", "error_on_requires_action", "mandate_data", "off_session"),
    "return_url",
)


def create(ctx: Context, params: dict[str, Any]) -> Obj:
    """POST /v1/payment_intents."""
    currency = amounts.currency_of(params["currency"])
    amount = amounts.charge_amount(params["amount"], currency)
    customer = params.get("customer")
    if customer:
        ctx.need("customer", customer, "customer")
    token = confirmation_tokens.taken(ctx, params) if params.get("confirm") else None
    method = payment_methods.given(ctx, params)
    intent = _blank(ctx, amount, currency)
    method_types.choose(intent, params)
    remember_options(intent, params)
    intent |= {name: params[name] for name in _COPIED if name in params}
    intent["customer"] = customer
    intent["metadata"] = merged({}, params.get("metadata") or {})
    intent["capture_method"] = params.get("capture_method", "automatic_async")
    intent["confirmation_method"] = params.get("confirmation_method", "automatic")
    _set_shipping(intent)
    if method is not None:
        check_type(intent, method)
        intent["payment_method"] = method["id"]
        intent["status"] = "requires_confirmation"
    ctx.tx.add(intent)
    confirming = params.get("confirm", False)
    if not confirming:
        for name in _ONLY_CONFIRMING:
            if name in params:
                raise refused(
                    f"The parameter `{name}` cannot be passed when creating a PaymentIntent unless"
                    " `confirm` is set to true.",
                    name,
                )
    ctx.emit("payment_intent.created", intent)
    if confirming:
        confirmation_tokens.spend(ctx, token, intent)
        attempt.start(ctx, intent, params)
    return intent


def _blank(ctx: Context, amount: int, currency: str) -> Obj:
    intent_id = ctx.ids.new("pi")
    return {
        "id": intent_id,
        "object": "payment_intent",
        "allowed_payment_method_types": None,
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": f"{intent_id}_secret_{ctx.ids.token(25)}",
        "confirmation_method": "automatic",
        "created": ctx.now,
        "currency": currency,
        "customer": None,
        "customer_account": None,
        "description": None,
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
    }


def remember_options(intent: Obj, params: dict[str, Any]) -> None:
    """Keep what `payment_method_options[card]` asks for, the features of a hold among it."""
    options = params.get("payment_method_options")
    if not options:
        return
    three_d_secure.remember(intent, params)
    for kind in options:
        if kind in local_methods.LOCAL and options[kind]:
            intent["payment_method_options"][kind] = {**options[kind]}
    card = options.get("card") or {}
    if "card" in intent["payment_method_options"]:
        asked = {name: card[name] for name in captures.REQUESTS if name in card}
        intent["payment_method_options"]["card"] |= asked


def _set_shipping(intent: Obj) -> None:
    if intent["shipping"]:
        given = intent["shipping"]
        address = {**payment_methods.BLANK_ADDRESS, **(given.get("address") or {})}
        blanks = {"carrier": None, "phone": None, "tracking_number": None}
        intent["shipping"] = {**blanks, **given, "address": address}


def retrieve(ctx: Context, intent_id: str, params: dict[str, Any]) -> Obj:
    return ctx.need("payment_intent", intent_id, in_path=True)


def update(ctx: Context, intent_id: str, params: dict[str, Any]) -> Obj:
    intent = ctx.need("payment_intent", intent_id, in_path=True)
    status = intent["status"]
    if status in ("succeeded", "canceled") and set(params) - {
        "metadata",
        "description",
        "expand",
        "receipt_email",
    }:
        raise wrong_state(
            intent,
            f"This PaymentIntent could not be updated because it has a status of {status}.",
        )
    currency = amounts.currency_of(params.get("currency", intent["currency"]))
    if "amount" in params or "currency" in params:
        if status not in ("requires_payment_method", "requires_confirmation", "requires_action"):
            raise wrong_state(
                intent, f"The amount cannot be changed when a PaymentIntent has status {status}."
            )
        intent["amount"] = amounts.charge_amount(params.get("amount", intent["amount"]), currency)
        intent["currency"] = currency
    if params.get("customer"):
        intent["customer"] = ctx.need("customer", params["customer"], "customer")["id"]
    intent |= {name: params[name] for name in _COPIED if name in params}
    remember_options(intent, params)
    if "shipping" in params:
        _set_shipping(intent)
    if "metadata" in params:
        intent["metadata"] = merged(intent["metadata"], params["metadata"])
    method_types.change(intent, params)
    method = payment_methods.given(ctx, params)
    if method is not None:
        check_type(intent, method)
        intent["payment_method"] = method["id"]
        intent["status"] = "requires_confirmation"
    return ctx.tx.touch(intent)


def check_type(intent: Obj, method: Obj) -> None:
    """The method is one of those that the intent and its currency allow."""
    only = payment_methods.CURRENCIES.get(method["type"])
    if only and intent["currency"] not in only:
        raise ApiError(
            f"The currency provided ({intent['currency']}) is invalid for one or more payment"
            f" method types. {method['type']} supports: {', '.join(only)}.",
            param="payment_method",
        )
    if method["type"] not in intent["payment_method_types"] and _local(intent, method["type"]):
        # The account has it; an intent lists it once it is asked for.
        intent["payment_method_types"].append(method["type"])
    if method["type"] not in intent["payment_method_types"]:
        raise ApiError(
            f"The PaymentMethod provided ({method['type']}) is not allowed for this PaymentIntent."
            " Please attach a PaymentMethod of one of the following types:"
            f" {', '.join(intent['payment_method_types'])}.",
            param="payment_method",
            code="payment_intent_incompatible_payment_method",
        )


def _local(intent: Obj, kind: str) -> bool:
    """Whether the intent takes this method of one country although it does not list it."""
    open_to_all = intent["automatic_payment_methods"] and not intent["allowed_payment_method_types"]
    excluded = intent["excluded_payment_method_types"] or ()
    return kind in local_methods.LOCAL and bool(open_to_all) and kind not in excluded


def confirm(ctx: Context, intent_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/payment_intents/{id}/confirm."""
    intent = ctx.need("payment_intent", intent_id, in_path=True)
    _not_at_checkout(intent)
    method_types.check_secret(intent, params)
    status = intent["status"]
    if status in ("succeeded", "requires_capture", "processing"):
        raise wrong_state(
            intent,
            "You cannot confirm this PaymentIntent because it has already succeeded after being"
            " previously confirmed.",
        )
    if status == "canceled":
        raise wrong_state(
            intent,
            "You cannot confirm this PaymentIntent because it has a status of canceled. Only a"
            " PaymentIntent with one of the following statuses may be confirmed:"
            " requires_confirmation, requires_action.",
        )
    method_types.change(intent, params)
    token = confirmation_tokens.taken(ctx, params)
    method = payment_methods.given(ctx, params)
    if method is None and status == "requires_action":
        return intent
    if method is not None:
        check_type(intent, method)
        intent["payment_method"] = method["id"]
    if "receipt_email" in params:
        intent["receipt_email"] = params["receipt_email"]
    if params.get("setup_future_usage"):
        intent["setup_future_usage"] = params["setup_future_usage"]
    remember_options(intent, params)
    confirmation_tokens.spend(ctx, token, intent)
    attempt.start(ctx, intent, params)
    return intent


def _not_at_checkout(intent: Obj) -> None:
    if session := checkout_of(intent):
        raise wrong_state(
            intent,
            "You cannot confirm or cancel a PaymentIntent that was created by a Checkout Session."
            f" The customer pays at {session}; to end it, expire the session.",
        )


def cancel(ctx: Context, intent_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/payment_intents/{id}/cancel."""
    intent = ctx.need("payment_intent", intent_id, in_path=True)
    if intent["status"] not in _CANCELABLE:
        raise wrong_state(
            intent,
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}."
            " Only a PaymentIntent with one of the following statuses may be canceled:"
            " requires_payment_method, requires_capture, requires_reauthorization,"
            " requires_confirmation, requires_action, processing.",
        )
    if intent["status"] != "requires_capture":
        _not_at_checkout(intent)
    if intent["status"] == "processing":
        raise wrong_state(intent, "This PaymentIntent is processing and can no longer be canceled.")
    return end(ctx, intent, params.get("cancellation_reason"))


def end(ctx: Context, intent: Obj, reason: str | None) -> Obj:
    """Cancel; money held for capture goes back."""
    if intent["status"] == "requires_capture":
        captures.release(ctx, ctx.need("charge", intent["latest_charge"]), expired=False)
    intent["status"] = "canceled"
    intent["amount_capturable"] = 0
    intent["canceled_at"], intent["cancellation_reason"] = ctx.now, reason
    intent["next_action"] = None
    ctx.emit("payment_intent.canceled", intent)
    return ctx.tx.touch(intent)
