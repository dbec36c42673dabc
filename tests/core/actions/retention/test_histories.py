"""Rows about what is over go after their time, and nothing that is under way."""

from datetime import timedelta

from sqlalchemy import insert, select

from core import clock
from core.actions.retention.histories import prune_alerts, prune_exports
from core.db import tables as t
from core.db.engine import reading, writing

NOW = clock.now()
OLD = NOW - timedelta(days=100)


def kept(engine, column):
    with reading(engine) as connection:
        return set(connection.scalars(select(column)))


def test_requests_for_files_go_once_their_file_is_gone(engine):
    with writing(engine) as connection:
        for name, state, at in (
            ("gone", "removed", OLD),
            ("failed", "failed", OLD),
            ("there", "done", OLD),
            ("running", "running", OLD),
            ("young", "removed", NOW),
        ):
            connection.execute(
                insert(t.exports).values(
                    id=name,
                    kind="payments",
                    format="csv",
                    query="",
                    asked_by="ada",
                    state=state,
                    rows_done=0,
                    tries=1,
                    lease_until=at,
                    created_at=at,
                    updated_at=at,
                )
            )
    assert prune_exports(engine, days=0, at=NOW) == 0
    assert prune_exports(engine, days=90, at=NOW) == 2
    assert kept(engine, t.exports.c.id) == {"there", "running", "young"}
    assert prune_exports(engine, days=90, at=NOW) == 0


def alert(connection, number, **given):
    row = {
        "id": number,
        "rule_id": 1,
        "kind": "silence",
        "livemode": False,
        "subject": "s",
        "state": "closed",
        "facts": "{}",
        "first_seen_at": OLD,
        "last_seen_at": OLD,
        "notices": 1,
        "next_notice_at": OLD,
        "closed_at": OLD,
    }
    connection.execute(insert(t.alerts).values(**row | given))
    message(connection, number, alert_id=number)


def message(connection, number, **given):
    row = {
        "id": number,
        "channel_id": 1,
        "channel_name": "c",
        "notice": 1,
        "state": "sent",
        "attempts": 1,
        "created_at": OLD,
        "next_attempt_at": OLD,
    }
    connection.execute(insert(t.alert_deliveries).values(**row | given))


def test_closed_alerts_go_with_their_messages(engine):
    with writing(engine) as connection:
        alert(connection, 1)
        alert(connection, 2, state="open", closed_at=None)
        alert(connection, 3, closed_at=NOW)
        message(connection, 8)
        message(connection, 9, created_at=NOW)
    assert prune_alerts(engine, days=0, at=NOW) == 0
    assert prune_alerts(engine, days=90, at=NOW) == 1
    assert kept(engine, t.alerts.c.id) == {2, 3}
    assert kept(engine, t.alert_deliveries.c.id) == {2, 3, 9}
