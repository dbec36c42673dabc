"""Checkout Sessions: create, read, update, expire; the customer's part is in `checkout_payments`.

Of Checkout this emulates `mode=payment` on the hosted page with inline prices. What would change
the money or the page and is not emulated is refused by name.
"""

from __future__ import annotations

from typing import Any

from core.emulator.http.params import merged
from core.emulator.resources import amounts, checkout_items, lists, payment_methods
from core.emulator.resources.payment_intents import api as payment_intents
from core.emulator.state import urls
from core.emulator.state.errors import ApiError, refused
from core.emulator.state.store import Obj
from core.emulator.state.tasks import Task
from core.emulator.state.unit_of_work import Context, hidden

_LEAST_S, _MOST_S = 1_800, 86_400
_NOT_EMULATED = (
    "after_expiration",
    "automatic_tax",
    "custom_fields",
    "discounts",
    "invoice_creation",
    "optional_items",
    "shipping_address_collection",
    "tax_id_collection",
)
_ECHOED = (
    "allow_promotion_codes",
    "billing_address_collection",
    "cancel_url",
    "client_reference_id",
    "consent_collection",
    "customer",
    "customer_email",
    "integration_identifier",
    "locale",
    "origin_context",
    "submit_type",
    "success_url",
)
_TYPES = payment_methods.DYNAMIC
#: Of `payment_intent_data`, what the intent is made with.
_INTENT_DATA = (
    *("capture_method", "description", "metadata", "receipt_email", "setup_future_usage"),
    *("shipping", "statement_descriptor", "statement_descriptor_suffix", "transfer_group"),
)


def create(ctx: Context, params: dict[str, Any]) -> Obj:
    """POST /v1/checkout/sessions."""
    _check(params)
    items = checkout_items.line_items(ctx, params.get("line_items") or [])
    currency = items[0]["currency"]
    if str(params.get("currency", currency)).lower() != currency:
        raise refused(f"The prices are in {currency}.", "currency")
    if params.get("customer"):
        ctx.need("customer", params["customer"], "customer")
    session = _blank(ctx, params, currency)
    session["amount_subtotal"] = sum(item["amount_total"] for item in items)
    rates = checkout_items.shipping_rates(ctx, params.get("shipping_options") or [], currency)
    session["shipping_options"] = [
        {"shipping_amount": rate["fixed_amount"]["amount"], "shipping_rate": rate["id"]}
        for rate in rates
    ]
    checkout_items.ship_by(session, rates[0] if rates else None)
    if session["amount_total"]:
        amounts.charge_amount(session["amount_total"], currency, "line_items")
    hidden(session)["line_items"] = items
    data = params.get("payment_intent_data") or {}
    hidden(session)["intent"] = {name: data[name] for name in _INTENT_DATA if name in data}
    hidden(session)["email"] = params.get("customer_email")
    ctx.later(
        (session["expires_at"] - ctx.now) * 1000,
        Task.EXPIRE_CHECKOUT_SESSION,
        session=session["id"],
    )
    ctx.tx.add(session)
    if params.get("intent_at_once") and session["amount_total"]:
        begin(ctx, session)
    return session


def begin(ctx: Context, session: Obj) -> Obj:
    """Make the session's intent."""
    given: dict[str, Any] = dict(hidden(session)["intent"])
    if session["customer"]:
        given["customer"] = session["customer"]
    intent = payment_intents.create(
        ctx,
        {
            **given,
            "amount": session["amount_total"],
            "currency": session["currency"],
            "payment_method_options": session["payment_method_options"],
        },
    )
    intent["payment_method_types"] = session["payment_method_types"]
    hidden(intent)["checkout"] = session["id"]
    session["payment_intent"] = intent["id"]
    return intent


def _check(params: dict[str, Any]) -> None:
    mode, page = params.get("mode", "payment"), params.get("ui_mode", "hosted_page")
    if mode != "payment":
        raise refused(f"The emulator's Checkout takes payments only, not `{mode}`.", "mode")
    if page != "hosted_page":
        raise refused(f"The emulator's Checkout has a hosted page only, not `{page}`.", "ui_mode")
    for name in _NOT_EMULATED:
        given = params.get(name)
        if given and not (isinstance(given, dict) and given.get("enabled") is False):
            raise refused(f"The emulator's Checkout does not have `{name}`.", name)
    if "success_url" not in params:
        raise refused("Missing required param: success_url.", "success_url", "parameter_missing")
    for name in ("success_url", "cancel_url"):
        if name in params:
            urls.checked(params[name], name)
    if params.get("customer") and params.get("customer_email"):
        raise refused(
            "You may only specify one of these parameters: customer, customer_email.", "customer"
        )
    email = params.get("customer_email")
    if email is not None and "@" not in email:
        raise refused(f"Invalid email address: {email[:200]}", "customer_email", "email_invalid")


def _expires_at(ctx: Context, params: dict[str, Any]) -> int:
    at: int = params.get("expires_at", ctx.now + _MOST_S)
    if at < ctx.now + _LEAST_S:
        raise refused(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session"
            " creation.",
            "expires_at",
        )
    if at > ctx.now + _MOST_S:
        raise refused(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
            "expires_at",
        )
    return at


#: What this Checkout does not have, or not before the customer came.
_NULL = (
    "after_expiration",
    "client_secret",
    "collected_information",
    "consent",
    "currency_conversion",
    "customer_account",
    "invoice",
    "invoice_creation",
    "payment_intent",
    "payment_link",
    "permissions",
    "recovered_from",
    "saved_payment_method_options",
    "setup_intent",
    "shipping_address_collection",
    "subscription",
    "wallet_options",
)
_TEXTS = ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")


def _blank(ctx: Context, params: dict[str, Any], currency: str) -> Obj:
    session_id = f"cs_test_a1{ctx.ids.token(32)}{ctx.ids.token(24)}"
    guest = not params.get("customer")
    email = params.get("customer_email")
    texts = params.get("custom_text") or {}
    return {
        "id": session_id,
        "object": "checkout.session",
        **dict.fromkeys((*_NULL, *_ECHOED)),
        **{name: params[name] for name in _ECHOED if name in params},
        "adaptive_pricing": {"enabled": False},
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "created": ctx.now,
        "currency": currency,
        "custom_fields": [],
        "custom_text": {name: texts.get(name) for name in _TEXTS},
        "customer_creation": params.get("customer_creation", "if_required") if guest else None,
        "customer_details": person(email=email, tax_exempt="none") if email else None,
        "discounts": [],
        "expires_at": _expires_at(ctx, params),
        "livemode": False,
        "metadata": merged({}, params.get("metadata") or {}),
        "mode": "payment",
        "payment_method_collection": params.get("payment_method_collection", "if_required"),
        "payment_method_configuration_details": {"id": "pmc_tillwatch", "parent": None},
        **_methods(params, currency),
        "payment_status": "unpaid",
        "phone_number_collection": {"enabled": False},
        "status": "open",
        "ui_mode": "hosted_page",
        "url": f"{ctx.base_url}/_hosted/checkout/{session_id}",
    }


def _methods(params: dict[str, Any], currency: str) -> dict[str, Any]:
    """The ways to pay that the session offers."""
    allowed = params.get("payment_method_types") or params.get("allowed_payment_method_types")
    excluded = params.get("excluded_payment_method_types") or []
    card = (params.get("payment_method_options") or {}).get("card") or {}
    asked = card.get("request_three_d_secure", "automatic")
    return {
        "allowed_payment_method_types": allowed,
        "excluded_payment_method_types": excluded or None,
        "payment_method_options": {"card": {"request_three_d_secure": asked}},
        "payment_method_types": [
            kind
            for kind in _TYPES
            if kind not in excluded
            and (allowed is None or kind in allowed)
            and currency in payment_methods.CURRENCIES.get(kind, (currency,))
        ],
    }


def person(**known: Any) -> dict[str, Any]:
    """`customer_details` with what is known of the customer."""
    names = ("address", "business_name", "email", "individual_name", "name", "phone", "tax_exempt")
    return {**dict.fromkeys(names), "tax_ids": None, **known}


def retrieve(ctx: Context, session_id: str, params: dict[str, Any]) -> Obj:
    return ctx.need("checkout.session", session_id, in_path=True)


def list_sessions(ctx: Context, params: dict[str, Any]) -> Obj:
    """GET /v1/checkout/sessions."""
    where: list[tuple[str, Any]] = []
    if params.get("customer_details"):
        where.append(("email = ?", params["customer_details"]["email"]))
    if params.get("payment_link") or params.get("subscription"):
        where.append(("0 = ?", 1))  # no session here has either
    filters = ["customer", "payment_intent", "status"]
    url = "/v1/checkout/sessions"
    return lists.page(ctx, "checkout.session", url, params, filters=filters, where=where)


def list_line_items(ctx: Context, session_id: str, params: dict[str, Any]) -> Obj:
    """GET /v1/checkout/sessions/{id}/line_items."""
    session = ctx.need("checkout.session", session_id, in_path=True)
    url = f"/v1/checkout/sessions/{session_id}/line_items"
    return lists.part(ctx, "item", url, params, hidden(session)["line_items"])


def update(ctx: Context, session_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/checkout/sessions/{id}: metadata."""
    session = ctx.need("checkout.session", session_id, in_path=True)
    for name in params.keys() - {"metadata", "expand"}:
        raise refused(f"The emulator's Checkout does not change `{name}`.", name)
    if "metadata" in params:
        session["metadata"] = merged(session["metadata"], params["metadata"])
    return ctx.tx.touch(session)


def expire(ctx: Context, session_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/checkout/sessions/{id}/expire."""
    session = ctx.need("checkout.session", session_id, in_path=True)
    if session["status"] != "open":
        raise ApiError(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout'
            f" Session has a status of `{session['status']}`."
        )
    return end(ctx, session)


def expire_by_itself(ctx: Context, session: str) -> None:
    """Its time is over; nothing where somebody paid or expired it."""
    found = ctx.need("checkout.session", session)
    if found["status"] == "open":
        end(ctx, found)


def end(ctx: Context, session: Obj) -> Obj:
    """No longer to be paid; a payment that was begun is canceled."""
    session["status"], session["url"] = "expired", None
    if session["payment_intent"]:
        intent = ctx.need("payment_intent", session["payment_intent"])
        if intent["status"] in ("requires_payment_method", "requires_action"):
            payment_intents.end(ctx, intent, "automatic")
    ctx.emit("checkout.session.expired", session)
    return ctx.tx.touch(session)
