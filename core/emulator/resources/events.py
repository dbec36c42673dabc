"""Events: what happened, kept for 30 days, listed by type and by delivery."""

from __future__ import annotations

from typing import Any

from core.emulator.resources import lists
from core.emulator.resources.balance import DAY
from core.emulator.state.errors import missing, refused
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context

RETENTION_S = 30 * DAY


def list_events(ctx: Context, params: dict[str, Any]) -> Obj:
    """GET /v1/events with `type` (`charge.*` too), `types[]` (up to 20), `delivery_success`."""
    where: list[tuple[str, Any]] = [("created >= ?", ctx.now - RETENTION_S)]
    kind, kinds = params.get("type"), params.get("types")
    if kind and kinds:
        raise refused("You may pass either `type` or `types`, but not both.", "types")
    if kinds and len(kinds) > 20:
        raise refused("You may pass up to 20 types.", "types")
    if kind and kind.endswith("*"):
        where.append(("type GLOB ?", "".join(c for c in kind[:-1] if c not in "[]?*") + "*"))
    elif kind:
        where.append(("type = ?", kind))
    elif kinds:
        where.append((f"type IN ({','.join('?' * len(kinds))})", list(kinds)))
    if params.get("delivery_success") is True:
        where.append(("pending <= ?", 0))
    elif params.get("delivery_success") is False:
        where.append(("pending > ?", 0))
    return lists.page(ctx, "event", "/v1/events", params, where=where)


def retrieve(ctx: Context, event_id: str, params: dict[str, Any]) -> Obj:
    event = ctx.need("event", event_id, in_path=True)
    if event["created"] < ctx.now - RETENTION_S:
        raise missing("event", event_id, "id", in_path=True)
    return event


def retry(ctx: Context, event_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/events/{id}/retry, as Stripe's CLI asks: sends it again, to one endpoint or all."""
    event = retrieve(ctx, event_id, params)
    wanted = params.get("webhook_endpoint")
    params.get("account")  # there is one account
    if wanted:
        ctx.need("webhook_endpoint", wanted, "webhook_endpoint")
    to_cli = bool(params.get("for_stripecli"))
    if ctx.resend:
        ctx.resend(ctx, event, wanted, to_cli)
    return event
