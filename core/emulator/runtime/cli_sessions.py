"""Sessions of Stripe's CLI: what `stripe listen` and `logs tail` hear, and what they answer.

The protocol is the CLI's own (seen with 1.52.0): a session by `POST /v1/stripecli/sessions`, then a
websocket under its id; what waits is kept while the socket is away.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core.clock import micros_now
from core.emulator.runtime.webhook_signature import signature
from core.emulator.state.errors import refused
from core.emulator.state.store import dump, wire
from core.emulator.state.versions import API_VERSION

SNAPSHOTS, THIN, LOGS = "webhooks", "v2_events", "request_logs"
#: A socket that never came, or stays away, does not fill the memory.
_MOST_WAITING, _MOST_ANSWERS, _MOST_SESSIONS = 5_000, 1_000, 50
#: Seconds until the CLI renews its socket.
_RECONNECT_S = 86_400
_AGENT = "Stripe/1.0 (+https://stripe.com/docs/webhooks)"


@dataclass
class Session:
    """One CLI: what it listens to, and what still waits for its socket."""

    id: str
    features: frozenset[str]
    filters: dict[str, Any]
    waiting: deque[str] = field(default_factory=lambda: deque(maxlen=_MOST_WAITING))
    #: Called, from any thread, when something waits; None while there is no socket.
    wake: Callable[[], None] | None = None

    def send(self, message: dict[str, Any]) -> None:
        self.waiting.append(dump(message))
        if self.wake:
            self.wake()


class CliSessions:
    """All sessions of an emulator."""

    def __init__(self, account: str) -> None:
        digest = hashlib.sha256(f"stripe listen {account}".encode()).hexdigest()
        #: The same for every session of an account, as programs keep it in their settings.
        self.secret = f"whsec_{digest}"
        self.answers: deque[dict[str, Any]] = deque(maxlen=_MOST_ANSWERS)
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()

    def open(self, given: dict[str, Any], base_url: str, version: str) -> dict[str, Any]:
        """The answer to a CLI that asks for a session."""
        features = frozenset(given.get("websocket_features") or [SNAPSHOTS])
        filters = _filters(given.get("filters") or "{}")
        session = Session(f"cliws_{secrets.token_hex(12)}", features, filters)
        with self._lock:
            self._sessions[session.id] = session
            while len(self._sessions) > _MOST_SESSIONS:
                del self._sessions[next(iter(self._sessions))]
        return {
            "default_version": version,
            "display_connect_filter_warning": False,
            "latest_version": API_VERSION,
            "reconnect_delay": _RECONNECT_S,
            "secret": self.secret,
            "websocket_authorized_feature": sorted(features)[-1],
            "websocket_id": session.id,
            "websocket_url": f"{base_url.replace('http', 'ws', 1)}/_stripecli",
        }

    @property
    def nobody(self) -> bool:
        """Whether no CLI ever came."""
        return not self._sessions

    def find(self, session_id: str) -> Session | None:
        with self._lock:
            return self._sessions.get(session_id)

    def wanting(self, feature: str) -> list[Session]:
        """The sessions that listen to this."""
        with self._lock:
            return [s for s in self._sessions.values() if feature in s.features]

    def snapshot(self, event: dict[str, Any], latest: dict[str, Any] | None) -> None:
        """Tell of an event; `latest` says it in today's version where the account's is older.

        The CLI takes one of two copies: without a version, or with `--latest` the other.
        """
        for session in self.wanting(SNAPSHOTS):
            for version, body in ((None, event), (API_VERSION, latest or event)):
                payload = json.dumps(body, indent=2, ensure_ascii=False)
                session.send(
                    {
                        "type": "webhook_event",
                        "endpoint": {"api_version": version},
                        "event_payload": payload,
                        "http_headers": self._headers(payload),
                        "webhook_conversation_id": f"wc_{secrets.token_hex(12)}",
                        "webhook_id": f"we_{session.id}",
                    }
                )

    def thin(self, event: dict[str, Any]) -> None:
        """Tell of a thin event."""
        payload = wire(event).decode()
        for session in self.wanting(THIN):
            session.send(
                {
                    "type": "v2_event",
                    "payload": payload,
                    "http_headers": self._headers(payload),
                    "destination_id": f"ed_{session.id}",
                }
            )

    def _headers(self, payload: str) -> dict[str, str]:
        return {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature(payload.encode(), self.secret, micros_now() // 1_000_000),
            "User-Agent": _AGENT,
        }

    def request(self, log: dict[str, Any], error: dict[str, Any] | None) -> None:
        """Tell `logs tail` of a request; each session's own filters decide."""
        sessions = self.wanting(LOGS)
        if not sessions:
            return
        names = ("type", "charge", "code", "decline_code", "message", "param", "error_insight")
        told = {name: error.get(name) for name in names} if error else None
        for session in sessions:
            if _passes(session.filters, log):
                session.send(
                    {
                        "type": "request_log_event",
                        "request_log_id": f"resp_{secrets.token_hex(12)}",
                        "event_payload": dump({**log, "error": told}),
                    }
                )

    def heard(self, session: Session, text: str) -> None:
        """Keep what a CLI's receiver answered to an event."""
        message = json.loads(text)
        if isinstance(message, dict) and message.get("type") == "webhook_response":
            names = ("forward_url", "status", "body", "notification_id", "webhook_conversation_id")
            self.answers.append({name: message.get(name) for name in names})


def _filters(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise refused("Invalid filters: they are a JSON object.", "filters")
    return found


def _passes(filters: dict[str, Any], log: dict[str, Any]) -> bool:
    """Whether a request is one of those that `logs tail` was asked for."""
    status = log["status"]
    found = {
        "filter_http_method": [log["method"]],
        "filter_request_path": [log["url"]],
        "filter_request_status": ["SUCCEEDED" if status < 400 else "FAILED"],
        "filter_status_code": [str(status), status],
        "filter_status_code_type": [f"{status // 100}XX", str(status // 100 * 100)],
    }
    return all(
        not filters.get(name) or any(value in filters[name] for value in values)
        for name, values in found.items()
    )
