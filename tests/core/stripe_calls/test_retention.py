"""The log of calls keeps a month, and no more."""

from datetime import timedelta

from core import clock
from core.db.engine import reading, writing
from core.reads.developer import api_log
from core.stripe_calls.retention import CHUNK, KEPT, prune
from tests.support.fixtures_logs import call


def test_calls_of_a_month_ago_go_and_younger_ones_stay(engine):
    now = clock.now()
    with writing(engine) as conn:
        for n in range(3):
            call(conn, started_at=now - KEPT - timedelta(seconds=1 + n))
        young = call(conn, started_at=now - KEPT + timedelta(seconds=5))
    assert prune(engine, at=now) == 3
    assert prune(engine, at=now) == 0
    with reading(engine) as conn:
        page = api_log.page(conn, query=api_log.read_line(""), livemode=False)
    assert [row.seq for row in page.rows] == [young]
    assert CHUNK <= 5000
