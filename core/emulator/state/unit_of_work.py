"""What every domain function works with: the unit of work, the time, ids, tasks and events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core.emulator.resources.late_balance_transactions import LateRows
from core.emulator.state.account_settings import Switches
from core.emulator.state.errors import missing
from core.emulator.state.ids import Ids
from core.emulator.state.store import Obj, Tx, dump
from core.emulator.state.tasks import Task
from core.emulator.state.uploads import Upload
from core.emulator.state.versions import API_VERSION

_NOUNS = {
    "payment_intent": ("payment_intent", "intent"),
    "radar.early_fraud_warning": ("early_fraud_warning", "early_fraud_warning"),
    "payment_method": ("PaymentMethod", "payment_method"),
    "dispute": ("dispute", "dispute"),
    "file": ("file upload", "file"),
    "file_link": ("file link", "link"),
    "checkout.session": ("checkout.session", "session"),
}


@dataclass
class Context:
    """One request, task or simulated moment. Times are unix: `now` in seconds, `now_ms` finer."""

    tx: Tx
    ids: Ids
    now_ms: int
    #: (due in unix ms, name of a task, args): run it later.
    schedule: Callable[[int, str, dict[str, Any]], None]
    #: Called with each event before it is written; returns how many will get it.
    announce: Callable[[Context, dict[str, Any]], int]
    account: str
    base_url: str = ""
    #: The API version of this request: its header's, or the account's.
    version: str = API_VERSION
    #: What happens to money follows the older of the request's version and the account's.
    ledger_version: str = API_VERSION
    #: Says an object as a version says it: (context, version, object).
    answer_at: Callable[[Context, str, Obj], Obj] | None = None
    switches: Switches = field(default_factory=Switches)
    late_rows: LateRows = field(default_factory=LateRows)
    #: What the restricted key of a request may not do.
    denied: frozenset[str] = frozenset()
    request_id: str | None = None
    idempotency_key: str | None = None
    #: Events older than this unix second are not kept (Stripe keeps 30 days).
    events_since: int = 0
    #: Sends an event again: (context, event, an endpoint or None for all, to the CLI alone).
    resend: Callable[[Context, dict[str, Any], str | None, bool], None] | None = None
    #: Opens a session of Stripe's CLI; what it is answered.
    open_session: Callable[[dict[str, Any]], dict[str, Any]] = dict
    #: Told of what happens to an intent that a Checkout Session made: (context, event, intent).
    on_checkout_intent: Callable[[Context, str, Obj], None] | None = None
    #: In simulated history, customers pass every redirect and challenge at once.
    unattended: bool = False
    script: dict[str, Any] = field(default_factory=dict)
    #: The file that came with the request.
    upload: Upload | None = None

    @property
    def now(self) -> int:
        return self.now_ms // 1000

    def later(self, delay_ms: int, task: Task, **args: Any) -> None:
        """Run a task after a delay; `args` are what its function takes beside the context."""
        self.schedule(self.now_ms + delay_ms, str(task), args)

    def need(self, kind: str, object_id: str, param: str = "", *, in_path: bool = False) -> Obj:
        """The object of that kind; `resource_missing` as Stripe says it."""
        found = self.tx.find(object_id) if object_id else None
        # What was deleted on order is still there for what goes on by itself.
        deleted = in_path and found is not None and "_" in found and found["_"].get("gone")
        if found is None or found["object"] != kind or deleted:
            noun, name = _NOUNS.get(kind, (kind, "id"))
            raise missing(noun, object_id, param or name, in_path=in_path)
        return found

    def emit(self, kind: str, obj: Obj, previous: dict[str, Any] | None = None) -> None:
        """Write an event with the object as it is now, and tell who follows the object."""
        if self.now >= self.events_since:
            self._write(kind, obj, previous)
        if self.on_checkout_intent and kind.startswith("payment_intent.") and checkout_of(obj):
            self.on_checkout_intent(self, kind, obj)

    def _write(self, kind: str, obj: Obj, previous: dict[str, Any] | None) -> None:
        data: dict[str, Any] = {"object": shown(obj)}
        if previous is not None:
            data["previous_attributes"] = previous
        self.keep_event(
            {
                "id": self.ids.new("evt"),
                "object": "event",
                "api_version": self.switches.api_version,
                "created": self.now,
                "data": data,
                "livemode": False,
                "pending_webhooks": 0,
                "request": {"id": self.request_id, "idempotency_key": self.idempotency_key},
                "type": kind,
            }
        )

    def keep_event(self, body: dict[str, Any]) -> None:
        """Write an event, said as its `api_version` says it, and announce it."""
        pending = body["pending_webhooks"] = self.announce(self, body)
        text = dump(self.event_at(body, body["api_version"]))
        self.tx.add_event(body["id"], self.now, body["type"], text, pending)

    def event_at(self, body: dict[str, Any], version: str) -> dict[str, Any]:
        """An event in a version's words."""
        if version == API_VERSION or self.answer_at is None:
            return body
        about = self.answer_at(self, version, body["data"]["object"])
        return {**body, "api_version": version, "data": {**body["data"], "object": about}}


#: Fields that an object of the wire has only when there is something in them.
_WITHOUT_NULL = {
    "checkout.session": "excluded_payment_method_types",
    "dispute": "payment_method_details",
    "refund": "destination_details",
}


def shown(obj: Obj) -> Obj:
    """The object without what the wire never shows."""
    wire = {key: value for key, value in obj.items() if key != "_"}
    optional = _WITHOUT_NULL.get(obj.get("object", ""))
    if optional and wire.get(optional) is None:
        wire.pop(optional, None)
    return wire


def checkout_of(intent: Obj) -> str | None:
    """The Checkout Session that made this intent."""
    session: str | None = intent.get("_", {}).get("checkout")
    return session


def hidden(obj: Obj) -> dict[str, Any]:
    """What the emulator remembers with an object."""
    found: dict[str, Any] | None = obj.get("_")
    if found is None:
        found = obj["_"] = {}
    return found
