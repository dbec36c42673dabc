"""Searches of the logs are read by the index that was meant for them, and in its order."""

import pytest
from sqlalchemy import text

from core import clock
from core.db.engine import writing
from core.reads.developer import api_log
from core.reads.search.logs import api_log as api_log_search
from core.reads.search.logs import events as event_search
from core.reads.search.logs import keyset
from core.reads.search.paging import Position
from tests.support.factories import fresh_engine
from tests.support.fixtures_logs import call, event

KEY = "0b4f6e0c-2f55-5c1e-9a53-6a4a0d2b7c11"
#: Few rows: these are sorted after they were found.
SORTED = {"ax_key", "ax_request", "ex_object", "ex_due", "sqlite_autoindex_events_1"}


def plans(tmp_path, terms, line):
    """What SQLite says it will do for the second page of a search."""
    engine = fresh_engine(f"sqlite:///{tmp_path / 'plan.db'}")
    with writing(engine) as conn:
        call(conn, status=404)
        event(conn, type="charge.updated", state="dead")
        asked = terms.search(
            conn,
            terms.read_line(line),
            livemode=False,
            zone=api_log.UTC_ZONE,
            now=clock.now(),
        )
        start = Position(clock.now(), 10**6)
        window = keyset._window(asked, start, None, True)
        found = []
        for path in asked.paths:
            rows = keyset._rows(asked.log, path, True).where(*window, *asked.tests).limit(51)
            said = rows.compile(dialect=engine.dialect, compile_kwargs={"literal_binds": True})
            found += [row[3] for row in conn.execute(text(f"EXPLAIN QUERY PLAN {said}"))]
    engine.dispose()
    return found


@pytest.mark.parametrize(
    ("terms", "line", "index"),
    [
        (api_log_search, "", "ax_walk"),
        (api_log_search, "path:refunds", "ax_walk"),
        (api_log_search, "-status:2xx time:24h", "ax_walk"),
        (api_log_search, "status:404 path:refunds", "ax_status"),
        (api_log_search, f"key:{KEY}", "ax_key"),
        (api_log_search, f"key:{KEY} time:24h status:404", "ax_key"),
        (api_log_search, "request:req_1", "ax_request"),
        (event_search, "", "ex_received"),
        (event_search, "state:applied", "ex_received"),
        (event_search, "-type:charge.*", "ex_received"),
        (event_search, "created:24h source:poll", "ex_received"),
        (event_search, "type:charge.* state:applied", "ex_type"),
        (event_search, "type:charge.updated received:24h", "ex_type"),
        (event_search, "state:dead", "ex_due"),
        (event_search, "state:dead received:24h", "ex_due"),
        (event_search, "object:pi_1", "ex_object"),
        (event_search, "object:pi_1 type:charge.* state:dead", "ex_object"),
        (event_search, "id:evt_1", "sqlite_autoindex_events_1"),
        (event_search, "source:simulated", "sqlite_autoindex_events_1"),
        (event_search, "source:simulated received:24h", "sqlite_autoindex_events_1"),
    ],
)
def test_sqlite_reads_each_search_by_its_index_and_in_order(tmp_path, terms, line, index):
    found = plans(tmp_path, terms, line)
    reads = [plan for plan in found if plan.startswith(("SEARCH", "SCAN"))]
    assert reads
    assert all(f"INDEX {index} " in f"{plan} " for plan in reads), found
    if index not in SORTED:
        assert not any("TEMP B-TREE" in plan for plan in found), found
