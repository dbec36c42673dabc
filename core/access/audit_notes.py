"""What the audit log notes beside changes: who saw whose data, who was refused, who took a file."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection, Engine

from core import clock
from core.access import audit
from core.db.engine import retrying, writing

#: One row a person, object and ten minutes.
VIEW_WITHIN = timedelta(minutes=10)
#: One row a minute for the same refusal.
REFUSAL_WITHIN = timedelta(minutes=1)


def is_new_view(connection: Connection, actor: str, action: str, target: str) -> bool:
    """Whether `note_view` would write a row: a write lock for nothing costs others."""
    since = clock.now() - VIEW_WITHIN
    return not audit.stands(connection, since, actor=actor, action=action, target=target)


def note_view(engine: Engine, actor: str, action: str, target: str) -> None:
    """Write down that `actor` is about to be shown a target."""

    def write() -> None:
        with writing(engine) as connection:
            audit.append_once(connection, VIEW_WITHIN, actor=actor, action=action, target=target)

    retrying(write)


def note_refusal(engine: Engine, actor: str, action: str, right: str, target: str) -> None:
    """Write down that `actor` lacked the `right` for an action on a target."""

    def write() -> None:
        with writing(engine) as connection:
            audit.append_once(
                connection,
                REFUSAL_WITHIN,
                actor=actor,
                action=action,
                target=target,
                outcome="refused",
                details={"right": right},
            )

    retrying(write)


def note_export(engine: Engine, *, actor: str, name: str, export_id: str, asked: str) -> None:
    """Record an export before its first byte leaves: `asked` is what stood in the address."""

    def write() -> None:
        with writing(engine) as connection:
            audit.append(
                connection,
                actor=actor,
                action="export",
                target=name,
                details={"id": export_id, "asked": asked[:1000]},
            )

    retrying(write)
