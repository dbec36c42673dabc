"""Where a ledger begins, and what its kept sums tell of its rows, on both databases."""

from datetime import UTC, date, datetime

from core.db.engine import open_engine, reading, writing
from core.domain.first_day import first_day
from core.reads.proof import witnesses
from tests.support import factories
from tests.support.factories import UTC_ZONE


def at(day):
    return datetime(2026, 3, day, 12, tzinfo=UTC)


def test_the_first_day_is_that_of_the_currency_that_began_first(database_url):
    engine = open_engine(database_url)
    with writing(engine) as conn:
        assert first_day(conn, False) is None
        for currency, day in (("usd", 9), ("eur", 7), ("jpy", 8), ("eur", 11)):
            factories.paid(conn, currency=currency, created_at=at(day))
        assert first_day(conn, False) == date(2026, 3, 7)
        assert first_day(conn, True) is None
    engine.dispose()


def test_kept_sums_tell_of_each_row_that_comes_and_of_no_other_currency(database_url):
    engine = open_engine(database_url)
    asked = {"livemode": False, "currency": "usd", "since": date(2026, 3, 10)}

    def kept():
        with reading(engine) as conn:
            return witnesses.kept_sums(conn, until=date(2026, 3, 20), **asked)

    def paid(currency, day):
        with writing(engine) as conn:
            factories.paid(conn, currency=currency, created_at=at(day))

    nothing = kept()
    paid("eur", 15)
    assert kept() == nothing
    paid("usd", 2)
    earlier = kept()
    assert earlier.before != nothing.before
    assert earlier.within == nothing.within
    paid("usd", 15)
    later = kept()
    assert later.within != earlier.within
    assert later.before == earlier.before
    with reading(engine) as conn:
        nets = witnesses.before(conn, zone=UTC_ZONE, **asked)
        moved = witnesses.steps(conn, zone=UTC_ZONE, until=date(2026, 3, 20), **asked)
    assert nets.keys() == moved.keys() == {("usd", "payments")}
    engine.dispose()
