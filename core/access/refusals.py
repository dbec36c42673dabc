"""Who was refused what: one audit row a minute for the same refusal."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine

from core.access import audit
from core.db.engine import retrying, writing

WITHIN = timedelta(minutes=1)


def note(engine: Engine, actor: str, action: str, right: str, target: str) -> None:
    """Write down that `actor` lacked the `right` for an action on a target."""

    def work() -> None:
        with writing(engine) as connection:
            audit.append_once(
                connection,
                WITHIN,
                actor=actor,
                action=action,
                target=target,
                outcome="refused",
                details={"right": right},
            )

    retrying(work)
