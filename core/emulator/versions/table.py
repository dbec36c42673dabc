"""The changes between versions, newest first, and what they make of a request and its answer.

As at Stripe, an older request is read up to today change by change, and an answer is said down
again (stripe.com/blog/api-versioning). What versions before 2019-12-03 changed is not undone.
"""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

from core.emulator.state import versions
from core.emulator.state.errors import ApiError, refused
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context
from core.emulator.versions import (
    automatic_payment_methods,
    capture_method,
    charges_of_intents,
    checkout_creation,
    checkout_shipping,
    checkout_ui_mode,
    coupon_of_customers,
    invoice_of_payments,
    lists_of_customers,
    payment_method_types,
    product_features,
    promotion_of_codes,
)
from core.emulator.versions.change import Answer, Change

#: What happens to money by version (refunds of what a hold releases, `refund.created` for every
#: refund) stands in `core.emulator.state.versions`: nothing can be said down that did not happen.
CHANGES: tuple[Change, ...] = (
    payment_method_types.INTENTS,
    payment_method_types.CHECKOUT,
    checkout_ui_mode.CHANGE,
    promotion_of_codes.CODES,
    promotion_of_codes.DISCOUNTS,
    coupon_of_customers.CHANGE,
    invoice_of_payments.CHANGE,
    checkout_shipping.COLLECTED,
    capture_method.CHANGE,
    product_features.CHANGE,
    automatic_payment_methods.CHANGE,
    charges_of_intents.CHARGES,
    charges_of_intents.REFUNDS,
    checkout_shipping.DETAILS,
    checkout_creation.CUSTOMER,
    checkout_creation.INTENT,
    checkout_creation.RATES,
    lists_of_customers.CHANGE,
)


def asked(header: str | None, default: str) -> str:
    """The version of a request: its header's, or the account's; refused where it never was."""
    if header is None:
        return default
    if not versions.known(header):
        raise refused(f"Invalid Stripe API version: {header[:100]}")
    return header


@cache
def _since(version: str) -> tuple[Change, ...]:
    """The changes after a version, newest first."""
    return tuple(change for change in CHANGES if version < change.version)


@cache
def parameters(version: str, entry: str) -> dict[str, Any]:
    """What an entry of `params.json` had at a version beside or instead of today's."""
    found: dict[str, Any] = {}
    for change in _since(version):
        found |= change.parameters.get(entry, {})
    return found


def refuse_removed(version: str, entry: str, raw: dict[str, Any]) -> None:
    """Refuse, in Stripe's words where it has its own, a parameter that is gone at this version."""
    for change in CHANGES:
        if change.refusal is None or version < change.version:
            continue
        for name in change.parameters.get(entry, ()):
            if name in raw:
                raise change.refusal(name)


def read(version: str, entry: str, given: dict[str, Any]) -> None:
    """Put the parameters of an older request in today's words, in place."""
    for change in reversed(_since(version)):
        if entry in change.requests:
            change.requests[entry](given)


@cache
def _answers(version: str) -> dict[str, tuple[Answer, ...]]:
    found: dict[str, tuple[Answer, ...]] = {}
    for change in _since(version):
        for kind, answer in change.answers.items():
            found[kind] = (*found.get(kind, ()), answer)
    return found


def answer_at(ctx: Context, version: str, answer: Obj) -> Obj:
    """An answer as a version says it; a copy, or the answer itself where nothing changed."""
    answers = _answers(version)
    if not answers:
        return answer
    copied = copy.deepcopy(answer)
    _say(ctx, answers, copied)
    return copied


def _say(ctx: Context, answers: dict[str, tuple[Answer, ...]], value: Any) -> None:
    if isinstance(value, list):
        for item in value:
            _say(ctx, answers, item)
    elif isinstance(value, dict):
        if value.get("object") == "event":
            return  # written in its own version, and never changed
        if isinstance(value.get("object"), str):
            value.pop("_", None)
            for answer in answers.get(value["object"], ()):
                answer(ctx, value)
        for below in list(value.values()):
            if isinstance(below, (dict, list)):
                _say(ctx, answers, below)


def refusal(ctx: Context, version: str, error: ApiError) -> None:
    """Say the objects inside an error as a version says them."""
    for name in ("payment_intent", "setup_intent", "payment_method"):
        if name in error.error:
            error.error[name] = answer_at(ctx, version, error.error[name])
