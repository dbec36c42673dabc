"""The latest run of the scenario suite."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from core.db.tables import scenario_runs
from core.reads.permissions import requires
from core.states import ScenarioRunState


@dataclass(frozen=True, slots=True)
class Run:
    """`state`: asked, running, done, failed. `results` are as the command prints them."""

    run_id: str
    state: str
    done: int
    total: int
    results: tuple[Mapping[str, Any], ...]
    why: str | None
    created_at: datetime
    updated_at: datetime

    @property
    def under_way(self) -> bool:
        """Whether there is still something to come."""
        return self.state in (ScenarioRunState.ASKED, ScenarioRunState.RUNNING)


@requires("use_developer_tools")
def latest(conn: Connection, *, livemode: bool) -> Run | None:
    """The run that was asked for last in this mode, if there ever was one."""
    c = scenario_runs.c
    row = conn.execute(
        select(scenario_runs)
        .where(c.livemode == livemode)
        .order_by(c.created_at.desc(), c.id)
        .limit(1)
    ).first()
    if row is None:
        return None
    return Run(
        run_id=row.id,
        state=row.state,
        done=row.done,
        total=row.total,
        results=tuple(json.loads(row.results or "[]")),
        why=row.why,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
