"""Every parameter that a call knows changes what is kept or answered, or is refused.

One parameter at a time is added to a call that works, with a value that its type allows.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from core.emulator.http import params
from core.emulator.http.api import call
from core.emulator.state.errors import ApiError
from core.emulator.state.unit_of_work import Context
from tests.core.emulator.test_fuzz import _flat
from tests.support.emulator_books import DirectClient, context

Form = dict[str, Any]
BACK = "https://shop.example.com/back"
PAY: Form = {"amount": "900", "currency": "usd"}
NOW: Form = {**PAY, "payment_method": "pm_card_visa", "confirm": "true", "return_url": BACK}
CHARGE: Form = {**PAY, "source": "tok_visa"}
NUMBER: Form = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2034"}
CARD: Form = {"type": "card", "card": {"token": "tok_visa"}}
TEA: Form = {"currency": "usd", "unit_amount": "900", "product_data": {"name": "Tea"}}
#: What changes nothing although it is obeyed: the answer is the same with it.
SILENT = {
    "expand": "shows more of objects that are null here",
    "type": "one of one",
    "final_capture": "the whole hold is captured",
    "validate": "there is nobody to ask",
    "transfer_lookup_key": "without a key",
    "default_for_currency": "the first account is",
    "refund_application_fee": "there is no such fee",
    "error_on_requires_action": "this card asks for nothing",
    "return_url": "this card asks for nothing",
    "off_session": "this card asks for nothing",
}


@dataclass(frozen=True)
class Base:
    """A call that works; `{id}` in it is what `before` makes."""

    entry: str
    path: str
    form: Form
    before: tuple[str, Form] | None = None
    #: Values of parameters that a type alone does not give.
    known: Form = field(default_factory=dict)


BASES = [
    Base("PaymentIntentCreateParams", "payment_intents", PAY),
    Base("PaymentIntentCreateParams", "payment_intents", NOW),
    Base("PaymentIntentUpdateParams", "payment_intents/{id}", {}, ("payment_intents", PAY)),
    Base(
        "PaymentIntentConfirmParams",
        "payment_intents/{id}/confirm",
        {"payment_method": "pm_card_visa", "return_url": BACK},
        ("payment_intents", PAY),
    ),
    Base(
        "PaymentIntentCaptureParams",
        "payment_intents/{id}/capture",
        {},
        ("payment_intents", {**NOW, "capture_method": "manual"}),
    ),
    Base("PaymentIntentCancelParams", "payment_intents/{id}/cancel", {}, ("payment_intents", PAY)),
    Base("ChargeCreateParams", "charges", CHARGE),
    Base("ChargeUpdateParams", "charges/{id}", {}, ("charges", CHARGE)),
    Base(
        "ChargeCaptureParams",
        "charges/{id}/capture",
        {},
        ("charges", {**CHARGE, "capture": "false"}),
    ),
    Base("CustomerCreateParams", "customers", {}),
    Base("CustomerUpdateParams", "customers/{id}", {}, ("customers", {})),
    Base("PaymentMethodCreateParams", "payment_methods", CARD),
    Base("PaymentMethodUpdateParams", "payment_methods/{id}", {}, ("payment_methods", CARD)),
    Base(
        "checkout.SessionCreateParams",
        "checkout/sessions",
        {"line_items": {"0": {"price_data": TEA, "quantity": "1"}}, "success_url": BACK},
    ),
    Base("SetupIntentCreateParams", "setup_intents", {}),
    Base(
        "SetupIntentConfirmParams",
        "setup_intents/{id}/confirm",
        {"payment_method": "pm_card_visa", "return_url": BACK},
        ("setup_intents", {}),
    ),
    Base("ProductCreateParams", "products", {"name": "Tea"}),
    Base("ProductUpdateParams", "products/{id}", {}, ("products", {"name": "Tea"})),
    Base("PriceCreateParams", "prices", TEA),
    Base("PriceUpdateParams", "prices/{id}", {}, ("prices", TEA)),
    Base("PlanCreateParams", "plans", {"currency": "usd", "interval": "day", "amount": "5"}),
    Base("CouponCreateParams", "coupons", {"percent_off": "10"}),
    Base(
        "TaxRateCreateParams",
        "tax_rates",
        {"display_name": "VAT", "inclusive": "true", "percentage": "19"},
    ),
    Base("RefundCreateParams", "refunds", {"payment_intent": "{id}"}, ("payment_intents", NOW)),
    Base(
        "WebhookEndpointCreateParams",
        "webhook_endpoints",
        {"url": BACK, "enabled_events": {"0": "charge.failed"}},
    ),
    Base("TokenCreateParams", "tokens", {"card": NUMBER}),
    Base("TopupCreateParams", "topups", {"amount": "500", "currency": "usd"}),
    Base("AccountCreateParams", "accounts", {}),
    Base(
        "billing_portal.ConfigurationCreateParams",
        "billing_portal/configurations",
        {"features": {"invoice_history": {"enabled": "true"}}},
    ),
    Base(
        "identity.VerificationSessionCreateParams",
        "identity/verification_sessions",
        {"type": "document"},
    ),
    Base("reporting.ReportRunCreateParams", "reporting/report_runs", {"report_type": "balance.1"}),
]


def leaves(spec: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of all values below an entry of the table."""
    spec = params._resolved(spec)
    if isinstance(spec, dict):
        for name, below in spec.items():
            yield from leaves(below, (*above, name.rstrip("!?")))
    elif isinstance(spec, list) and spec[0] in ("l", "u"):
        kinds = [params._resolved(kind) for kind in spec[1:]]
        tables = [kind for kind in kinds if isinstance(kind, dict)]
        if spec[0] == "l":
            yield from leaves(kinds[0], (*above, "0"))
        elif tables:
            yield from leaves(tables[0], above)
        else:
            yield above
    else:
        yield above


def filled(spec: Any, path: tuple[str, ...], pick: int) -> Any:
    """A value that has the path's leaf, and beside it what is required; `pick` is 0 or -1."""
    spec = params._resolved(spec)
    if isinstance(spec, dict):
        found = {}
        for name, below in spec.items():
            bare = name.rstrip("!?")
            if path and bare == path[0]:
                found[bare] = filled(below, path[1:], pick)
            elif "!" in name:
                found[bare] = filled(below, (), pick)
        return found
    if isinstance(spec, list):
        kinds = [params._resolved(kind) for kind in spec[1:]]
        if spec[0] == "e":
            return kinds[pick]
        if spec[0] == "l":
            return {"0": filled(kinds[0], path[1:], pick)}
        tables = [kind for kind in kinds if isinstance(kind, dict)]
        return filled(tables[0] if path and tables else kinds[0], path, pick)
    simple: dict[str, list[Any]] = {"b": ["true", "false"], "i": ["7", "700"], "n": ["1.5", "2.5"]}
    return {"order": "7"} if spec == "m" else simple.get(spec, ["usd", "eur"])[pick]


def merged(form: Form, more: Form) -> Form:
    whole = dict(form)
    for name, value in more.items():
        old = whole.get(name)
        whole[name] = (
            merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
        )
    return whole


def outcome(base: Base, more: Form) -> str | None:
    """All that is kept after the call, ids made alike; None where it was refused."""
    with context() as books:
        form, path = json.dumps(merged(base.form, more)), base.path
        if base.before:
            made = _call(books, base.before[0], base.before[1])
            form, path = form.replace("{id}", made["id"]), path.replace("{id}", made["id"])
        try:
            _call(books, path, json.loads(form))
        except ApiError as refusal:
            if refusal.status >= 500:
                raise
            return None
        rows = books.engine.store.db.execute("SELECT body FROM objects ORDER BY seq").fetchall()
    return re.sub(r"(?<=_)[A-Za-z0-9]{14,}|\d{10}", "~", "\n".join(body for (body,) in rows))


def _call(books: DirectClient, path: str, form: Form) -> dict[str, Any]:
    def do(ctx: Context) -> dict[str, Any]:
        return call(ctx, "POST", f"/v1/{path}", "&".join(_flat(form)))

    return books.engine.work(do)


def swallowed(base: Base, paths: list[tuple[str, ...]]) -> list[str]:
    """The parameters that change nothing and are not refused."""
    plain, table = outcome(base, {}), params._table(base.entry)
    assert plain is not None, base
    return [
        "/".join(path)
        for path in paths
        if not SILENT.keys() & set(path)
        and all(outcome(base, filled(table, path, pick)) == plain for pick in (0, -1))
    ]


@pytest.mark.parametrize("base", BASES, ids=lambda base: f"{base.entry}-{len(base.form)}")
def test_no_parameter_vanishes(base: Base) -> None:
    paths = list(leaves(params._table(base.entry)))
    few = random.Random(base.entry).sample(paths, min(4, len(paths)))
    assert swallowed(base, few) == []


@pytest.mark.torture
@pytest.mark.parametrize("base", BASES, ids=lambda base: f"{base.entry}-{len(base.form)}")
def test_none_of_all_parameters_vanishes(base: Base) -> None:
    assert swallowed(base, list(leaves(params._table(base.entry)))) == []
