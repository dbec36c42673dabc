"""The rows behind a step of the bridge come to that step, over all their pages."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from core.db.engine import reading
from core.domain.closings import closings
from core.errors import InvalidInput
from core.reads.ledger import rows as reads
from core.reads.ledger.rows import Filters
from tests.support.factories import UTC_ZONE
from tests.support.fixtures_proof import span_of


@pytest.fixture
def conn(proof_account):
    with reading(proof_account.engine) as connection:
        yield connection


def asked(conn, fn, filters, **named):
    return fn(conn, livemode=False, zone=UTC_ZONE, filters=filters, **named)


def test_each_step_of_each_bridge_is_the_sum_of_its_rows(conn):
    since, until = span_of(10).first, span_of().last + timedelta(days=1)
    start, end = (datetime.combine(day, time(), UTC) for day in (since, until))
    steps = 0
    for closing in closings(conn, False, start, end):
        for step in closing.steps:
            filters = Filters(since, until, closing.currency, closing.balance_type, step.category)
            (found,) = asked(conn, reads.sums, filters)
            assert (found.count, found.gross_minor, found.net_minor) == (
                step.count,
                step.gross_minor,
                step.net_minor,
            )
            steps += 1
        whole = Filters(since, until, closing.currency, closing.balance_type)
        moved = sum(one.net_minor for one in asked(conn, reads.sums, whole))
        assert closing.opening_minor + moved == closing.closing_minor
    assert steps > 8


def test_pages_hold_each_row_once_newest_first(conn):
    filters = Filters(span_of(5).first, None, "usd")
    found, cursor = [], None
    while True:
        page = asked(conn, reads.page, filters, cursor=cursor, limit=7)
        found += page.rows
        if (cursor := page.older) is None:
            break
    (total,) = asked(conn, reads.sums, filters)
    assert len({row.stripe_id for row in found}) == len(found) == total.count
    assert sum(row.net_minor for row in found) == total.net_minor
    assert [row.created_at for row in found] == sorted(
        (row.created_at for row in found), reverse=True
    )
    assert asked(conn, reads.exceeds, filters, most=total.count) is False
    assert asked(conn, reads.exceeds, filters, most=total.count - 1) is True


def test_a_month_that_is_not_closed_has_no_late_rows(conn):
    with pytest.raises(InvalidInput, match="is not closed"):
        asked(conn, reads.page, Filters(late_of="2026-10"))
