"""The operators' log: found by who, what, whom, how it ended and when; its chain's state."""

from __future__ import annotations

import random
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from core import clock
from core.access import audit
from core.access.principals import Caller
from core.actions.admin import audit_verification as audit_actions
from core.db.engine import reading, writing
from core.db.tables import audit_log
from core.domain.sign_ins import account_key
from core.errors import InvalidInput, NotFound
from core.reads.admin import audit as reads
from tests.support.administrators import office_of
from tests.support.fixtures_access import make_console, person
from tests.support.fixtures_actions import with_token

NOW = clock.from_unix(1_795_000_000)


@pytest.fixture
def here(access_url):
    made = make_console(access_url)
    yield made
    made.engine.dispose()


@pytest.fixture
def log(here):
    """Ada, Bob and Ada's token over twelve hours; returns who is who."""
    ada = person(here, "admin", "viewer", email="ada@shop.example")
    bob = person(here, "support", email="bob@shop.example")
    token = with_token(here, ada, "service").actor
    told = [
        (ada, "sign_in", "", "ok"),
        (ada, "payment.view", "pi_1", "ok"),
        (bob, "payment.view", "pi_1", "ok"),
        (bob, "refund.ask", "pi_1", "sending"),
        (bob, "refund.approve", "re_1", "refused"),
        (token, "payment.create", "pi_2", "asked"),
        (ada, "user.disable", bob, "ok"),
        (account_key("ada@shop.example"), "sign_in", "", "throttled"),
        (account_key("eve@evil.example"), "sign_in", "", "refused"),
        ("cli:root", "user.enable", bob, "ok"),
        (ada, "export", "payments.csv", "ok"),
        (ada, "payment.view", "pi_2", "ok"),
    ]
    with writing(here.engine) as connection:
        connection.execute(audit_log.delete())
        connection.execute(audit.settings_table.delete())
        for number, (actor, action, target, outcome) in enumerate(told):
            audit.append(
                connection,
                actor=actor,
                action=action,
                target=target,
                outcome=outcome,
                now=NOW - timedelta(hours=len(told) - number),
            )
    return {"ada": ada, "bob": bob, "token": token}


def page(here, line="", **more):
    with reading(here.engine) as connection:
        return reads.page(connection, query=reads.read_line(line), now=NOW, **more)


def found(here, line):
    return [row.seq for row in page(here, line).rows]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", [*range(12, 0, -1)]),
        ("actor:ada@shop.example", [12, 11, 8, 7, 6, 2, 1]),
        ("actor:ADA@shop*", [12, 11, 8, 7, 6, 2, 1]),
        ("actor:bob@shop.example,cli:root", [10, 5, 4, 3]),
        ("actor:eve@evil.example", [9]),
        ("-actor:ada@*", [10, 9, 5, 4, 3]),
        ("action:refund.*", [5, 4]),
        ("action:refund.ask,export", [11, 4]),
        ("-action:payment.*", [11, 10, 9, 8, 7, 5, 4, 1]),
        ("action:nothing.*", []),
        ("outcome:refused", [9, 5]),
        ("-outcome:ok", [9, 8, 6, 5, 4]),
        ("target:pi_1", [4, 3, 2]),
        ("target:bob@shop.example", [10, 7]),
        ("bob@shop.example", [10, 7, 5, 4, 3]),
        ("pi_2", [12, 6]),
        ("row:3,12,99", [12, 3]),
        ("at:3h", [12, 11, 10]),
        ("action:payment.view actor:bob@*", [3]),
        ("target:pi_1 action:refund.*", [4]),
        ("actor:ada@* -target:pi_1 action:payment.view", [12]),
    ],
)
def test_a_line_finds_its_rows_newest_first(here, log, line, expected):
    assert found(here, line) == expected


def test_days_are_those_of_the_zone(here, log):
    tokyo = ZoneInfo("Asia/Tokyo")
    start = NOW.astimezone(tokyo).date()
    rows = page(here, f"at:{start}", zone=tokyo).rows
    assert [row.seq for row in rows] == [
        n + 1
        for n in reversed(range(12))
        if (NOW - timedelta(hours=12 - n)).astimezone(tokyo).date() == start
    ]


@pytest.mark.parametrize("line", ["colour:red", "row:x", "at:soon", "action:a*b", "outcome:a-b"])
def test_a_line_that_cannot_be_read_names_its_term(line):
    with pytest.raises(InvalidInput) as refused:
        reads.read_line(line)
    assert refused.value.field == line.partition(":")[0]


def test_actors_and_targets_have_names(here, log):
    rows = {row.seq: row for row in page(here).rows}
    assert rows[1].actor_name == "ada@shop.example"
    assert rows[6].actor_name.endswith("· ada@shop.example")
    assert rows[7].target_name == "bob@shop.example"
    assert rows[8].actor_name == "ada@shop.example"
    assert (rows[9].actor_name, rows[10].actor_name) == (None, None)
    assert rows[2].target_name is None


def test_pages_turn_both_ways_and_hold_each_row_once(here):
    chance = random.Random(4)
    with writing(here.engine) as connection:
        for number in range(137):
            audit.append(
                connection,
                actor="u",
                action=chance.choice(["a", "b"]),
                now=NOW - timedelta(seconds=chance.randrange(5)),
                details={"n": number},
            )
    for line in ("actor:u", "actor:u action:a", "action:a,b actor:u"):
        seen, cursor, pages = [], None, []
        while True:
            got = page(here, line, cursor=cursor)
            pages.append(got)
            seen += [row.seq for row in got.rows]
            if got.older is None:
                break
            cursor = got.older
        assert len(seen) == len(set(seen))
        assert seen == sorted(seen, key=lambda seq: (_at(pages, seq), seq), reverse=True)
        back = page(here, line, cursor=pages[-1].newer, older=False)
        assert back.rows == pages[-2].rows


def _at(pages, seq):
    return next(row.at for got in pages for row in got.rows if row.seq == seq)


def test_a_row_is_shown_in_full_or_is_not_there(here, log):
    with reading(here.engine) as connection:
        row = reads.row(connection, seq=7)
        assert (row.action, row.target_name) == ("user.disable", "bob@shop.example")
        assert row.previous_hash == reads.row(connection, seq=6).hash
        with pytest.raises(NotFound):
            reads.row(connection, seq=99)


def chain(here):
    with reading(here.engine) as connection:
        return reads.chain(connection)


def test_the_chain_says_when_it_was_walked_and_what_was_found(here, log):
    before = chain(here)
    assert (before.rows, len(before.hash), before.verified) == (12, 64, None)
    caller = Caller(log["ada"])
    admin_context = office_of(here)
    audit_actions.verify(admin_context, caller, audit_actions.Walk(), seconds=60)
    walked = chain(here).verified
    assert (walked.rows, walked.by, walked.broken_seq) == (12, "ada@shop.example", None)
    with writing(here.engine) as connection:
        connection.execute(audit_log.update().where(audit_log.c.seq == 4).values(target="pi_9"))
    audit_actions.verify(admin_context, caller, audit_actions.Walk(), seconds=60)
    walked = chain(here).verified
    assert (walked.broken_seq, walked.why) == (4, "was changed")


@pytest.mark.parametrize("details", ["", "{}", "[]", '{"rows":"x","broken":3}'])
def test_a_finding_that_somebody_rewrote_is_not_believed(here, log, details):
    with writing(here.engine) as connection:
        audit.append(connection, actor="x", action=reads.VERIFY)
        last = audit_log.c.action == reads.VERIFY
        connection.execute(audit_log.update().where(last).values(details=details))
    assert chain(here).verified is None
