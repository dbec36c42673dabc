"""What an operation is, and what each kind of it must tell: data, registered by what owns it.

The code that sends, records and resolves knows no kind by name; `core.actions.operation_kinds`
lists them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine

from core import clock
from core.clock import Deadline
from core.gateway.client import Gateway
from core.states import OperationState

#: What the object at Stripe carries, so that it can be found again.
TAG = "tillwatch_operation"
#: Longer than all tries of one call with their waits: nobody else touches it meanwhile, and who
#: sends makes no try after it.
LEASE = timedelta(seconds=180)
#: Stripe's clock and ours may differ: objects are looked for from so long before the operation.
LOOKED_BACK = timedelta(minutes=10)

Json = dict[str, Any]
#: Stripe's object that the operation made or changed, None where it did not; may raise `Doubled`.
Find = Callable[[Gateway, "Unresolved"], Mapping[str, Any] | None]
#: Why an operation that cannot be found is not sent again; None if it is.
Withdrawn = Callable[[Engine, "PendingCall"], str | None]
#: Told of each state that an operation gets without having succeeded: its id, the state, why.
Follow = Callable[[Connection, str, OperationState, str | None, datetime], None]


def _never(_engine: Engine, _call: PendingCall) -> None:
    return None


def _nothing(
    _connection: Connection, _id: str, _state: OperationState, _why: str | None, _at: datetime
) -> None:
    return None


@dataclass(frozen=True)
class OperationKind:
    """One kind of operation.

    `find` looks for what came of it at Stripe when nobody knows; `withdrawn` may refuse to send it
    again; `follow` hears of a state without success in the transaction that writes it. `kept_up`:
    what Stripe put off is taken up by the worker, for nobody is going to ask again.
    """

    name: str
    find: Find
    withdrawn: Withdrawn = _never
    follow: Follow = _nothing
    kept_up: bool = False


@dataclass(frozen=True)
class PendingCall:
    """An operation that this process may send until its lease ends; `fence` proves it."""

    operation_id: str
    kind: OperationKind
    livemode: bool
    path: str
    body: Mapping[str, Any] = field(repr=False)
    target: str
    tagged: bool
    fence: str
    actor: str
    unkept: Mapping[str, Any] = field(default_factory=dict, repr=False)
    trace: Mapping[str, Any] = field(default_factory=dict)
    #: It was sent before, and nobody knows what came of that.
    again: bool = False
    #: No try is made after it: by then others may have looked for it, and ended it.
    until: Deadline = field(default_factory=partial(clock.ends_in, LEASE))


@dataclass(frozen=True)
class Unresolved:
    """An operation without an outcome: when it says that it was written down, since when its
    objects are looked for, and when it was last sent."""

    sending: PendingCall
    attempts: int
    created_at: datetime
    looked_from: datetime
    sent_at: datetime


class Doubled(Exception):
    """More than one object at Stripe carries an operation's id; `found` are all of them."""

    def __init__(self, found: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(", ".join(str(one["id"]) for one in found))
        self.found = found


def tagged_among(
    pages: Iterable[Iterable[Mapping[str, Any]]], operation_id: str
) -> Mapping[str, Any] | None:
    """The object that carries this operation's id; `Doubled` where it is not the only one."""
    found = [
        one
        for page in pages
        for one in page
        if (one.get("metadata") or {}).get(TAG) == operation_id
    ]
    if len(found) > 1:
        raise Doubled(found)
    return found[0] if found else None


def find_created(path: str) -> Find:
    """Finds a new object by its tag in the list at `path`, from before the operation on."""

    def find(gateway: Gateway, one: Unresolved) -> Mapping[str, Any] | None:
        since = clock.to_unix(one.looked_from - LOOKED_BACK)
        pages = gateway.pages(path, created={"gte": since})
        return tagged_among(pages, one.sending.operation_id)

    return find
