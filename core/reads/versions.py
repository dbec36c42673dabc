"""A number per topic that is another one when what a screen shows may have changed."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from core import clock
from core.db.tables import api_requests, bulk_refunds, events, refund_requests, versions
from core.reads.permissions import requires

#: Logs, with the time by which their rows are shown: the numbers of the newest rows tell of a new
#: one without any writer's help. The last number would not, for servers hand out numbers in blocks,
#: and a row of a lower one may be committed later.
_LOGS = {
    "inbox": (events.c.received_at, events.c.seq),
    "api_log": (api_requests.c.started_at, api_requests.c.seq),
}
#: More rows are not committed out of their order at once.
_NEWEST = 100

ANY = "any"


@requires("see_payments")
def version(conn: Connection, *, topic: str, livemode: bool) -> int:
    """The topic's version, which is another one after a change: the sum over the slots that workers
    count in, and over the newest rows of a log; 0 before any change.

    Both modes share a topic: a change in the other mode costs a screen one redraw, no more. The
    topic `any` is all of them together.
    """
    if topic == "refunds":
        return _counted(conn, "payments") + _last_change(conn)
    counted = _counted(conn, topic)
    if topic not in _LOGS:
        return counted
    moment, seq = _LOGS[topic]
    newest = select(seq.label("seq")).order_by(moment.desc(), seq.desc()).limit(_NEWEST).subquery()
    return counted + int(conn.scalar(select(func.sum(newest.c.seq))) or 0)


def _counted(conn: Connection, topic: str) -> int:
    asked = select(func.coalesce(func.sum(versions.c.version), 0))
    if topic != ANY:
        asked = asked.where(versions.c.topic == topic)
    return int(conn.scalar(asked) or 0)


def _last_change(conn: Connection) -> int:
    """A number that differs once a request or a bulk changed: decisions are in no mirror."""
    last = [
        conn.scalar(select(func.max(table.c.updated_at)))
        for table in (refund_requests, bulk_refunds)
    ]
    return sum(clock.to_micros(moment) for moment in last if moment is not None)
