"""What developers do with parked objects: read them from Stripe again, one or all."""

from __future__ import annotations

from sqlalchemy import ColumnElement

from core.access.principals import Caller
from core.access.rights import REPLAY_EVENTS
from core.actions import transaction
from core.actions.context import ActionContext
from core.actions.operations.operations import authorize
from core.db.tables import stale_objects
from core.errors import NotFound
from core.mirror.parked_objects import put_back

ONE, ALL = "object.retry", "object.retry_all"


def retry(context: ActionContext, caller: Caller, stripe_id: str, *, livemode: bool) -> None:
    """Read a parked object again soon; `NotFound` if it is not parked in this mode."""
    authorize(context, caller, (REPLAY_EVENTS,), ONE, str(stripe_id)[:64])
    s = stale_objects.c
    which = (s.stripe_id == str(stripe_id)) & (s.livemode == livemode)
    if not _put_back(context, caller, ONE, which, str(stripe_id)[:64], livemode):
        raise NotFound


def retry_all(context: ActionContext, caller: Caller, *, livemode: bool) -> int:
    """Read all parked objects of a mode again soon; how many."""
    authorize(context, caller, (REPLAY_EVENTS,), ALL, "")
    which = stale_objects.c.livemode == livemode
    return _put_back(context, caller, ALL, which, "", livemode)


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
