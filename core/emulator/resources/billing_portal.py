"""Configurations and sessions of the customer portal: kept; there is no portal behind them."""

from __future__ import annotations

from typing import Any

from core.emulator.resources import records
from core.emulator.resources.records import Record
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context

_FEATURES: dict[str, dict[str, Any]] = {
    "customer_update": {"allowed_updates": [], "enabled": False},
    "invoice_history": {"enabled": False},
    "payment_method_update": {"enabled": False, "payment_method_configuration": None},
    "subscription_cancel": {
        "cancellation_reason": {"enabled": False, "options": []},
        "enabled": False,
        "mode": "at_period_end",
        "proration_behavior": "none",
    },
    "subscription_pause": {
        "duration": {"interval_options": [], "type": "indefinite"},
        "enabled": False,
    },
    "subscription_update": {
        "billing_cycle_anchor": None,
        "default_allowed_updates": [],
        "enabled": False,
        "products": None,
        "proration_behavior": "none",
        "schedule_at_period_end": {"conditions": []},
        "trial_update_behavior": "end_trial",
    },
}


def create_portal(ctx: Context, params: dict[str, Any]) -> Obj:
    """POST /v1/billing_portal/configurations: kept; there is no portal behind it."""
    login = params.get("login_page") or {}
    portal: Obj = {
        "id": ctx.ids.new("bpc"),
        "object": "billing_portal.configuration",
        "active": True,
        "application": None,
        "business_profile": _business(params),
        "created": ctx.now,
        "default_return_url": params.get("default_return_url"),
        "features": _features(params["features"], _FEATURES),
        "is_default": False,
        "livemode": False,
        "login_page": {"enabled": login.get("enabled", False), "url": None},
        "metadata": records.metadata(params),
        "name": params.get("name"),
        "updated": ctx.now,
    }
    return PORTAL.made(ctx, portal)


def _business(params: dict[str, Any]) -> dict[str, Any]:
    names = ("headline", "privacy_policy_url", "terms_of_service_url")
    given = params.get("business_profile") or {}
    return {name: given.get(name) for name in names}


def _features(given: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    return {name: _merged(below, given.get(name) or {}) for name, below in known.items()}


def _merged(known: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    return {
        **known,
        **{
            name: _merged(known.get(name) or {}, value) if isinstance(value, dict) else value
            for name, value in given.items()
        },
    }


def _change_portal(ctx: Context, portal: Obj, params: dict[str, Any]) -> None:
    if "business_profile" in params:
        portal["business_profile"] = {**portal["business_profile"], **params["business_profile"]}
    if "features" in params:
        portal["features"] = _features(params["features"], portal["features"])
    if "login_page" in params:
        portal["login_page"] = {**portal["login_page"], **params["login_page"]}


def create_portal_session(ctx: Context, params: dict[str, Any]) -> Obj:
    """POST /v1/billing_portal/sessions; its page is the account's default one."""
    customer = ctx.need("customer", params.get("customer") or "", "customer")
    wanted = params.get("configuration")
    if wanted:
        ctx.need("billing_portal.configuration", wanted, "configuration")
    session_id = ctx.ids.new("bps")
    session: Obj = {
        "id": session_id,
        "object": "billing_portal.session",
        "configuration": wanted or f"bpc_{ctx.account[5:]}",
        "created": ctx.now,
        "customer": customer["id"],
        "customer_account": None,
        "flow": None,
        "livemode": False,
        "locale": params.get("locale"),
        "on_behalf_of": None,
        "return_url": params.get("return_url"),
        "url": f"{ctx.base_url}/_hosted/portal/{session_id}",
    }
    ctx.tx.add(session)
    ctx.emit("billing_portal.session.created", session)
    return session


PORTAL = Record(
    "billing_portal.configuration",
    "billing_portal.configuration",
    ("active", "default_return_url", "name"),
    _change_portal,
)
