"""Searches of the logs are read by the index that was meant for them, and in its order."""

import pytest
from sqlalchemy import text

from core import clock
from core.db.engine import writing
from core.reads import api_log
from core.reads.search import calls as call_search
from core.reads.search import keyset
from tests.factories import fresh_engine
from tests.fixtures_logs import call

KEY = "0b4f6e0c-2f55-5c1e-9a53-6a4a0d2b7c11"


@pytest.mark.parametrize(
    ("line", "index"),
    [
        ("", "ax_walk"),
        ("path:refunds", "ax_walk"),
        ("status:404", "ax_status"),
        (f"key:{KEY}", "ax_key"),
        ("request:req_1", "ax_request"),
    ],
)
def test_sqlite_reads_each_search_by_its_index_and_in_order(tmp_path, line, index):
    engine = fresh_engine(f"sqlite:///{tmp_path / 'plan.db'}")
    with writing(engine) as conn:
        call(conn, status=404)
        plans = []
        spoken = conn.engine.dialect
        asked = call_search.search(
            conn,
            api_log.read_line(line),
            livemode=False,
            zone=api_log.UTC_ZONE,
            now=clock.now(),
        )
        start = keyset.Place(clock.now(), 10**6)
        for arm in asked.arms:
            rows = keyset._rows(asked.log, arm, True).where(
                *keyset._window(asked, start, None, True), *asked.tests
            )
            said = str(
                rows.limit(51).compile(dialect=spoken, compile_kwargs={"literal_binds": True})
            )
            plans += [row[3] for row in conn.execute(text(f"EXPLAIN QUERY PLAN {said}"))]
    engine.dispose()
    assert plans
    assert all(index in plan for plan in plans if "SEARCH" in plan), plans
    if index in ("ax_walk", "ax_status"):
        assert not any("TEMP B-TREE" in plan for plan in plans), plans
