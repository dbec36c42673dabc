"""What developers do with parked objects: read them from Stripe again, one or all."""

from __future__ import annotations

from functools import partial

from sqlalchemy import ColumnElement

from core import clock
from core.access import audit
from core.access.principals import Caller, permitted
from core.access.rights import REPLAY_EVENTS
from core.actions.context import ActionContext
from core.actions.operations.operations import authorize
from core.db.engine import retrying, writing
from core.db.tables import stale_objects
from core.errors import NotFound
from core.mirror.parked_objects import put_back

ONE, ALL = "object.retry", "object.retry_all"


def retry(context: ActionContext, caller: Caller, stripe_id: str, *, livemode: bool) -> None:
    """Read a parked object again soon; `NotFound` if it is not parked in this mode."""
    authorize(context, caller, (REPLAY_EVENTS,), ONE, str(stripe_id)[:64])
    s = stale_objects.c
    which = (s.stripe_id == str(stripe_id)) & (s.livemode == livemode)
    if not retrying(partial(_put_back, context, caller, ONE, which, str(stripe_id)[:64], livemode)):
        raise NotFound


def retry_all(context: ActionContext, caller: Caller, *, livemode: bool) -> int:
    """Read all parked objects of a mode again soon; how many."""
    authorize(context, caller, (REPLAY_EVENTS,), ALL, "")
    which = stale_objects.c.livemode == livemode
    return retrying(partial(_put_back, context, caller, ALL, which, "", livemode))


def _put_back(
    context: ActionContext,
    caller: Caller,
    action: str,
    which: ColumnElement[bool],
    target: str,
    livemode: bool,
) -> int:
    moment = clock.now()
    with writing(context.engine) as connection:
        permitted(connection, caller, REPLAY_EVENTS, now=moment)
        count = put_back(connection, which, at=moment)
        audit.append(
            connection,
            actor=caller.actor,
            action=action,
            target=target,
            outcome="ok" if count else "not_found",
            details={"count": count, "livemode": livemode},
            now=moment,
        )
    return count
