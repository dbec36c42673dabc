"""What a server hands to a customer's browser or telephone: sessions and short-lived keys."""

from __future__ import annotations

from typing import Any

from core.emulator.resources.records import Record
from core.emulator.state.errors import refused
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context

_SESSION_S, _KEY_S = 1800, 3600
_REDISPLAY = ["always"]
#: Component → its features where it has any, as they are unless asked otherwise.
_COMPONENTS: dict[str, dict[str, Any] | None] = {
    "active_entitlements": None,
    "buy_button": None,
    "customer_portal": None,
    "customer_sheet": {
        "payment_method_allow_redisplay_filters": _REDISPLAY,
        "payment_method_remove": "disabled",
    },
    "mobile_payment_element": {
        "payment_method_allow_redisplay_filters": _REDISPLAY,
        "payment_method_redisplay": "disabled",
        "payment_method_remove": "disabled",
        "payment_method_save": "disabled",
        "payment_method_save_allow_redisplay_override": None,
    },
    "payment_element": {
        "payment_method_allow_redisplay_filters": _REDISPLAY,
        "payment_method_redisplay": "disabled",
        "payment_method_redisplay_limit": None,
        "payment_method_remove": "disabled",
        "payment_method_save": "disabled",
        "payment_method_save_usage": None,
    },
    "pricing_table": None,
}


def create_session(ctx: Context, params: dict[str, Any]) -> Obj:
    """POST /v1/customer_sessions: not kept, since no page of Stripe's asks for it here."""
    if not params.get("customer"):
        raise refused("Missing required param: customer.", "customer", "parameter_missing")
    customer = ctx.need("customer", params["customer"], "customer")
    asked = params["components"]
    if not any(asked[name]["enabled"] for name in asked):
        raise refused("You must enable at least one component.", "components")
    return {
        "object": "customer_session",
        "client_secret": f"cuss_secret_{ctx.ids.token(48)}",
        "components": {
            name: _component(asked.get(name), features) for name, features in _COMPONENTS.items()
        },
        "created": ctx.now,
        "customer": customer["id"],
        "customer_account": None,
        "expires_at": ctx.now + _SESSION_S,
        "livemode": False,
    }


def _component(given: dict[str, Any] | None, features: dict[str, Any] | None) -> dict[str, Any]:
    shown: dict[str, Any] = {"enabled": bool(given and given["enabled"])}
    if features is not None:
        told = (given or {}).get("features") or {}
        shown["features"] = {**features, **told} if shown["enabled"] else None
    return shown


def create_key(ctx: Context, params: dict[str, Any]) -> Obj:
    """POST /v1/ephemeral_keys for a customer or an identity check."""
    named = [name for name in ("customer", "verification_session") if params.get(name)]
    if len(named) != 1:
        raise refused("You must pass one of `customer` and `verification_session`.", "customer")
    kinds = {"verification_session": "identity.verification_session"}
    kind = kinds.get(named[0], named[0])
    owner = ctx.need(kind, params[named[0]], named[0])
    key: Obj = {
        "id": ctx.ids.new("ephkey"),
        "object": "ephemeral_key",
        "associated_objects": [{"id": owner["id"], "type": kind}],
        "created": ctx.now,
        "expires": ctx.now + _KEY_S,
        "livemode": False,
        "secret": f"ek_test_{ctx.ids.token(64)}",
    }
    return ctx.tx.add(key)


def delete_key(ctx: Context, key_id: str, params: dict[str, Any]) -> Obj:
    """DELETE /v1/ephemeral_keys/{id}: expired at once; the key itself is answered."""
    key = ctx.need("ephemeral_key", key_id, in_path=True)
    Record("ephemeral_key").delete(ctx, key_id, params)
    return {**key, "expires": ctx.now, "secret": None}
