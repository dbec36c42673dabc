"""Who carried what away: one audit row an export, written before its first byte leaves."""

from __future__ import annotations

from sqlalchemy import Engine

from core.access import audit
from core.db.engine import retrying, writing


def note(engine: Engine, *, actor: str, name: str, export_id: str, asked: str) -> None:
    """Record an export: `asked` is what was asked for, as it stood in the address."""

    def work() -> None:
        with writing(engine) as connection:
            audit.append(
                connection,
                actor=actor,
                action="export",
                target=name,
                details={"id": export_id, "asked": asked[:1000]},
            )

    retrying(work)
