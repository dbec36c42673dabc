"""How far a mode's events were read: the poll's cursor, and what a walk over lists made good."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from core import clock
from core.domain import cursors

#: Stripe keeps events for 30 days; what is older comes by backfill from the lists.
REACH = timedelta(days=30)


def events_name(livemode: bool) -> str:
    """The name of the cursor that a mode's poll keeps."""
    return f"events:{'live' if livemode else 'test'}"


def gap_of(kept: dict[str, Any], now: datetime) -> int | None:
    """Since when (Stripe's seconds) events are missing that Stripe has no more; None if none are.

    `kept` is the poll's position: `since` it has read all, `gap` is one that was found, and what
    a sync brought from the lists is `covered` up to there.
    """
    if not kept:
        return None
    gap: int | None = kept.get("gap")
    if gap is not None:
        return gap
    reached = max(kept["since"], kept.get("covered", 0))
    return kept["since"] if clock.from_unix(reached) < now - REACH else None


def cover(
    connection: Connection,
    livemode: bool,
    *,
    since: int,
    began: int,
    heals: bool,
    at: datetime,
) -> None:
    """Say that the lists were read since a time, by a walk that began at another (in seconds).

    A gap that this reaches is closed, if the walk `heals`: it then looked for all that is mirrored.
    """
    name = events_name(livemode)
    kept = cursors.position(connection, name) or {"since": began}
    gap = gap_of(kept, at)
    if gap is not None and (since > gap or not heals):
        return
    kept = {key: value for key, value in kept.items() if key != "gap"}
    cursors.keep_position(connection, name, kept | {"covered": began}, at=at)
