"""Which types of payment methods an intent takes: computed, allowed, excluded, or named before."""

from __future__ import annotations

from functools import cache
from typing import Any

from core.emulator.resources import local_methods, payment_methods
from core.emulator.state.errors import ApiError, refused
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import shown

#: What needs no page of its own.
_WITHOUT_REDIRECT = ("card", "link", "sepa_debit", "us_bank_account")
_CARD_OPTIONS = {"mandate_options": None, "network": None, "request_three_d_secure": "automatic"}


def choose(intent: Obj, params: dict[str, Any]) -> None:
    """Write into a new intent what its parameters say of types."""
    named = params.get("payment_method_types")
    automatic = params.get("automatic_payment_methods")
    if named is not None:
        if automatic and automatic["enabled"]:
            raise refused(
                "You may only specify one of these parameters: automatic_payment_methods,"
                " payment_method_types.",
                "payment_method_types",
            )
        intent["payment_method_types"] = _known(named)
    elif automatic is None or automatic["enabled"]:
        redirects = (automatic or {}).get("allow_redirects", "always")
        intent["automatic_payment_methods"] = {"allow_redirects": redirects, "enabled": True}
        intent["payment_method_types"] = list(
            _taken(
                redirects, bool(params.get("allowed_payment_method_types")), intent.get("currency")
            )
        )
        intent["payment_method_configuration_details"] = {"id": "pmc_tillwatch", "parent": None}
    if not params.keys().isdisjoint(_NARROWING):
        change(intent, {name: params[name] for name in _NARROWING if name in params})
    if "card" in intent["payment_method_types"]:
        intent["payment_method_options"] = {"card": dict(_CARD_OPTIONS)}
        if intent["object"] == "payment_intent":
            intent["payment_method_options"]["card"]["installments"] = None


@cache
def _taken(redirects: str, asked: bool, currency: str | None) -> tuple[str, ...]:
    """What an account takes: of methods of one country those that were asked for, by currency."""
    known = _WITHOUT_REDIRECT if redirects == "never" else payment_methods.DYNAMIC
    if asked:
        known = (*known, *local_methods.LOCAL)
    only = payment_methods.CURRENCIES
    return tuple(
        kind for kind in known if kind not in local_methods.LOCAL or currency in only[kind]
    )


_NARROWING = ("allowed_payment_method_types", "excluded_payment_method_types")


def change(intent: Obj, params: dict[str, Any]) -> None:
    """Narrow the types of an intent, or name them anew as older versions do."""
    if params.get("payment_method_types"):
        intent["payment_method_types"] = _known(params["payment_method_types"])
        intent["automatic_payment_methods"] = None
        intent["payment_method_configuration_details"] = None
    for name in _NARROWING:
        if name in params:
            intent[name] = params[name] or None
    allowed, excluded = (intent.get(name) for name in _NARROWING)
    if allowed is None and not excluded:
        return
    intent["payment_method_types"] = [
        kind
        for kind in intent["payment_method_types"]
        if kind not in (excluded or ()) and (allowed is None or kind in allowed)
    ]


def _known(types: list[str]) -> list[str]:
    for i, kind in enumerate(types):
        if kind != "card" and kind not in payment_methods.OTHERS:
            raise ApiError(
                f"The payment method type provided: {kind} is invalid. Please ensure the provided"
                " type is activated in your dashboard"
                " (https://dashboard.stripe.com/account/payments/settings) and your account is"
                " enabled for any preview features that you are trying to use.",
                param=f"payment_method_types[{i}]",
            )
    return list(types)


def check_secret(intent: Obj, params: dict[str, Any]) -> None:
    """Refuse a `client_secret` that is of another intent."""
    if params.get("client_secret", intent["client_secret"]) != intent["client_secret"]:
        kind = intent["object"]
        raise ApiError(
            f"The client_secret provided does not match any associated {kind} on this account."
            " Ensure the publishable key used belongs to the same account that created the"
            f" {kind}.",
            code=f"{kind}_invalid_parameter",
            param="client_secret",
        )


def without_return_url(noun: str, intent: Obj) -> ApiError:
    """The refusal of a confirmation that could send the customer away and not back."""
    return ApiError(
        f"This {noun} is configured to accept payment methods enabled in your Dashboard."
        " Because some of these payment methods might redirect your customer off of your page,"
        " you must provide a `return_url`. If you don't want to accept redirect-based payment"
        " methods, set `automatic_payment_methods[enabled]` to `true` and"
        " `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents"
        " and Payment Intents.",
        payment_intent=shown(intent) if intent["object"] == "payment_intent" else None,
        setup_intent=shown(intent) if intent["object"] == "setup_intent" else None,
    )
