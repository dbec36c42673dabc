"""Where each walk through Stripe's lists stands, kept with what the walk wrote."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, select, update

from core.db.tables import cursors
from core.db.upsert import insert_missing, upsert


def ledger_check(livemode: bool) -> str:
    """The name of the cursor of the comparison of a mode's ledger with Stripe's list."""
    return f"ledger check:{'live' if livemode else 'test'}"


def reconcile_request(livemode: bool) -> str:
    """The name under which a mode's last request for a reconciliation stands, and how far it is."""
    return f"reconcile request:{'live' if livemode else 'test'}"


def position(connection: Connection, name: str) -> dict[str, Any] | None:
    """What the walk last kept; None if it never ran."""
    kept = connection.scalar(select(cursors.c.position).where(cursors.c.name == name))
    if kept is None:
        return None
    found: dict[str, Any] = json.loads(kept)
    return found


def kept(name: str) -> ColumnElement[str]:
    """The walk's position as it is kept, for a statement that asks for more."""
    return select(cursors.c.position).where(cursors.c.name == name).scalar_subquery()


def take_position(
    connection: Connection, name: str, first: dict[str, Any], *, at: datetime
) -> dict[str, Any]:
    """The walk's position, `first` where there is none, for the one who goes on: others wait.

    They stand in line at a row that is written, which holds on every node of a cluster.
    """
    row = {"name": name, "position": json.dumps(first, sort_keys=True), "updated_at": at}
    insert_missing(connection, cursors, [row], "name")
    connection.execute(update(cursors).where(cursors.c.name == name).values(updated_at=at))
    return position(connection, name) or first


def keep_position(
    connection: Connection, name: str, where: dict[str, Any], *, at: datetime
) -> None:
    """Move the walk's position in this transaction."""
    row = {"name": name, "position": json.dumps(where, sort_keys=True), "updated_at": at}
    upsert(connection, cursors, [row])
