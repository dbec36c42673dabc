"""Keeping what a run found: a break once, whatever runs find it, until one finds it gone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from core.db.tables import breaks, reconcile_runs
from core.domain import versions
from core.proof.breaks import Break
from core.proof.span import Span
from core.states import BreakState
from core.version import VERSION

#: Where who writes what a run found, and who says why it is there, stand in line.
LINE = "differences"
_K = breaks.c


def record_run(
    connection: Connection,
    span: Span,
    *,
    found: Sequence[Break],
    outcome: str,
    witnesses: str,
    digest: str,
    asked_by: str,
    started_at: datetime,
    ended_at: datetime,
    whole: bool,
) -> int:
    """Write a run and its breaks; its number.

    A break that was known stays the same one, with its owner and what was said of it. One of these
    days that this run did not find is closed, unless the run could not ask for everything.
    """
    expected = sum(one.is_expected(ended_at) for one in found)
    run = connection.execute(
        insert(reconcile_runs).values(
            livemode=span.livemode,
            first_day=span.first,
            last_day=span.last,
            zone=str(span.zone),
            version=VERSION,
            asked_by=asked_by,
            outcome=outcome,
            open=len(found) - expected,
            expected=expected,
            witnesses=witnesses,
            digest=digest,
            started_at=started_at,
            ended_at=ended_at,
        )
    ).inserted_primary_key
    assert run is not None  # a key that counts itself
    number = int(run[0])
    known = _known(connection, span)
    for one in found:
        _record(connection, span, one, known.pop(one.key, None), number, ended_at)
    if whole:
        for gone in known.values():
            if gone.state != BreakState.CLOSED and span.first <= gone.day <= span.last:
                _close(connection, gone.id, number, ended_at)
    versions.bump(connection, ["revenue"], slot=0)
    return number


def _known(connection: Connection, span: Span) -> dict[tuple[str, str, str], Any]:
    query = select(_K.id, _K.kind, _K.object_id, _K.currency, _K.state, _K.day).where(
        _K.livemode == span.livemode
    )
    return {(row.kind, row.object_id, row.currency): row for row in connection.execute(query)}


def _record(
    connection: Connection, span: Span, one: Break, known: Any, run: int, at: datetime
) -> None:
    state = BreakState.EXPECTED if one.is_expected(at) else BreakState.OPEN
    values: dict[str, Any] = {
        "identity": one.identity,
        "day": one.day,
        "ours_minor": one.ours_minor,
        "theirs_minor": one.theirs_minor,
        "cause": one.cause,
        "due_at": one.due,
        "last_run": run,
        "closed_at": None,
    }
    if known is None:
        connection.execute(
            insert(breaks).values(
                livemode=span.livemode,
                kind=one.kind,
                object_id=one.object_id,
                currency=one.currency,
                state=state,
                first_run=run,
                found_at=at,
                **values,
            )
        )
        return
    if known.state != BreakState.EXPLAINED:
        values["state"] = state
    connection.execute(update(breaks).where(_K.id == known.id).values(**values))


def _close(connection: Connection, break_id: int, run: int, at: datetime) -> None:
    connection.execute(
        update(breaks)
        .where(_K.id == break_id)
        .values(state=BreakState.CLOSED, closed_at=at, last_run=run)
    )
