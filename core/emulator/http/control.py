"""`/_control/*`: what tests and demos may do to the emulator that no Stripe client can."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from core.emulator.resources import balance, webhook_endpoints
from core.emulator.resources.payment_intents import attempt
from core.emulator.runtime.background import Background
from core.emulator.runtime.engine import Engine
from core.emulator.simulation import hard_cases, history
from core.emulator.simulation.account_orders import AccountOrders
from core.emulator.simulation.counterparties import Counterparties, whole
from core.emulator.simulation.traffic import Traffic
from core.emulator.state.errors import ApiError, refused
from core.emulator.state.store import dump
from core.emulator.state.unit_of_work import Context, hidden, shown

#: What `settle` looks ahead: rows of charges, test-card disputes, slow debits.
_SOON_MS = 15_000
_LATEST_MS = 4_102_444_800_000
_MOST_DAYS = 400
_Body = dict[str, Any]


class Control:
    """The handlers, each a JSON object in and out."""

    def __init__(self, engine: Engine, background: Background) -> None:
        self.engine = engine
        self.background = background
        self.traffic = Traffic(engine)
        self.others = Counterparties(engine)
        self.account = AccountOrders(engine)

    def routes(self) -> list[Route]:
        return [
            self._route("/state", "GET", self.state),
            self._route("/labels", "GET", self.labels),
            self._route("/clock", "POST", self.clock),
            self._route("/settle", "POST", self.settle),
            self._route("/faults", "POST", self.faults),
            self._route("/faults", "DELETE", self.clear_faults),
            self._route("/webhooks", "POST", self.webhooks),
            self._route("/traffic", "POST", self.run_traffic),
            self._route("/trickle", "POST", self.trickle),
            Route("/history", self.write_history, methods=["POST"]),
            self._route("/payment_intents/{id}/authenticate", "POST", self.authenticate),
            self._route("/hard_cases", "GET", self.hard_cases),
            self._route("/hard_cases", "POST", self.run_hard_cases),
            self._route("/stripecli", "GET", self.cli_answers),
            *self.others.routes(self._route),
            *self.account.routes(self._route),
        ]

    def _route(self, path: str, method: str, do: Callable[..., _Body]) -> Route:
        async def endpoint(request: Request) -> Response:
            try:
                body = await _json(request) if method == "POST" else dict(request.query_params)
                answer = await run_in_threadpool(do, body, **request.path_params)
                return JSONResponse(answer)
            except ApiError as refusal:
                return JSONResponse({"error": refusal.error}, refusal.status)

        return Route(path, endpoint, methods=[method])

    def state(self, body: _Body) -> _Body:
        """Counts by object, what waits, the clock and the standing faults."""
        engine, db = self.engine, self.engine.store.db
        with engine.store.lock:
            counts = dict(db.execute("SELECT object, count(*) FROM objects GROUP BY object"))
            waiting = {
                name: db.execute(f"SELECT count(*) FROM {name}").fetchone()[0]  # noqa: S608
                for name in ("tasks", "deliveries", "labels")
            }
        return {
            "account": engine.account,
            "seed": engine.seed,
            "now": engine.clock.now_ms() // 1000,
            "frozen": engine.clock.frozen,
            "objects": counts,
            **waiting,
            "faults": engine.faults.pending(),
            "webhooks": vars(self.background.options),
        }

    def cli_answers(self, body: _Body) -> _Body:
        """What receivers behind `stripe listen` answered, oldest first."""
        return {"answers": list(self.engine.cli.answers)}

    def labels(self, body: _Body) -> _Body:
        """What the history generator knows about its payments, by payment intent id."""
        with self.engine.store.lock:
            rows = self.engine.store.db.execute("SELECT id, label, detail FROM labels").fetchall()
        return {"labels": {i: {"label": label, **json.loads(more)} for i, label, more in rows}}

    def clock(self, body: _Body) -> _Body:
        """`{"advance_seconds": n}`, `{"advance_days": n}` or `{"now": unix}`; `"frozen": bool`."""
        engine = self.engine
        now = engine.clock.now_ms()
        target = now
        if "now" in body:
            target = whole(body, "now") * 1000
        elif "advance_seconds" in body:
            target = now + whole(body, "advance_seconds") * 1000
        elif "advance_days" in body:
            days = whole(body, "advance_days")
            if not 0 <= days <= _MOST_DAYS:
                raise refused(f"advance_days must be 0 to {_MOST_DAYS}", "advance_days")
            target = now + days * balance.DAY * 1000
        if not 0 <= target <= _LATEST_MS:
            raise refused("The clock goes from 1970 to 2100.", "now")
        if target > now:
            engine.run_due(target, travel=True)
        with engine.store.lock:
            engine.clock.set(target, frozen=body.get("frozen"))
        engine.wake.set()
        return {"now": engine.clock.now_ms() // 1000, "frozen": engine.clock.frozen}

    def settle(self, body: _Body) -> _Body:
        """Run what is due within seconds, without moving the clock."""
        return {"done": self.engine.run_due(self.engine.clock.now_ms() + _SOON_MS)}

    def faults(self, body: _Body) -> _Body:
        self.engine.faults.order(body)
        return {"faults": self.engine.faults.pending()}

    def clear_faults(self, body: _Body) -> _Body:
        self.engine.faults.clear()
        return {"faults": []}

    def webhooks(self, body: _Body) -> _Body:
        """`{"paused", "duplicate", "shuffle"}`; with `{"url", "secret"}` registers an endpoint."""
        options = self.background.options
        if "url" in body:
            self.add_webhook(str(body["url"]), str(body.get("secret") or ""))
        if "paused" in body:
            options.paused = bool(body["paused"])
        if "shuffle" in body:
            options.shuffle = bool(body["shuffle"])
        if "duplicate" in body:
            options.duplicate = max(1, min(5, whole(body, "duplicate")))
        self.engine.wake.set()
        return vars(options)

    def add_webhook(self, url: str, secret: str) -> None:
        """Register an endpoint for all events with a given secret; again changes nothing."""
        if not secret:
            raise refused("An endpoint needs a secret.", "secret")

        def do(ctx: Context) -> None:
            for endpoint in self.engine.endpoints:
                if endpoint["url"] == url and hidden(endpoint)["secret"] == secret:
                    return
            webhook_endpoints.make(ctx, url, ["*"], secret)

        self.engine.work(do)
        self.engine.reload_endpoints()

    def authenticate(self, body: _Body, id: str) -> _Body:  # noqa: A002 (the path's name)
        """`{"outcome": "succeed"|"fail"}`: the customer answers the challenge or redirect."""
        outcome = body.get("outcome")
        if outcome not in ("succeed", "fail"):
            raise refused("outcome must be succeed or fail", "outcome")
        return shown(
            self.engine.work(
                lambda ctx: attempt.authenticate(ctx, id, succeed=outcome == "succeed")
            )
        )

    def hard_cases(self, body: _Body) -> _Body:
        return {"cases": list(hard_cases.CASES)}

    def run_hard_cases(self, body: _Body) -> _Body:
        """`{"names"?, "unit_seconds"=3600, "seed"=1}`: cases now; their steps come so far apart.

        All of them without names. `{"cases": {name: [ids of what it made]}}`.
        """
        body = {"names": True, "unit_seconds": 3_600, "seed": 1, **body}
        names, seed = chosen(body["names"], "names"), whole(body, "seed")
        unit_ms = whole(body, "unit_seconds") * 1000
        if unit_ms < 0:
            raise refused("unit_seconds must not be negative", "unit_seconds")

        def do(ctx: Context) -> _Body:
            return {
                "cases": {
                    name: hard_cases.run(ctx, name, f"{seed}:{name}", unit_ms) for name in names
                }
            }

        return self.engine.work(do)

    def run_traffic(self, body: _Body) -> _Body:
        """`{"payments": n, "seed"?}`: so many purchases now."""
        seed = whole(body, "seed") if "seed" in body else None
        payments = whole(body, "payments")
        return {"payments": payments, "succeeded": self.traffic.run(payments, seed)}

    def trickle(self, body: _Body) -> _Body:
        """`{"per_minute": n}`: purchases in the background; 0 stops them."""
        per_minute = whole(body, "per_minute")
        if not 0 <= per_minute <= 6000:
            raise refused("per_minute must be between 0 and 6000", "per_minute")
        self.traffic.trickle(per_minute)
        return {"per_minute": per_minute}

    async def write_history(self, request: Request) -> Response:
        """`{"days", "per_day", "seed", "hard"}`: streams `{"done", "total"}` while it writes.

        `hard`: true for every hard case, or a list of their names.
        """
        try:
            body = {"days": 60, "per_day": 150, "seed": 1, **await _json(request)}
            hard = chosen(body.get("hard", False))
            days, per_day, seed = (whole(body, name) for name in ("days", "per_day", "seed"))
            if not (1 <= days <= 3650 and 1 <= per_day <= 1_000_000):
                raise refused("days must be 1 to 3650, per_day 1 to 1000000", "days")
        except ApiError as refusal:
            return JSONResponse({"error": refusal.error}, refusal.status)

        def lines() -> Iterator[str]:
            for progress in history.write(self.engine, days, per_day, seed, hard=hard):
                yield dump(progress) + "\n"
            self.traffic.forget()

        return StreamingResponse(lines(), media_type="application/x-ndjson")


def chosen(wanted: Any, name: str = "hard") -> list[str]:
    """The hard cases of an order: true for all, false for none, or their names."""
    if isinstance(wanted, bool):
        return list(hard_cases.CASES) if wanted else []
    if not isinstance(wanted, list) or any(case not in hard_cases.CASES for case in wanted):
        raise refused(f"{name} must be true, false or of {', '.join(hard_cases.CASES)}", name)
    return wanted


async def _json(request: Request) -> _Body:
    raw = await request.body()
    try:
        body = json.loads(raw or b"{}")
    except (ValueError, RecursionError) as reason:
        raise refused("The body must be JSON.") from reason
    if not isinstance(body, dict):
        raise refused("The body must be a JSON object.")
    return body
