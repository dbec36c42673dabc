"""Whether an event is ours to apply, and what it says; else why it is passed over."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from core.events.store import THIN
from core.inbox.event_effects import EventEffects, read_effects
from core.inbox.thin import thin_effects

#: Why an event changes nothing here (`events.skipped_because`).
NOT_MIRRORED = "not_mirrored"
CONNECTED_ACCOUNT = "connected_account"
NO_KEY = "no_key"
TEST_BUTTON = "test_button"

BOTH_MODES = frozenset({True, False})
#: What the test button of Stripe's Dashboard sends; the objects in it do not exist.
_MADE_UP = re.compile(r"evt_0{8,}")


@dataclass(frozen=True)
class Keys:
    """The modes that have a key, and the id of the account that each opens.

    A mode is missing in `accounts` until Stripe was asked, and None where its key does not tell.
    """

    modes: frozenset[bool] = BOTH_MODES
    accounts: Mapping[bool, str | None] = field(default_factory=dict)


ANY_KEY = Keys()


class Kept(Protocol):
    """What of a stored event is judged."""

    @property
    def stripe_id(self) -> str: ...
    @property
    def livemode(self) -> bool: ...
    @property
    def body(self) -> bytes: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def account(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class JudgedEvent:
    """What an event says; `because` is why it is passed over, None for one to be applied.

    `waits`: it is judged again once there is a key, or once our account is known.
    """

    hint: EventEffects
    because: str | None = None
    waits: bool = False


_NOTHING = EventEffects(known=False)


def judge_event(event: Kept, keys: Keys) -> JudgedEvent:
    """Judge a stored event. `MalformedObject` if the object inside cannot be read."""
    if event.livemode not in keys.modes:
        return JudgedEvent(_NOTHING, NO_KEY, waits=True)
    own = keys.accounts.get(event.livemode)
    if event.account is not None and event.account != own:
        asked = event.livemode in keys.accounts
        if own is not None or not asked:
            return JudgedEvent(_NOTHING, CONNECTED_ACCOUNT, waits=not asked)
    if _MADE_UP.fullmatch(event.stripe_id):
        return JudgedEvent(_NOTHING, TEST_BUTTON)
    hint = _hint(event)
    if not hint.known:
        return JudgedEvent(hint, NOT_MIRRORED)
    if event.account is not None and own is None:
        # Whose it is will show: our key reads what is ours, and finds nothing else.
        hint = replace(hint, snapshots=())
    return JudgedEvent(hint)


def _hint(event: Kept) -> EventEffects:
    if THIN.encode() in event.body:
        document = json.loads(event.body)
        if document.get("object") == THIN:
            return thin_effects(document, event.created_at, event.livemode)
    return read_effects(event.body, event.created_at, event.livemode)
