"""Webhook endpoints: where events are sent, which ones, and the secret that signs them."""

from __future__ import annotations

from typing import Any

from core.emulator.http.params import merged
from core.emulator.state import urls
from core.emulator.state.errors import ApiError
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context, hidden

_MOST = 16


def create(ctx: Context, params: dict[str, Any]) -> Obj:
    """POST /v1/webhook_endpoints: the only answer that shows the secret."""
    url = urls.checked(params["url"], "url")
    ctx.tx.flush()
    query = "SELECT count(*) FROM objects WHERE object = 'webhook_endpoint'"
    if ctx.tx.db.execute(query).fetchone()[0] >= _MOST:
        raise ApiError(f"You have reached the maximum of {_MOST} test webhook endpoints.")
    secret = f"whsec_{ctx.ids.token(32)}"
    endpoint = make(ctx, url, params["enabled_events"], secret)
    endpoint["api_version"] = params.get("api_version")
    endpoint["description"] = params.get("description")
    endpoint["metadata"] = merged({}, params.get("metadata") or {})
    return {**endpoint, "secret": secret}


def make(ctx: Context, url: str, enabled_events: list[str], secret: str) -> Obj:
    """A stored endpoint with a given secret."""
    endpoint: Obj = {
        "id": ctx.ids.new("we"),
        "object": "webhook_endpoint",
        "api_version": None,
        "application": None,
        "created": ctx.now,
        "description": None,
        "enabled_events": enabled_events,
        "livemode": False,
        "metadata": {},
        "status": "enabled",
        "url": url,
    }
    hidden(endpoint)["secret"] = secret
    return ctx.tx.add(endpoint)


def retrieve(ctx: Context, endpoint_id: str, params: dict[str, Any]) -> Obj:
    return ctx.need("webhook_endpoint", endpoint_id, in_path=True)


def update(ctx: Context, endpoint_id: str, params: dict[str, Any]) -> Obj:
    endpoint = ctx.need("webhook_endpoint", endpoint_id, in_path=True)
    if "url" in params:
        endpoint["url"] = urls.checked(params["url"], "url")
    if "disabled" in params:
        endpoint["status"] = "disabled" if params["disabled"] else "enabled"
    for name in ("enabled_events", "description"):
        if name in params:
            endpoint[name] = params[name]
    if "metadata" in params:
        endpoint["metadata"] = merged(endpoint["metadata"], params["metadata"])
    return ctx.tx.touch(endpoint)


def delete(ctx: Context, endpoint_id: str, params: dict[str, Any]) -> Obj:
    """DELETE /v1/webhook_endpoints/{id}; what was still to be sent there is dropped."""
    ctx.need("webhook_endpoint", endpoint_id, in_path=True)
    ctx.tx.flush()
    ctx.tx.db.execute(
        "UPDATE objects SET pending = pending - 1 WHERE id IN"
        " (SELECT event FROM deliveries WHERE endpoint = ?)",
        (endpoint_id,),
    )
    ctx.tx.db.execute("DELETE FROM deliveries WHERE endpoint = ?", (endpoint_id,))
    ctx.tx.forget(endpoint_id)
    return {"id": endpoint_id, "object": "webhook_endpoint", "deleted": True}


def wants(endpoint: Obj, kind: str) -> bool:
    """Whether the endpoint listens to events of this type."""
    if endpoint["status"] != "enabled":
        return False
    return any(name in ("*", kind) for name in endpoint["enabled_events"])
