"""Orders about the account itself: other movements, late rows, rights, damage, other events."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from starlette.routing import Route

from core.emulator.resources import balance_movements, other_events, webhook_endpoints
from core.emulator.resources.balance import DAY, OTHERS, PAYMENTS
from core.emulator.resources.balance_movements import Movement
from core.emulator.resources.fees import Part
from core.emulator.runtime.engine import Engine
from core.emulator.simulation.counterparties import whole, word
from core.emulator.state import permissions, urls
from core.emulator.state.account_settings import FEE_PARTS
from core.emulator.state.errors import missing, refused
from core.emulator.state.object_damage import WAYS
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context, hidden, shown

_Body = dict[str, Any]
_Router = Callable[[str, str, Callable[..., _Body]], Route]
_CURRENCY = re.compile(r"[a-z]{3,4}")
_FIELDS = {
    *("type", "amount", "currency", "reporting_category", "balance_type", "source"),
    *("description", "fee_details", "available_in_days", "created"),
}


class AccountOrders:
    """The handlers of `/_control` that are about no payment, each a JSON object in and out."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def routes(self, route: _Router) -> list[Route]:
        return [
            route("/balance_transactions", "POST", self.movement),
            route("/late_rows", "POST", self.late_rows),
            route("/late_rows", "DELETE", self.clear_late_rows),
            route("/permissions", "GET", self.rights),
            route("/permissions", "POST", self.deny),
            route("/corrupt", "GET", self.damaged),
            route("/corrupt", "POST", self.corrupt),
            route("/corrupt", "DELETE", self.repair),
            route("/delete", "POST", self.delete),
            route("/thin_events", "POST", self.thin_event),
            route("/events", "POST", self.event),
        ]

    def movement(self, body: _Body) -> _Body:
        """`{"type", "amount", "currency", …}`: a row that no payment makes; the rows it wrote.

        `reporting_category` is needed for a type that is not known; `fee_details` are of
        `{"type", "amount", "description"?}`; `created` in the past lists the row late.
        """
        for name in body.keys() - _FIELDS:
            raise refused(f"Received unknown parameter: {name}", name, "parameter_unknown")
        wanted = self._movement(body)
        rows = self.engine.work(lambda ctx: balance_movements.write(ctx, wanted))
        return {"balance_transactions": [shown(row) for row in rows]}

    def _movement(self, body: _Body) -> Movement:
        kind, currency = word(body, "type"), word(body, "currency")
        if not _CURRENCY.fullmatch(currency):
            raise refused("currency must be three or four small letters", "currency")
        category = body.get("reporting_category") or balance_movements.CATEGORIES.get(kind)
        if not isinstance(category, str):
            raise refused(f"reporting_category is needed for {kind}", "reporting_category")
        balance_type = body.get("balance_type")
        if balance_type not in (None, PAYMENTS, *OTHERS):
            known = ", ".join((PAYMENTS, *OTHERS))
            raise refused(f"balance_type must be one of {known}", "balance_type")
        now = self.engine.clock.now_ms() // 1000
        days = whole(body, "available_in_days") if "available_in_days" in body else None
        created = whole(body, "created") if "created" in body else None
        if created is not None and not 0 < created <= now:
            raise refused("created must be a unix second in the past", "created")
        return Movement(
            type=kind,
            amount=whole(body, "amount"),
            currency=currency,
            category=category,
            balance_type=balance_type,
            source=word(body, "source") if body.get("source") is not None else None,
            description=word(body, "description") if body.get("description") else None,
            parts=[_part(part) for part in _list(body, "fee_details")],
            available_on=None if days is None else (now // DAY + days) * DAY,
            created=created,
        )

    def late_rows(self, body: _Body) -> _Body:
        """`{"seconds", "type"?, "reporting_category"?, "count"=1}`: rows listed so much later."""
        self.engine.late_rows.order(body)
        return {"late_rows": self.engine.late_rows.pending()}

    def clear_late_rows(self, query: _Body) -> _Body:
        """What waits is still listed in its time; no further rows wait."""
        self.engine.late_rows.clear()
        return {"late_rows": []}

    def rights(self, query: _Body) -> _Body:
        return {"denied": sorted(self.engine.denied), "known": permissions.names()}

    def deny(self, body: _Body) -> _Body:
        """`{"denied": ["rak_…"]}`: every key is restricted and lacks these rights; [] undoes."""
        names = _list(body, "denied")
        for name in names:
            if name not in permissions.names():
                raise refused(f"denied must be of {', '.join(permissions.names())}", "denied")
        self.engine.denied = frozenset(names)
        return self.rights({})

    def damaged(self, query: _Body) -> _Body:
        return {"damaged": self.engine.damage.pending(), "ways": WAYS}

    def corrupt(self, body: _Body) -> _Body:
        """`{"id", "patch"?, "remove"?, "replace"?, "way"?}`: how an object is answered from now."""
        self.engine.damage.order(body)
        return {"damaged": self.engine.damage.pending()}

    def repair(self, query: _Body) -> _Body:
        self.engine.damage.clear()
        return {"damaged": []}

    def delete(self, body: _Body) -> _Body:
        """`{"id"}`: the object is gone: 404, in no list, and no cursor."""
        target = word(body, "id")

        def do(ctx: Context) -> _Body:
            found = ctx.tx.find(target)
            if found is None:
                raise missing("object", target, "id")
            hidden(found)["gone"] = True
            ctx.tx.touch(found)
            ctx.tx.list_as(target, "gone")
            return {"id": target, "object": found["object"], "deleted": True}

        return self.engine.work(do)

    def thin_event(self, body: _Body) -> _Body:
        """`{"type", "related"?, "context"?, "url"?, "secret"?}`: a v2 event, delivered signed.

        To that address, or to every endpoint.
        """
        kind = word(body, "type")
        related = word(body, "related") if body.get("related") is not None else None
        context = word(body, "context") if body.get("context") is not None else None
        to = self.engine.endpoints
        if "url" in body:
            to = [self._endpoint(urls.checked(word(body, "url"), "url"), word(body, "secret"))]

        def do(ctx: Context) -> Obj:
            event = other_events.thin(ctx, kind, related, context)
            _deliver(ctx, event["id"], to)
            return event

        event = self.engine.work(do)
        self.engine.wake.set()
        return event

    def _endpoint(self, url: str, secret: str) -> Obj:
        """An endpoint that gets nothing but what is ordered; known before anything is sent."""
        for known in self.engine.endpoints:
            if known["url"] == url and hidden(known)["secret"] == secret:
                return known
        made = self.engine.work(lambda ctx: webhook_endpoints.make(ctx, url, [], secret))
        self.engine.reload_endpoints()
        return made

    def event(self, body: _Body) -> _Body:
        """`{"type", "object": id or {…}, "account"?, "livemode"?, "api_version"?}`, delivered."""
        kind, about = word(body, "type"), body.get("object")
        if not isinstance(about, (str, dict)):
            raise refused("object must be an id or an object", "object")
        names = ("account", "livemode", "api_version")
        more = {name: body[name] for name in names if name in body}
        return self.engine.work(lambda ctx: other_events.plain(ctx, kind, about, more))


def _deliver(ctx: Context, event_id: str, endpoints: list[Obj]) -> None:
    ctx.tx.db.executemany(
        "INSERT INTO deliveries (event, endpoint, due_ms, first_ms) VALUES (?, ?, ?, ?)",
        [(event_id, endpoint["id"], ctx.now_ms, ctx.now_ms) for endpoint in endpoints],
    )


def _list(body: _Body, name: str) -> list[Any]:
    value = body.get(name, [])
    if not isinstance(value, list):
        raise refused(f"{name} must be a list", name)
    return value


def _part(given: Any) -> Part:
    kind = given.get("type", "stripe_fee") if isinstance(given, dict) else None
    if kind not in ("stripe_fee", *FEE_PARTS):
        known = ", ".join(("stripe_fee", *FEE_PARTS))
        raise refused(f"the type of fee_details must be one of {known}", "fee_details")
    return Part(str(given.get("description") or kind), whole(given, "amount"), kind)
