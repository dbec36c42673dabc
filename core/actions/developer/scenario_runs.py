"""Scenario runs that people ask for on the page: written down here, run by a worker."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select

from core import clock
from core.access import audit
from core.access.principals import Caller, permitted
from core.actions.context import ActionContext
from core.actions.developer import scenarios
from core.actions.developer.scenario_results import Result
from core.actions.developer.scenarios import Challenge, Suite
from core.actions.operations.operations import authorize
from core.db.engine import reading, retrying, writing
from core.db.leases import Lease
from core.db.tables import scenario_runs
from core.db.turns import in_turn
from core.errors import LeaseLost, TillwatchError
from core.states import ScenarioRunState

#: A worker that has said nothing for so long is taken for dead: another one goes on.
LEASE = timedelta(seconds=120)
_OPEN = scenario_runs.c.state.in_([ScenarioRunState.ASKED, ScenarioRunState.RUNNING])
_LEASE = Lease(scenario_runs, until=scenario_runs.c.lease_until, open=_OPEN, lasts=LEASE)
#: What whoever runs them waits for.
WORK = _LEASE.work()


@dataclass(frozen=True)
class _Claimed:
    run_id: str
    asked_by: str
    fence: str


def ask(context: ActionContext, caller: Caller) -> str:
    """Ask for a run of every scenario: its id, or that of the run that is under way.

    `TestModeOnly` without a test key; nothing is written then.
    """
    authorize(context, caller, scenarios.RIGHTS, scenarios.KIND, "")
    context.test_gateway()
    return retrying(partial(_write_down, context, caller))


def run_waiting(context: ActionContext, challenge: Challenge | None) -> bool:
    """Run what was asked for, if anything was; whether there was something to do."""
    claimed = retrying(partial(_claim, context, clock.now()))
    if claimed is None:
        return False
    chosen = scenarios.known(answered=challenge is not None)
    suite = Suite(
        claimed.run_id, chosen, challenge, report=partial(_note_progress, context, claimed)
    )
    try:
        results = scenarios.run(context, Caller(claimed.asked_by), suite)
    except LeaseLost:
        raise
    except TillwatchError as error:
        retrying(partial(_end, context, claimed, [], error.message))
    else:
        retrying(partial(_end, context, claimed, results, None))
    return True


def _write_down(context: ActionContext, caller: Caller) -> str:
    c = scenario_runs.c
    with in_turn(context.engine, scenarios.KIND) as connection:
        moment = clock.now()
        person = permitted(connection, caller, *scenarios.RIGHTS, now=moment)
        open_run: str | None = connection.scalar(
            select(c.id).where(_OPEN).order_by(c.created_at).limit(1)
        )
        if open_run is not None:
            return open_run
        run_id = str(uuid.uuid4())
        connection.execute(
            scenario_runs.insert().values(
                id=run_id,
                livemode=False,
                state=ScenarioRunState.ASKED,
                asked_by=person.user_id,
                done=0,
                total=0,
                lease_until=moment,
                created_at=moment,
                updated_at=moment,
            )
        )
        audit.append(
            connection,
            actor=caller.actor,
            action=scenarios.KIND,
            target=run_id,
            outcome="asked",
            details={},
            now=moment,
        )
    return run_id


def _claim(context: ActionContext, moment: datetime) -> _Claimed | None:
    c = scenario_runs.c
    oldest = select(c.id, c.asked_by).where(_LEASE.due(moment)).order_by(c.created_at).limit(1)
    with reading(context.engine) as connection:
        row = connection.execute(oldest).first()
    if row is None:
        return None
    with writing(context.engine) as connection:
        fence = _LEASE.take(
            connection,
            c.id == row.id,
            moment,
            state=ScenarioRunState.RUNNING,
            done=0,
            updated_at=moment,
        )
        mine = select(c.id).where(c.id == row.id, _LEASE.held(fence))
        if connection.execute(mine).first() is None:
            return None
    return _Claimed(row.id, row.asked_by, fence)


def _note_progress(context: ActionContext, claimed: _Claimed, done: int, total: int) -> None:
    moment = clock.now()

    def write() -> None:
        with writing(context.engine) as connection:
            _LEASE.extend(
                connection,
                scenario_runs.c.id == claimed.run_id,
                claimed.fence,
                moment,
                done=done,
                total=total,
                updated_at=moment,
            )

    retrying(write)


def _end(context: ActionContext, claimed: _Claimed, results: list[Result], why: str | None) -> None:
    moment = clock.now()
    wrong = [one.scenario.name for one in results if not one.ok]
    with writing(context.engine) as connection:
        _LEASE.end(
            connection,
            scenario_runs.c.id == claimed.run_id,
            claimed.fence,
            1,
            state=ScenarioRunState.DONE if why is None else ScenarioRunState.FAILED,
            results=json.dumps([one.shown() for one in results], ensure_ascii=False),
            why=why[:500] if why else None,
            updated_at=moment,
        )
        audit.append(
            connection,
            actor=claimed.asked_by,
            action=scenarios.KIND,
            target=claimed.run_id,
            outcome="failed" if why or wrong else "succeeded",
            details={"differences": len(wrong)},
            now=moment,
        )
