"""Every read answers on an empty database, on SQLite and on MariaDB."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection

from core.db.engine import open_engine, reading
from core.db.migrate import upgrade
from core.errors import NotFound
from core.reads import versions
from core.reads.customers import detail as customer_detail
from core.reads.customers import list as customer_list
from core.reads.overview import attention, overview
from core.reads.payments import detail as payment_detail
from core.reads.payments import list as payment_list
from core.reads.payouts import detail as payout_detail
from core.reads.payouts import list as payout_list
from core.reads.proof import breaks, runs, witnesses
from core.reads.revenue import revenue

NOW = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Kolkata")
PERIOD = {"since": date(2026, 11, 1), "until": date(2026, 11, 20)}


@pytest.fixture
def conn(database_url: str) -> Iterator[Connection]:
    engine = open_engine(database_url)
    upgrade(engine)
    with reading(engine) as connection:
        yield connection
    engine.dispose()


def test_screens_of_an_empty_account_are_empty(conn: Connection) -> None:
    clock = {"zone": ZONE, "now": NOW}
    assert overview.today(conn, livemode=False, **clock) == ()
    assert overview.net_today(conn, livemode=False, **clock) == ()
    assert overview.complete_days(conn, livemode=False, **clock) == ()
    assert sum(one.succeeded for one in overview.per_hour(conn, livemode=False, **clock)) == 0
    assert overview.latest_failures(conn, livemode=False) == ()
    assert overview.freshness(conn, livemode=False).last_event_at is None
    assert attention.needs_you(conn, livemode=False, now=NOW) == ()
    assert versions.version(conn, topic="payments", livemode=False) == 0


def test_proof_and_payouts_of_an_empty_account_are_empty(conn: Connection) -> None:
    days = {"livemode": False, "since": PERIOD["since"], "until": PERIOD["until"]}
    assert witnesses.bridges(conn, **days, zone=ZONE) == ()
    assert runs.last(conn, **days) is None
    assert runs.asked(conn, livemode=False) is None
    assert runs.counts(conn, livemode=False) == {}
    month = date(2026, 11, 1)
    assert runs.months(conn, livemode=False, today=NOW.date()) == (month,)
    assert breaks.page(conn, livemode=False) == breaks.Page((), None, None)
    assert breaks.filters(conn, livemode=False) == breaks.Filters((), ())
    assert breaks.workers(conn) == ()
    assert payout_list.page(conn, livemode=False) == payout_list.Page((), None, None)
    assert payout_list.unpaid(conn, livemode=False) == ()
    assert payout_list.currencies(conn, livemode=False) == ()
    rows = payout_detail.rows(conn, livemode=False, payout_id="po_none")
    assert rows == payout_detail.RowPage((), None, None)


def test_customers_of_an_empty_account_are_none(conn: Connection) -> None:
    assert customer_list.page(conn, livemode=False) == customer_list.CustomerPage(())
    assert customer_list.page(conn, livemode=False, search="maria") == customer_list.CustomerPage(
        ()
    )
    with pytest.raises(NotFound):
        customer_detail.by_id(conn, customer="cus_none", livemode=False, now=NOW)


def test_list_of_an_empty_account_has_no_cursor(conn: Connection) -> None:
    found = payment_list.page(conn, query=payment_list.parse("status:failed"), livemode=False)
    assert (found.rows, found.newer_cursor, found.older_cursor) == ((), None, None)
    assert found.count is not None
    assert found.count.label == "0"


def test_revenue_of_an_empty_account_is_zero(conn: Connection) -> None:
    asked = {"livemode": False, "currency": "usd", **PERIOD}
    both = revenue.summary(conn, **asked)
    assert (both.current.net_minor, both.previous.net_minor) == (0, 0)
    assert both.current.fee_rate is None
    for by, periods in (("day", 19), ("week", 4), ("month", 1)):
        assert len(revenue.series(conn, **asked, by=by)) == periods
    assert revenue.by_method(conn, **asked) == []
    assert revenue.by_country(conn, **asked) == []
    assert revenue.currencies(conn, livemode=False) == ()


def test_payment_that_is_not_there_is_not_found(conn: Connection) -> None:
    with pytest.raises(NotFound):
        payment_detail.by_id(conn, payment_id="pi_none", livemode=False)
