"""Reconciliations that people ask for: written down here, run by a worker."""

from __future__ import annotations

import logging
import uuid
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from core import clock
from core.access import audit
from core.access.principals import Caller
from core.access.rights import RECONCILE
from core.actions.context import ActionContext
from core.actions.transaction import permitted_change
from core.db.engine import reading, retrying
from core.db.turns import in_turn
from core.db.wakeups import Change
from core.domain import cursors, versions
from core.errors import LeaseLost, TillwatchError
from core.proof import span as spans
from core.proof.span import Span

RUN = "proof.run"
#: A worker that has said nothing for so long is taken for dead: another one begins anew.
LEASE = timedelta(seconds=120)
_log = logging.getLogger(__name__)


def run(
    context: ActionContext,
    caller: Caller,
    *,
    livemode: bool,
    first: date,
    last: date,
    zone: ZoneInfo,
) -> bool:
    """Have the days `first` to `last` (both included) of a zone reconciled at once, by a worker.

    False where one is under way already: nothing is written then. `InvalidInput` for days that have
    not begun, or too many of them.
    """

    def work(connection: Connection, now: datetime) -> bool:
        span = spans.checked(livemode, first, last, zone, now)
        name = cursors.reconcile_request(livemode)
        kept = cursors.position(connection, name)
        if kept is not None and kept.get("ended_at") is None:
            return False
        where = {
            "asked_by": caller.actor,
            "asked_at": now.isoformat(),
            "first": span.first.isoformat(),
            "last": span.last.isoformat(),
            "zone": str(zone),
        }
        _keep(connection, livemode, where, now)
        details = {"first": where["first"], "last": where["last"], "livemode": livemode}
        audit.append(
            connection,
            actor=caller.actor,
            action=RUN,
            outcome="asked",
            details=details,
            now=now,
        )
        return True

    return permitted_change(context, caller, RUN, work, right=RECONCILE, lines=[_line(livemode)])


def asked(livemode: bool) -> Change:
    """What whoever runs them waits for: another request, or word of one."""
    return Change(cursors.kept(cursors.reconcile_request(livemode)))


def run_asked(context: ActionContext, livemode: bool) -> bool:
    """Run the reconciliation that was asked for, if one was; whether there was one."""
    name = cursors.reconcile_request(livemode)
    with reading(context.engine) as connection:
        if not _is_due(cursors.position(connection, name), clock.now()):
            return False
    claimed = retrying(partial(_claim, context, livemode))
    if claimed is None:
        return False
    span = Span(
        livemode,
        date.fromisoformat(claimed["first"]),
        date.fromisoformat(claimed["last"]),
        ZoneInfo(claimed["zone"]),
    )
    # Loaded when a run was asked for: see core.proof.nightly.
    from core.proof.reconcile import reconcile

    def report(_step: str, done: int, whole: int) -> None:
        _note(context, livemode, claimed, done=done, whole=whole)

    end: dict[str, Any] = {}
    try:
        found = reconcile(
            context.engine,
            context.gateways.get(livemode),
            span,
            asked_by=claimed["asked_by"],
            report=report,
        )
        end = {"outcome": found.outcome}
    except LeaseLost:
        _log.warning("proof: another worker runs what was asked for")
        return True
    except TillwatchError as error:
        _log.error("proof: what was asked for could not be run: %s", error.message)
        end = {"error": error.message[:500]}
    _note(context, livemode, claimed, **end, ended_at=clock.now().isoformat())
    return True


def _is_due(kept: dict[str, Any] | None, now: datetime) -> bool:
    """Whether it waits, or whoever ran it is dead. A time further off than a lease was written by
    a clock that has been put back since."""
    if kept is None or kept.get("ended_at") is not None:
        return False
    if kept.get("fence") is None:
        return True
    until = datetime.fromisoformat(kept["until"])
    return until <= now or until > now + LEASE


def _line(livemode: bool) -> str:
    """Where whoever asks for a run of a mode, or takes one, stands in line."""
    return f"{RUN} {livemode}"


def _claim(context: ActionContext, livemode: bool) -> dict[str, Any] | None:
    with in_turn(context.engine, _line(livemode)) as connection:
        now = clock.now()
        kept = cursors.position(connection, cursors.reconcile_request(livemode))
        if kept is None or not _is_due(kept, now):
            return None
        kept |= {"fence": uuid.uuid4().hex, "until": (now + LEASE).isoformat()}
        _keep(connection, livemode, kept, now)
        return kept


def _note(context: ActionContext, livemode: bool, claimed: dict[str, Any], **what: Any) -> None:
    """Write how far it is; `LeaseLost` where another worker has begun it anew."""

    def write() -> None:
        with in_turn(context.engine, _line(livemode)) as connection:
            now = clock.now()
            kept = cursors.position(connection, cursors.reconcile_request(livemode)) or {}
            if kept.get("fence") != claimed["fence"]:
                raise LeaseLost
            _keep(connection, livemode, kept | what | {"until": (now + LEASE).isoformat()}, now)

    retrying(write)


def _keep(connection: Connection, livemode: bool, where: dict[str, Any], now: datetime) -> None:
    cursors.keep_position(connection, cursors.reconcile_request(livemode), where, at=now)
    versions.bump(connection, ["revenue"], slot=0)
