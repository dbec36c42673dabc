"""What a made-up event must look like, so that the mirror can heal from it by reading again."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NoReturn

from core import clock
from core.actions.operations.kinds import TAG
from core.errors import InvalidInput
from core.gateway.client import API_VERSION
from core.gateway.event_types import KINDS, TYPES, carried_by

#: How the ids of simulated events begin.
PREFIX = "evt_sim_"
#: Characters of the object's JSON: far more than any that Stripe sends.
LARGEST = 131_072
_ID = re.compile(r"[A-Za-z0-9_]{1,64}")
#: What is read again is found by these: made up, they would leave rows that nothing heals.
_LINKS = (
    "id",
    "object",
    "created",
    "payment_intent",
    "latest_charge",
    "charge",
    "charges",
    "customer",
)
Json = dict[str, Any]


def checked_type(event_type: str) -> str:
    """A type that Stripe's pinned version has."""
    if event_type not in TYPES:
        raise InvalidInput("type", "is not a type of Stripe's events")
    return event_type


def checked_id(object_id: str) -> str:
    """An id that can stand in a path."""
    if not _ID.fullmatch(object_id):
        raise InvalidInput("id", "must have letters, digits and underscores only")
    return object_id


def checked_object(event_type: str, text: str) -> Json:
    """The object that the event shall carry: in test mode, and without a client secret."""
    if len(text) > LARGEST:
        raise InvalidInput("object", "must have at most 131072 characters")
    source = _parsed(text)
    if not isinstance(source, dict):
        raise InvalidInput("object", "must be a JSON object")
    kind, stripe_id = source.get("object"), source.get("id")
    if not isinstance(kind, str) or not kind:
        raise InvalidInput("object", "must say in `object` what it is")
    if not isinstance(stripe_id, str) or not _ID.fullmatch(stripe_id):
        raise InvalidInput("object", "must have an `id` of letters, digits and underscores")
    carried = carried_by(event_type)
    # Whatever the type says, it is by its kind that an object is applied.
    if carried != (kind if kind in KINDS else None):
        raise InvalidInput("object", "must be of the kind that this type carries")
    if "livemode" in source:
        source["livemode"] = False
    return without_secrets(source)


def _parsed(text: str) -> Any:
    try:
        found = json.loads(text, parse_constant=_no_constant)
        # An escape may stand for half a character, which no body can hold.
        json.dumps(found, ensure_ascii=False).encode()
        return found
    except RecursionError:
        raise InvalidInput("object", "is nested too deeply") from None
    except ValueError:
        raise InvalidInput("object", "must be JSON") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def without_secrets(source: Mapping[str, Any]) -> Json:
    """The object without its client secret, which is kept nowhere."""
    return {name: value for name, value in source.items() if name != "client_secret"}


def check_links(source: Json, real: Mapping[str, Any]) -> None:
    """Refuse what reading the real object again could not put right."""
    if (real.get("metadata") or {}).get(TAG) and real.get("object") == "refund":
        raise InvalidInput(
            "object", "is a refund that was asked for here: its request would follow for good"
        )
    for name in _LINKS:
        if source.get(name) != real.get(name):
            raise InvalidInput(f"object.{name}", "must stay as it is at Stripe")
    if _tag(source) != _tag(real):
        raise InvalidInput(f"object.metadata.{TAG}", "must stay as it is at Stripe")


def _tag(source: Mapping[str, Any]) -> Any:
    notes = source.get("metadata")
    return notes.get(TAG) if isinstance(notes, Mapping) else None


def envelope(event_type: str, source: Json, *, at: datetime) -> bytes:
    """The event around an object, as Stripe would write it; its id says that it is made up."""
    event = {
        "id": PREFIX + secrets.token_hex(12),
        "object": "event",
        "api_version": API_VERSION,
        "created": clock.to_unix(at),
        "data": {"object": source},
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": None, "idempotency_key": None},
        "type": event_type,
    }
    return json.dumps(event, ensure_ascii=False, indent=2).encode()
