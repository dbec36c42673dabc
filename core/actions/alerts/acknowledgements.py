"""Somebody takes an alert on: nobody is reminded of it any more."""

from __future__ import annotations

from sqlalchemy import select

from core import clock
from core.access import audit
from core.access.principals import Caller, permitted
from core.actions.alerts.rules import ANY_MATTER
from core.actions.context import ActionContext
from core.actions.operations.operations import authorize
from core.actions.transaction import refusals_noted
from core.alerts.kinds import KINDS
from core.db.engine import retrying, writing
from core.db.tables import alerts
from core.errors import AlreadyDecided, NotFound
from core.states import AlertState

ACKNOWLEDGE = "alert.acknowledge"


def acknowledge(context: ActionContext, caller: Caller, alert_id: int) -> None:
    """Take an open alert on; it closes by itself when its condition has gone.

    For admins, and for who has the right of its matter. `AlreadyDecided` where somebody did, or
    where it is closed.
    """
    authorize(context, caller, ANY_MATTER, ACKNOWLEDGE, str(alert_id))
    a, now = alerts.c, clock.now()

    def work() -> None:
        with writing(context.engine) as connection:
            kind = connection.scalar(select(a.kind).where(a.id == alert_id))
            if kind not in KINDS:
                raise NotFound
            permitted(connection, caller, *KINDS[kind].all_rights, now=now)
            taken = {
                "state": AlertState.ACKNOWLEDGED,
                "acknowledged_by": caller.actor,
                "acknowledged_at": now,
            }
            still_open = (a.id == alert_id) & (a.state == AlertState.OPEN)
            if connection.execute(alerts.update().where(still_open).values(taken)).rowcount != 1:
                raise AlreadyDecided
            audit.append(
                connection,
                actor=caller.actor,
                action=ACKNOWLEDGE,
                target=str(alert_id),
                details={"kind": kind},
                now=now,
            )

    with refusals_noted(context, caller, ACKNOWLEDGE, str(alert_id)):
        retrying(work)
