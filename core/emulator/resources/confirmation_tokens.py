"""Confirmation tokens: what a customer chose at the till, spent once by confirming an intent."""

from __future__ import annotations

from typing import Any

from core.emulator.resources import payment_methods
from core.emulator.resources.records import Record
from core.emulator.state.errors import ApiError, refused
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context, hidden

_LIFE_S = 12 * 3600
_NOT_SHOWN = ("_", "created", "id", "livemode", "metadata", "object")


def create(ctx: Context, params: dict[str, Any]) -> Obj:
    """POST /v1/test_helpers/confirmation_tokens, as Stripe.js makes them in a browser."""
    method = payment_methods.given(ctx, params)
    if method is None:
        raise refused(
            "You must pass one of `payment_method` and `payment_method_data`.", "payment_method"
        )
    token: Obj = {
        "id": ctx.ids.new("ctoken"),
        "object": "confirmation_token",
        "created": ctx.now,
        "expires_at": ctx.now + _LIFE_S,
        "livemode": False,
        "mandate_data": None,
        "payment_intent": None,
        "payment_method_options": params.get("payment_method_options"),
        "payment_method_preview": {
            name: value for name, value in method.items() if name not in _NOT_SHOWN
        },
        "return_url": params.get("return_url"),
        "setup_future_usage": params.get("setup_future_usage"),
        "setup_intent": None,
        "shipping": _shipping(params.get("shipping")),
        "use_stripe_sdk": False,
    }
    hidden(token)["payment_method"] = method["id"]
    return Record("confirmation_token").made(ctx, token)


def _shipping(given: dict[str, Any] | None) -> dict[str, Any] | None:
    if given is None:
        return None
    address = {**payment_methods.BLANK_ADDRESS, **given["address"]}
    return {"address": address, "name": given["name"], "phone": given.get("phone")}


def taken(ctx: Context, params: dict[str, Any]) -> Obj | None:
    """The token that a confirmation names; its method, options and way back stand for missing ones.

    Refused when it was spent, is too old, or comes with a method beside it.
    """
    named = params.get("confirmation_token")
    if not named:
        return None
    if params.get("payment_method") or params.get("payment_method_data"):
        raise refused(
            "You may only pass one of `payment_method`, `payment_method_data` and"
            " `confirmation_token`.",
            "confirmation_token",
        )
    token = ctx.need("confirmation_token", named, "confirmation_token")
    if token["payment_intent"] or token["setup_intent"]:
        raise _unusable(f"This ConfirmationToken ({named}) has already been used.")
    if token["expires_at"] <= ctx.now:
        raise _unusable(f"This ConfirmationToken ({named}) has expired.")
    params["payment_method"] = hidden(token)["payment_method"]
    for name in ("payment_method_options", "return_url"):
        if token[name] is not None and name not in params:
            params[name] = token[name]
    return token


def _unusable(message: str) -> ApiError:
    return ApiError(message, param="confirmation_token", code="confirmation_token_unusable")


def spend(ctx: Context, token: Obj | None, intent: Obj) -> None:
    """Say by which intent the token was used, and give that what the token brings."""
    if token is None:
        return
    token[intent["object"]] = intent["id"]
    for name in ("setup_future_usage", "shipping"):
        if token[name] is not None and name in intent:
            intent[name] = token[name]
    ctx.tx.touch(token)


retrieve = Record("confirmation_token").retrieve
