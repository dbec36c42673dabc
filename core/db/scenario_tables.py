"""Runs of the scenario suite that a person asked for on the page."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table

from core.db import checks
from core.db.mirror_tables import metadata
from core.db.types import Utc, code, flag, long_text, words
from core.states import ScenarioRunState

#: `state`: asked, running, done, failed (`why` says what stopped it). `results` is a JSON list, as
#: the command prints it. The worker that runs it holds `fence` until `lease_until`.
scenario_runs = Table(
    "scenario_runs",
    metadata,
    Column("id", code(36), primary_key=True),
    Column("livemode", flag(), nullable=False),
    Column("state", code(16), nullable=False),
    Column("asked_by", code(36), nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("results", long_text()),
    Column("why", words(500)),
    Column("fence", code(32)),
    Column("lease_until", Utc(), nullable=False),
    Column("created_at", Utc(), nullable=False),
    Column("updated_at", Utc(), nullable=False),
    Index("scx_created", "created_at"),
    Index("scx_due", "state", "lease_until"),
    checks.one_of("scx_state", "state", ScenarioRunState),
)
