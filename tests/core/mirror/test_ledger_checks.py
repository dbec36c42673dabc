"""The ledger beside Stripe's own list, by day, and beside its balance: what differs is told."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select, update

from core import clock
from core.db.engine import reading, writing
from core.db.tables import balance_checks, balance_transactions
from core.domain import cursors
from core.emulator.server import start_emulator
from core.errors import MalformedObject, StripeUnreachable
from core.mirror import balance_check, ledger_check
from core.mirror.balance_check import check_balance
from core.mirror.ledger_check import DAYS, check_ledger
from core.mirror.ledger_walk import catch_up
from core.mirror.rollups import differences as drift
from core.mirror.streams import Backfilling
from core.reads.revenue.ledger_checks import differences
from tests.support.account_mirror import connect

DAY = 86_400


@pytest.fixture
def emulator(tmp_path):
    with start_emulator(state_path=tmp_path / "emulator.db", seed=5) as running:
        yield running


@pytest.fixture
def spine(emulator, database_url):
    made = connect(emulator, database_url)
    yield made
    made.engine.dispose()


@pytest.fixture
def small(emulator, tmp_path):
    made = connect(emulator, f"sqlite:///{tmp_path}/small.db")
    yield made
    made.engine.dispose()


@pytest.fixture
def at(monkeypatch):
    """Has Tillwatch's clock go ahead by so many seconds."""
    real, ahead = clock.now, [0]
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(seconds=ahead[0]))

    def go(seconds):
        ahead[0] += seconds

    return go


def fee(emulator, amount, ago, **given):
    """A row that no charge names, listed only now though it is so old."""
    created = clock.to_unix(clock.now()) - ago
    order = {"type": "stripe_fee", "amount": -amount, "currency": "usd", "created": created}
    made = emulator.control("POST", "balance_transactions", order | given)
    return [row["id"] for row in made["balance_transactions"]]


def kept(spine):
    with reading(spine.engine) as connection:
        return set(connection.scalars(select(balance_transactions.c.stripe_id)))


def walk(spine):
    return catch_up(spine.engine, spine.gateway, spine.books).new


def whole_pass(spine):
    """Compare all days that are due: what each step did."""
    done = []
    while (one := check_ledger(spine.engine, spine.gateway, spine.books)).day is not None:
        done.append(one)
        assert len(done) <= DAYS
    return done


def told(spine):
    with reading(spine.engine) as connection:
        return differences(connection, livemode=False)


def test_a_row_that_is_listed_hours_late_is_found_within_minutes(spine, emulator, at):
    emulator.traffic(3, seed=1)
    emulator.settle()
    walk(spine)
    walk(spine)
    late = fee(emulator, 450, ago=3 * 3600)
    assert walk(spine) == 0
    at(5 * 60 + 1)
    assert walk(spine) == 1
    assert kept(spine) >= set(late)
    later = fee(emulator, 451, ago=30 * 3600 + 300)
    at(5 * 60 + 1)
    assert walk(spine) == 0
    at(3600)
    assert walk(spine) == 1
    assert kept(spine) >= set(later)
    assert drift(spine.engine) == []


def test_a_row_that_is_listed_days_late_is_found_by_the_daily_check(spine, emulator):
    emulator.history(days=6, per_day=8, seed=2)
    spine.sync(days=30)
    late = fee(emulator, 450, ago=4 * DAY)
    old = fee(emulator, 77, ago=33 * DAY)
    assert walk(spine) == 0
    assert sum(one.fetched for one in whole_pass(spine)) == 2
    assert kept(spine) >= {*late, *old}
    assert drift(spine.engine) == []
    found = told(spine)
    assert found.days == ()
    assert found.days_checked_at is not None


def test_all_days_are_compared_once_a_day_and_no_more(small, emulator, at):
    emulator.history(days=3, per_day=5, seed=2)
    small.sync(days=30)
    done = whole_pass(small)
    today = clock.now().astimezone(UTC).date()
    assert [one.day for one in done] == [today - timedelta(days=n) for n in range(1, DAYS + 1)]
    assert whole_pass(small) == []
    at(DAY)
    assert len(whole_pass(small)) == DAYS


def test_while_a_backfill_runs_nothing_counts_as_late(small, emulator, at):
    emulator.history(days=3, per_day=5, seed=2)
    with Backfilling(small.engine, False, clock.now()) as noted:
        assert whole_pass(small) == []
        assert kept(small) == set()
    # As one leaves it that is killed.
    noted.goes_on(50)
    assert whole_pass(small) == []
    at(3 * 60)
    assert len(whole_pass(small)) == DAYS
    assert kept(small) != set()


def test_the_ledger_is_compared_once_its_backfill_is_through(small, emulator):
    emulator.history(days=3, per_day=5, seed=2)
    small.sync(days=30)
    done = whole_pass(small)
    assert len(done) == DAYS
    assert sum(one.fetched for one in done) == 0


def test_a_comparison_cut_short_goes_on_from_its_day(small, emulator, monkeypatch):
    emulator.history(days=3, per_day=5, seed=2)
    small.sync(days=30)
    for _ in range(4):
        check_ledger(small.engine, small.gateway, small.books)
    real = ledger_check.read_ledger_page

    def silent(*_given, **_named):
        raise StripeUnreachable

    monkeypatch.setattr(ledger_check, "read_ledger_page", silent)
    with pytest.raises(StripeUnreachable):
        check_ledger(small.engine, small.gateway, small.books)
    monkeypatch.setattr(ledger_check, "read_ledger_page", real)
    rest = whole_pass(small)
    today = clock.now().astimezone(UTC).date()
    assert [one.day for one in rest] == [today - timedelta(days=n) for n in range(5, DAYS + 1)]


def test_rows_that_stripe_lists_no_more_are_told_and_stay(spine, emulator, at):
    emulator.history(days=4, per_day=8, seed=3)
    spine.sync(days=30)
    noon = datetime.combine(clock.now().date() - timedelta(days=2), datetime.min.time(), UTC)
    b = balance_transactions.c
    with reading(spine.engine) as connection:
        gone = connection.execute(
            select(b.stripe_id, b.net_minor, b.currency)
            .where(b.created_at >= noon, b.created_at < noon + timedelta(days=1))
            .limit(1)
        ).one()
    emulator.control("POST", "delete", {"id": gone.stripe_id})
    whole_pass(spine)
    (day,) = told(spine).days
    assert (day.day, day.currency) == (noon.date(), gone.currency)
    assert day.ours_count - day.theirs_count == 1
    assert day.ours_net_minor - day.theirs_net_minor == gone.net_minor
    at(DAY)
    whole_pass(spine)
    assert len(told(spine).days) == 1


def test_a_row_that_cannot_be_read_is_a_difference_until_it_can(spine, emulator, at):
    emulator.history(days=4, per_day=4, seed=3)
    (odd,) = fee(emulator, 450, ago=2 * DAY)
    emulator.control("POST", "corrupt", {"id": odd, "patch": {"created": 1, "type": None}})
    emulator.control("POST", "corrupt", {"id": odd, "remove": ["type"]})
    spine.sync(days=30)
    whole_pass(spine)
    (day,) = told(spine).days
    assert (day.theirs_count - day.ours_count, day.theirs_net_minor - day.ours_net_minor) == (
        1,
        -450,
    )
    emulator.control("DELETE", "corrupt")
    at(DAY)
    whole_pass(spine)
    assert told(spine).days == ()
    assert odd in kept(spine)


def test_a_row_that_comes_between_the_two_counts_is_no_difference(small, emulator, monkeypatch):
    emulator.history(days=3, per_day=4, seed=3)
    small.sync(days=30)
    real, came = ledger_check._ours, []

    def meanwhile(connection, livemode, day):
        if not came:
            came.extend(fee(emulator, 450, ago=DAY))
            at_once = catch_up_all(small)
            assert at_once == 1
        with reading(small.engine) as newer:
            return real(newer, livemode, day)

    monkeypatch.setattr(ledger_check, "_ours", meanwhile)
    whole_pass(small)
    assert told(small).days == ()
    assert kept(small) >= set(came)


def catch_up_all(spine):
    """A walk that looks back over both wider stretches."""
    with writing(spine.engine) as connection:
        name = "ledger:test"
        where = cursors.position(connection, name) | {"hours": 0, "days": 0}
        cursors.keep_position(connection, name, where, at=clock.now())
    return walk(spine)


def test_a_comparison_that_fetched_nothing_would_be_caught(small, emulator, monkeypatch):
    """The planted fault: the pages are counted and not booked."""
    emulator.history(days=3, per_day=4, seed=3)
    small.sync(days=30)
    fee(emulator, 450, ago=4 * DAY)

    class Nothing:
        rows = 0

    monkeypatch.setattr(ledger_check, "write_page", lambda *_given, **_named: Nothing())
    whole_pass(small)
    (day,) = told(small).days
    assert (day.theirs_count - day.ours_count, day.theirs_net_minor) == (
        1,
        day.ours_net_minor - 450,
    )


def test_the_ledger_adds_up_to_each_of_stripes_balances(spine, emulator):
    emulator.history(days=8, per_day=10, seed=4)
    for kind, amount in (("reserve_hold", -5000), ("topup", 9000), ("tax_fee", -120)):
        order = {"type": kind, "amount": amount, "currency": "usd"}
        emulator.control("POST", "balance_transactions", order)
    spine.sync(days=30)
    found = check_balance(spine.engine, spine.gateway)
    assert (found.compared, found.differences) == (True, 0)
    with reading(spine.engine) as connection:
        rows = connection.execute(select(balance_checks)).mappings().all()
    assert {row["balance_type"] for row in rows} >= {"payments", "risk_reserved"}
    assert {row["currency"] for row in rows} >= {"usd", "eur", "jpy"}
    # All of the account is mirrored: nothing was there before.
    assert {row["opening_minor"] for row in rows} == {0}
    assert told(spine).balances == ()
    assert told(spine).balances_checked_at is not None


def test_a_balance_counts_from_the_oldest_row_that_is_mirrored(spine, emulator):
    emulator.history(days=12, per_day=10, seed=4)
    spine.sync(days=3)
    found = check_balance(spine.engine, spine.gateway)
    assert (found.compared, found.differences) == (True, 0)
    with reading(spine.engine) as connection:
        opening = connection.scalars(select(balance_checks.c.opening_minor)).all()
        since = connection.scalar(select(balance_checks.c.since).limit(1))
    assert any(opening)
    assert clock.now() - timedelta(days=4) < since
    emulator.traffic(5, seed=9)
    emulator.settle()
    walk(spine)
    assert check_balance(spine.engine, spine.gateway).differences == 0
    # A sync that reaches further back opens it anew.
    spine.sync(days=40)
    assert check_balance(spine.engine, spine.gateway).differences == 0
    with reading(spine.engine) as connection:
        assert set(connection.scalars(select(balance_checks.c.opening_minor))) == {0}


@pytest.mark.parametrize("days", [3, 40])
def test_a_row_that_is_lost_shows_in_the_balance_to_the_minor_unit(spine, emulator, days):
    emulator.history(days=12, per_day=10, seed=4)
    spine.sync(days=days)
    check_balance(spine.engine, spine.gateway)
    b = balance_transactions.c
    with writing(spine.engine) as connection:
        ordered = select(b.stripe_id, b.net_minor, b.currency).order_by(b.created_at)
        lost = connection.execute(ordered).all()[20]
        connection.execute(delete(balance_transactions).where(b.stripe_id == lost.stripe_id))
    found = check_balance(spine.engine, spine.gateway)
    assert (found.compared, found.differences) == (True, 1)
    (one,) = told(spine).balances
    assert (one.currency, one.balance_type) == (lost.currency, "payments")
    assert one.balance_minor - one.expected_minor == lost.net_minor
    assert not told(spine).is_proved


def test_traffic_between_the_readings_raises_no_alarm(small, emulator, monkeypatch):
    emulator.history(days=4, per_day=8, seed=4)
    small.sync(days=30)
    assert check_balance(small.engine, small.gateway).compared
    real = balance_check.read_ledger_page

    def meanwhile(*given, **named):
        page = real(*given, **named)
        fee(emulator, 450, ago=0)
        return page

    monkeypatch.setattr(balance_check, "read_ledger_page", meanwhile)
    assert not check_balance(small.engine, small.gateway).compared
    monkeypatch.setattr(balance_check, "read_ledger_page", real)
    # The row is not here yet: nothing is said until it is.
    assert not check_balance(small.engine, small.gateway).compared
    assert told(small).balances == ()
    walk(small)
    found = check_balance(small.engine, small.gateway)
    assert (found.compared, found.differences) == (True, 0)


def test_an_alarm_that_did_not_look_twice_would_be_false(small, emulator, monkeypatch):
    """The planted fault: the balance is read once, and the list's head is believed."""
    emulator.history(days=4, per_day=8, seed=4)
    small.sync(days=30)
    first = balance_check.read_buckets(small.gateway)
    fee(emulator, 450, ago=0)
    monkeypatch.setattr(balance_check, "read_buckets", lambda _gateway: first)
    monkeypatch.setattr(balance_check, "_caught_up", lambda *_given: True)
    walk(small)
    assert check_balance(small.engine, small.gateway).differences == 1


@pytest.mark.parametrize(
    "said",
    [
        {"object": "balance", "livemode": True, "available": []},
        {"object": "thing"},
        [],
        {"object": "balance", "available": [7]},
        {"object": "balance", "available": [{"amount": "9", "currency": "usd"}]},
        {"object": "balance", "available": [{"amount": 9, "currency": None}]},
    ],
)
def test_a_balance_that_cannot_be_read_is_said(small, monkeypatch, said):
    monkeypatch.setattr(small.gateway, "get", lambda _path, **_params: said)
    with pytest.raises(MalformedObject):
        check_balance(small.engine, small.gateway)


def test_the_sums_are_those_of_one_mode(small, emulator):
    emulator.history(days=3, per_day=4, seed=3)
    small.sync(days=30)
    with writing(small.engine) as connection:
        b = balance_transactions.c
        # The oldest row says since when the ledger is known: another one is moved.
        newest_first = select(b.stripe_id).order_by(b.created_at.desc(), b.stripe_id)
        one = connection.scalar(newest_first.offset(2).limit(1))
        connection.execute(
            update(balance_transactions).where(b.stripe_id == one).values(livemode=True)
        )
    assert check_balance(small.engine, small.gateway).differences == 1
    with reading(small.engine) as connection:
        assert differences(connection, livemode=True).balances == ()
