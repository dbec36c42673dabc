"""The API log: found by each term, paged by key, and joined to the operation behind a key."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import clock
from core.db.engine import reading, writing
from core.errors import InvalidInput, NotFound
from core.reads import versions
from core.reads.developer import api_log
from core.reads.search.logs import api_log as call_search
from tests.support.fixtures_logs import call, operation

KEY = "0b4f6e0c-2f55-5c1e-9a53-6a4a0d2b7c11"


@pytest.fixture
def kept(engine):
    """Calls by what is special about them."""
    now, made = clock.now(), {}
    with writing(engine) as conn:
        made["old"] = call(conn, started_at=now - timedelta(hours=3))
        made["plain"] = call(conn, started_at=now - timedelta(minutes=9))
        made["slow"] = call(conn, duration_us=700_500, started_at=now - timedelta(minutes=8))
        made["refund"] = call(
            conn,
            method="POST",
            path="/v1/refunds",
            status=402,
            idempotency_key=KEY,
            started_at=now - timedelta(minutes=7),
        )
        made["missing"] = call(conn, status=404, started_at=now - timedelta(minutes=6))
        made["busy"] = call(conn, status=503, started_at=now - timedelta(minutes=5))
        made["dropped"] = call(
            conn,
            status=None,
            request_id=None,
            error="ReadTimeout",
            method="POST",
            path="/v1/refunds",
            idempotency_key=KEY,
            attempt=2,
            started_at=now - timedelta(minutes=4),
        )
        made["live"] = call(conn, livemode=True, started_at=now - timedelta(minutes=3))
    return made


def found(engine, line, kept, **asked):
    with reading(engine) as conn:
        page = api_log.page(conn, query=api_log.read_line(line), livemode=False, **asked)
    names = {seq: name for name, seq in kept.items()}
    return [names[row.seq] for row in page.rows]


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("", "dropped busy missing refund slow plain old"),
        ("status:4xx", "missing refund"),
        ("status:404", "missing"),
        ("status:failed", "dropped busy missing refund"),
        ("status:none", "dropped"),
        ("status:ok", "slow plain old"),
        ("status:200,503", "busy slow plain old"),
        ("-status:4xx,none", "busy slow plain old"),
        ("-status:2xx", "dropped busy missing refund"),
        ("status:418", ""),
        ("method:post", "dropped refund"),
        ("method:post status:4xx", "refund"),
        ("status:4xx method:post path:refunds", "refund"),
        ("-path:refunds", "busy missing slow plain old"),
        ("refunds", "dropped refund"),
        ("path:Refunds", ""),
        (",", ""),
        ("-, status:4xx", "missing refund"),
        ("slow:>500", "slow"),
        ("slow:700", "slow"),
        ("slow:>700", ""),
        ("slow:<=120 status:ok", "plain old"),
        ("slow:100..200 path:refunds", "dropped refund"),
        ("try:>1", "dropped"),
        ("error:ReadTimeout", "dropped"),
        ("-error:ReadTimeout status:failed", "busy missing refund"),
        (f"key:{KEY}", "dropped refund"),
        (KEY, "dropped refund"),
        (f"key:{KEY} status:none", "dropped"),
        (f"-key:{KEY} status:failed", "busy missing"),
        ("time:1h", "dropped busy missing refund slow plain"),
        ("-time:1h", "old"),
        ("time:>1h", ""),
    ],
)
def test_each_term_finds_its_calls_newest_first(engine, kept, line, names):
    if line == "time:>1h":
        with pytest.raises(InvalidInput, match="time: must be a time"):
            api_log.read_line(line)
        return
    assert " ".join(found(engine, line, kept)) == names


def test_a_request_id_finds_its_call_in_its_own_mode(engine, kept):
    with reading(engine) as conn:
        ask = {"query": api_log.read_line(""), "livemode": True}
        (other,) = api_log.page(conn, **ask).rows
    assert found(engine, f"request:{other.request_id}", kept) == []
    with reading(engine) as conn:
        query = api_log.read_line(str(other.request_id))
        (row,) = api_log.page(conn, query=query, livemode=True).rows
    assert row.seq == kept["live"]


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("status:9xx", "status"),
        ("status:fine", "status"),
        ("method:put", "method"),
        ("slow:often", "slow"),
        ("slow:>>5", "slow"),
        ("try:-1", "try"),
        ("request:a-b", "request"),
        ("time:soon", "time"),
        ("amount:>100", "amount"),
        ("10.0.0.1:80", "10.0.0.1"),
    ],
)
def test_a_term_that_cannot_be_read_is_named(line, field):
    with pytest.raises(InvalidInput) as caught:
        api_log.read_line(line)
    assert caught.value.field == field


def test_pages_follow_each_other_in_both_directions_over_equal_times(engine):
    now = clock.now()
    with writing(engine) as conn:
        seqs = [call(conn, started_at=now - timedelta(seconds=n // 3)) for n in range(20)]
    expected = [seq for _, seq in sorted(((-(n // 3), seq) for n, seq in enumerate(seqs)))][::-1]
    with reading(engine) as conn:
        ask = {"query": api_log.read_line("status:ok"), "livemode": False, "limit": 6}
        pages, cursor = [], None
        while True:
            page = api_log.page(conn, **ask, cursor=cursor)
            pages.append(page)
            if (cursor := page.older) is None:
                break
        assert [row.seq for page in pages for row in page.rows] == expected
        back = api_log.page(conn, **ask, cursor=pages[2].newer, older=False)
        assert back.rows == pages[1].rows
        newest = api_log.page(conn, **ask, cursor=pages[1].newer, older=False)
        assert newest.rows == pages[0].rows
        assert newest.newer is None


def test_a_search_ends_with_its_budget_and_goes_on_from_there(engine, monkeypatch):
    monkeypatch.setattr(call_search, "BUDGET", 10)
    now = clock.now()
    with writing(engine) as conn:
        wanted = call(conn, path="/v1/rare", started_at=now - timedelta(hours=1))
        for n in range(35):
            call(conn, started_at=now - timedelta(seconds=n))
    seen, cursor, rounds = [], None, 0
    with reading(engine) as conn:
        while True:
            page = api_log.page(
                conn, query=api_log.read_line("path:rare"), livemode=False, cursor=cursor
            )
            seen += [row.seq for row in page.rows]
            rounds += 1
            if (cursor := page.older) is None:
                break
            assert page.searched_to is not None
    assert seen == [wanted]
    assert rounds == 4


def test_the_last_hour_in_figures(engine, kept):
    with reading(engine) as conn:
        shown = api_log.figures(conn, livemode=False, now=clock.now())
    assert (shown.calls, shown.failed, shown.declined) == (6, 3, 1)
    assert shown.p95_us == 700_500
    assert shown.complete


def test_figures_of_more_calls_than_are_looked_at_say_so(engine, kept, monkeypatch):
    monkeypatch.setattr(api_log, "MOST_FIGURED", 2)
    with reading(engine) as conn:
        shown = api_log.figures(conn, livemode=False, now=clock.now())
    assert (shown.calls, shown.complete) == (2, False)


def test_a_key_leads_to_its_tries_and_to_who_asked(engine, kept):
    with writing(engine) as conn:
        operation(conn, KEY, "somebody")
        made = api_log.detail(conn, seq=kept["dropped"], livemode=False)
    assert [one.seq for one in made.tries] == [kept["refund"], kept["dropped"]]
    assert made.operation is not None
    assert (made.operation.kind, made.operation.state) == ("refund.create", "succeeded")
    assert (made.operation.actor, made.operation.actor_email) == ("somebody", None)
    assert made.operation.outcome == {"facts": {"id": "re_77", "status": "succeeded"}}


def test_a_call_of_the_other_mode_is_not_found(engine, kept):
    with reading(engine) as conn, pytest.raises(NotFound):
        api_log.detail(conn, seq=kept["live"], livemode=False)


def test_a_new_call_moves_the_number_that_screens_ask_for(engine, kept):
    def number():
        with reading(engine) as conn:
            return versions.version(conn, topic="api_log", livemode=False)

    before = number()
    with writing(engine) as conn:
        call(conn)
    assert number() > before
