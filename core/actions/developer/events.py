"""What developers do with events: apply them again, look first what that would change, make some
up in test mode. All of them pass through the inbox and `apply`, like Stripe's own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, select

from core import clock
from core.access import audit
from core.access.principals import Caller, permitted
from core.access.rights import REPLAY_EVENTS, USE_DEVELOPER_TOOLS
from core.actions import transaction
from core.actions.context import ActionContext
from core.actions.developer import synthetic_events
from core.actions.operations.operations import authorize
from core.db.engine import reading, retrying, writing
from core.db.tables import events
from core.domain import versions
from core.errors import InvalidInput, NotFound, StripeNotFound, TestModeOnly
from core.events.store import parse_envelope, store
from core.gateway.event_types import carried_by, read_object_of
from core.inbox.event_processor import put_back
from core.inbox.rehearsal import Rehearsal, rehearse
from core.mirror.versions import times_shown
from core.states import EventState

#: So many dead events are put back at once; the rest stays for another go.
MOST = 1000
#: How an object calls itself, where the mirror has another name for it.
_MIRRORED = {"radar.early_fraud_warning": "early_fraud_warning"}
SOURCE = "simulated"


def replay(
    context: ActionContext, caller: Caller, event_ids: Sequence[str], *, livemode: bool
) -> int:
    """Put events back to be applied again; `NotFound` if none of them is in this mode's inbox."""
    wanted = list(event_ids)
    target = wanted[0] if len(wanted) == 1 else f"{len(wanted)} events"
    authorize(context, caller, (REPLAY_EVENTS,), "event.replay", target)
    if not wanted or len(wanted) > MOST:
        raise InvalidInput("events", "must be 1 to 1000 at a time")
    which = (events.c.stripe_id.in_(wanted)) & (events.c.livemode == livemode)
    count = _put_back(context, caller, "event.replay", which, target, livemode)
    if not count:
        raise NotFound
    return count


def replay_dead(context: ActionContext, caller: Caller, *, livemode: bool) -> int:
    """Put the events of a mode that were given up back, up to `MOST`; how many."""
    authorize(context, caller, (REPLAY_EVENTS,), "event.replay_dead", "")
    e = events.c
    with reading(context.engine) as connection:
        seqs = connection.scalars(
            select(e.seq).where(e.state == EventState.DEAD, e.livemode == livemode).limit(MOST)
        ).all()
    if not seqs:
        return 0
    which = e.seq.in_(seqs) & (e.state == EventState.DEAD)
    return _put_back(context, caller, "event.replay_dead", which, "", livemode)


def _put_back(
    context: ActionContext,
    caller: Caller,
    action: str,
    which: ColumnElement[bool],
    target: str,
    livemode: bool,
) -> int:
    return transaction.put_back(
        context,
        caller,
        action,
        lambda connection, now: put_back(connection, which, at=now),
        right=REPLAY_EVENTS,
        target=target,
        livemode=livemode,
    )


def dry_run(context: ActionContext, caller: Caller, event_id: str, *, livemode: bool) -> Rehearsal:
    """What applying the event again would change. Nothing is kept of it, not even a note."""
    authorize(context, caller, (REPLAY_EVENTS,), "event.dry_run", event_id)
    modes = frozenset(context.gateways)
    return rehearse(context.engine, event_id, context.books, livemode=livemode, modes=modes)


def real_object(
    context: ActionContext, caller: Caller, event_type: str, object_id: str
) -> dict[str, Any]:
    """The object that a made-up event may carry, as Stripe shows it now, without its secret.

    `InvalidInput` when the type's objects are not read here; `StripeNotFound` without the object.
    """
    authorize(context, caller, (USE_DEVELOPER_TOOLS,), "event.simulate", object_id)
    kind = carried_by(synthetic_events.checked_type(event_type))
    if kind is None:
        raise InvalidInput("type", "carries an object that is not read here: write it yourself")
    checked = synthetic_events.checked_id(object_id)
    return synthetic_events.without_secrets(read_object_of(context.test_gateway(), kind, checked))


def simulate(
    context: ActionContext, caller: Caller, event_type: str, object_text: str, *, livemode: bool
) -> str:
    """Put a made-up event into the inbox; its id. In test mode alone: `TestModeOnly` if not.

    It is applied like any other, and the object is then read again from Stripe, which undoes what
    was made up. `InvalidInput` says what reading again could not undo.
    """
    authorize(context, caller, (USE_DEVELOPER_TOOLS,), "event.simulate", str(event_type)[:128])
    if livemode:
        raise TestModeOnly
    gateway = context.test_gateway()
    source = synthetic_events.checked_object(synthetic_events.checked_type(event_type), object_text)
    if kind := carried_by(event_type):
        try:
            real = read_object_of(gateway, kind, source["id"])
        except StripeNotFound:
            raise InvalidInput("object.id", "is not an object at Stripe in test mode") from None
        synthetic_events.check_links(source, real)
    return retrying(partial(_store, context, caller, event_type, source))


def _store(context: ActionContext, caller: Caller, event_type: str, source: dict[str, Any]) -> str:
    moment = clock.now()
    with writing(context.engine) as connection:
        permitted(connection, caller, USE_DEVELOPER_TOOLS, now=moment)
        kind = str(source["object"])
        key = (_MIRRORED.get(kind, kind), str(source["id"]))
        shown = times_shown(connection, [key]).get(key)
        body = synthetic_events.envelope(event_type, source, at=_after(shown, moment))
        incoming = parse_envelope(body)
        store(connection, [incoming], source=SOURCE, received_at=moment)
        versions.bump(connection, ["inbox"], slot=context.books.scope.slot)
        audit.append(
            connection,
            actor=caller.actor,
            action="event.simulate",
            target=incoming.id,
            outcome="ok",
            details={"type": event_type, "object": incoming.object_id},
            now=moment,
        )
    return incoming.id


def _after(shown: datetime | None, moment: datetime) -> datetime:
    """Stripe's events are dated in whole seconds: this one is newer than the state shown."""
    return moment if shown is None else max(moment, shown + timedelta(seconds=1))
