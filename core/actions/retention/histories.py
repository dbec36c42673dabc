"""Rows about what is over go after a time: files that were asked for, alerts that are closed."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Engine, delete, select

from core.db.engine import retrying, writing
from core.db.tables import alert_deliveries, alerts, exports
from core.states import AlertState, ExportState

#: Rows that one transaction takes away: it holds no other writer up for long.
CHUNK = 500
#: A file that is done has to be removed first.
_OVER = (ExportState.FAILED, ExportState.CANCELED, ExportState.REMOVED)


def prune_exports(engine: Engine, *, days: int, at: datetime) -> int:
    """Delete requests for files that ended so many days ago, one chunk of them; how many.

    0 days: all are kept.
    """
    return retrying(partial(_exports, engine, at - timedelta(days=days))) if days else 0


def prune_alerts(engine: Engine, *, days: int, at: datetime) -> int:
    """Delete alerts that were closed so many days ago and their messages, and tests of channels,
    one chunk of them; how many alerts. 0 days: all are kept."""
    return retrying(partial(_alerts, engine, at - timedelta(days=days))) if days else 0


def _exports(engine: Engine, before: datetime) -> int:
    x = exports.c
    old = select(x.id).where(x.state.in_(_OVER), x.updated_at < before).limit(CHUNK)
    with writing(engine) as connection:
        ids = connection.scalars(old).all()
        if ids:
            connection.execute(delete(exports).where(x.id.in_(ids)))
    return len(ids)


def _alerts(engine: Engine, before: datetime) -> int:
    a, d = alerts.c, alert_deliveries.c
    old = select(a.id).where(a.state == AlertState.CLOSED, a.closed_at < before).limit(CHUNK)
    tests = select(d.id).where(d.alert_id.is_(None), d.created_at < before).limit(CHUNK)
    with writing(engine) as connection:
        ids = connection.scalars(old).all()
        tried = connection.scalars(tests).all()
        if tried:
            connection.execute(delete(alert_deliveries).where(d.id.in_(tried)))
        if ids:
            connection.execute(delete(alert_deliveries).where(d.alert_id.in_(ids)))
            connection.execute(delete(alerts).where(a.id.in_(ids)))
    return len(ids)
