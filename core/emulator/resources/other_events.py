"""Events of other kinds, on order: thin ones (API v2), of connected accounts, of the other mode."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from core.emulator.resources.lists import RANGES
from core.emulator.state.errors import missing, refused
from core.emulator.state.store import Obj, dump
from core.emulator.state.unit_of_work import Context, shown

#: Kind of object → where its id stands in an address of the API.
_URLS = {
    "balance_transaction": "/v1/balance_transactions/{id}",
    "charge": "/v1/charges/{id}",
    "checkout.session": "/v1/checkout/sessions/{id}",
    "coupon": "/v1/coupons/{id}",
    "customer": "/v1/customers/{id}",
    "dispute": "/v1/disputes/{id}",
    "payment_intent": "/v1/payment_intents/{id}",
    "payment_link": "/v1/payment_links/{id}",
    "payment_method": "/v1/payment_methods/{id}",
    "payout": "/v1/payouts/{id}",
    "price": "/v1/prices/{id}",
    "product": "/v1/products/{id}",
    "promotion_code": "/v1/promotion_codes/{id}",
    "refund": "/v1/refunds/{id}",
    "review": "/v1/reviews/{id}",
    "setup_intent": "/v1/setup_intents/{id}",
    "transfer": "/v1/transfers/{id}",
}


def has_address(ctx: Context, obj: Obj) -> bool:
    """Whether a thin event can name the object."""
    return obj["object"] in _URLS and ctx.tx.find(obj["id"]) is not None


def thin(ctx: Context, kind: str, related: str | None, context: str | None) -> Obj:
    """A thin event: it names its object and says nothing of it. Kept for reading by id."""
    named = None
    if related is not None:
        found = ctx.tx.find(related)
        if found is None or found["object"] not in _URLS:
            raise missing("object", related, "related")
        url = _URLS[found["object"]].format(id=related)
        named = {"id": related, "type": found["object"], "url": url}
    body: Obj = {
        "id": ctx.ids.new("evt"),
        "object": "v2.core.event",
        "context": context,
        "created": datetime.fromtimestamp(ctx.now_ms / 1000, UTC).strftime(
            "%Y-%m-%dT%H:%M:%S.000Z"
        ),
        "livemode": False,
        "reason": None,
        "type": kind,
    }
    if named is not None:
        body["related_object"] = named
    ctx.tx.add_event(body["id"], ctx.now, kind, dump(body), 0, listed_as="v2.core.event")
    return body


def plain(ctx: Context, kind: str, obj: dict[str, Any] | str, more: dict[str, Any]) -> Obj:
    """An event of today about an object that exists (its id) or that the order brings."""
    about: dict[str, Any]
    if isinstance(obj, str):
        found = ctx.tx.find(obj)
        if found is None:
            raise missing("object", obj, "object")
        about = shown(found)
    else:
        about = obj
    body: Obj = {
        "id": ctx.ids.new("evt"),
        "object": "event",
        "api_version": ctx.switches.api_version,
        "created": ctx.now,
        "data": {"object": about},
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
        **more,
    }
    ctx.keep_event(body)
    return body


def page(ctx: Context, params: dict[str, Any]) -> Obj:
    """GET /v2/core/events: thin events, newest first, pages by number of events to pass over."""
    limit, start = params.get("limit", 20), params.get("page") or "0"
    if not 1 <= limit <= 100 or not start.isdecimal():
        raise refused("limit is 1 to 100, and page is of an earlier answer.", "limit")
    ctx.tx.flush()
    conditions, values = ["object = 'v2.core.event'"], []
    for name, time in (params.get("created") or {}).items():
        conditions.append(f"json_extract(body, '$.created') {RANGES[name]} ?")
        values.append(time)
    if about := params.get("object_id"):
        conditions.append("json_extract(body, '$.related_object.id') = ?")
        values.append(about)
    if types := params.get("types"):
        conditions.append(f"type IN ({','.join('?' * len(types))})")
        values.extend(types)
    rows = ctx.tx.db.execute(
        f"SELECT pending, body FROM objects WHERE {' AND '.join(conditions)}"  # noqa: S608
        " ORDER BY created DESC, seq DESC LIMIT ? OFFSET ?",
        (*values, limit + 1, int(start)),
    ).fetchall()
    filters = [(name, params[name]) for name in ("created", "object_id", "types") if name in params]
    return {
        "data": [shown(event) for event in ctx.tx.keep_rows(rows[:limit])],
        "next_page_url": _address(filters, limit, int(start) + limit) if rows[limit:] else None,
        "previous_page_url": _address(filters, limit, int(start) - limit) if int(start) else None,
    }


def _address(filters: Sequence[tuple[str, Any]], limit: int, start: int) -> str:
    given: list[tuple[str, Any]] = [("limit", limit), ("page", max(0, start))]
    for name, value in filters:
        if isinstance(value, dict):
            given += [(f"{name}[{key}]", below) for key, below in value.items()]
        elif isinstance(value, list):
            given += [(f"{name}[{i}]", below) for i, below in enumerate(value)]
        else:
            given.append((name, value))
    return f"/v2/core/events?{urlencode(given)}"


def retrieve(ctx: Context, event_id: str, params: dict[str, Any]) -> Obj:
    """GET /v2/core/events/{id}."""
    return ctx.need("v2.core.event", event_id, in_path=True)
