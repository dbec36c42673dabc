"""The mirror made anew from the inbox and the readings equals the one that stands."""

import random
import shutil
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, insert, select, update

from core import clock
from core.db import tables as t
from core.db.engine import open_engine, reading, writing
from core.db.migrate import upgrade
from core.emulator.server import start_emulator
from core.errors import InvalidInput
from core.gateway.snapshots import CustomerSnapshot, LedgerEntry, ReviewSnapshot, WarningSnapshot
from core.inbox.compare_mirrors import Difference
from core.inbox.rebuild import DIFFERS, EQUAL, UNKNOWN, rebuild
from core.mirror.apply import apply
from core.mirror.fill_readings import fill
from core.mirror.refresh import MISSES
from core.mirror.rollups import differences
from tests.support.account_mirror import connect, do_business

UTC = ZoneInfo("UTC")
DAYS = 6
#: A column of each table that is compared, and what is planted there.
PLANTED = {
    t.payments: ("amount_refunded_minor", 77),
    t.charges: ("risk_score", -7),
    t.refunds: ("amount_minor", 1),
    t.disputes: ("reason", "planted"),
    t.payouts: ("arrival_at", clock.EPOCH),
    t.early_fraud_warnings: ("fraud_type", "planted"),
    t.reviews: ("reason", "planted"),
    t.customers: ("name", "Planted"),
    t.balance_transactions: ("net_minor", 1),
    t.balance_transaction_fees: ("application", "ca_planted"),
    t.revenue_daily: ("gross_minor", 1),
    t.revenue_country_daily: ("fee_minor", 1),
    t.revenue_fee_parts_daily: ("amount_minor", 1),
    t.payments_daily: ("captured_minor", 1),
    t.amount_hist: ("n", 10_000),
    t.email_prefix: ("n", 10_000),
    t.payment_words: ("amount_minor", 1),
}


def lone_objects():
    """Objects that hang on nothing, read and not: the account of the tests has none of them."""
    now = clock.now()
    own = {"livemode": False, "created_at": now - timedelta(days=2), "as_of": now}
    return [
        ReviewSnapshot(
            stripe_id="prv_1",
            **own,
            confirmed=True,
            payment_id=None,
            charge_id=None,
            open=True,
            reason="rule",
            opened_reason="rule",
            closed_reason=None,
        ),
        CustomerSnapshot(
            stripe_id="cus_1",
            **own,
            confirmed=True,
            email="ada@shop.example",
            name="Ada 李",
            country="GB",
            deleted=False,
        ),
        WarningSnapshot(
            stripe_id="issfr_1",
            **own,
            confirmed=True,
            payment_id=None,
            charge_id=None,
            fraud_type="misc",
            actionable=False,
        ),
    ]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A mirror that learned of days from lists, and of what followed by events in any order."""
    folder = tmp_path_factory.mktemp("rebuild")
    with start_emulator(state_path=folder / "emulator.db", seed=5) as emulator:
        emulator.control("POST", "history", {"days": DAYS, "per_day": 8, "seed": 3})
        spine = connect(emulator, f"sqlite:///{folder}/standing.db")
        spine.sync(DAYS + 2)
        do_business(spine, seed=5, count=12)
        every = spine.events()[-150:] * 2
        random.Random(5).shuffle(every)
        for start in range(0, len(every), 75):
            spine.deliver(every[start : start + 75])
            spine.drain()
        with writing(spine.engine) as connection:
            apply(connection, lone_objects(), spine.books)
        spine.engine.dispose()
        yield spine
        spine.engine.dispose()


@pytest.fixture
def standing(shop, tmp_path):
    """A copy of that mirror, to be changed."""
    shutil.copy(shop.engine.url.database, tmp_path / "copy.db")
    engine = open_engine(f"sqlite:///{tmp_path}/copy.db")
    yield engine
    engine.dispose()


def compared(engine, url, **given):
    return rebuild(engine, url, UTC, compared=True, **given)


def unlike(found):
    return {one.name: one.first for one in found.tables if not one.equal}


def test_it_equals_the_standing_mirror(standing, empty_url):
    said = []
    found = compared(standing, empty_url, report=lambda *step: said.append(step))
    assert unlike(found) == {}
    assert found.outcome == EQUAL
    assert found.unread == {}
    assert {one.name: one.standing > 0 for one in found.tables} == {
        table.name: True for table in PLANTED
    }
    assert all(done <= whole for _, done, whole in said)
    assert {"events", "ledger", "payment_intent", "compare"} <= {step for step, _, _ in said}
    made = open_engine(empty_url)
    assert differences(made) == []
    made.dispose()


def test_what_was_rebuilt_can_be_rebuilt_in_small_stretches_too(standing, tmp_path, monkeypatch):
    monkeypatch.setattr("core.inbox.rebuild.BATCH", 7)
    monkeypatch.setattr("core.inbox.rebuild.PAGES", 1)
    monkeypatch.setattr("core.inbox.compare_mirrors._CHUNK", 3)
    assert compared(standing, f"sqlite:///{tmp_path}/first.db").outcome == EQUAL
    first = open_engine(f"sqlite:///{tmp_path}/first.db")
    assert unlike(compared(first, f"sqlite:///{tmp_path}/second.db")) == {}
    first.dispose()


def test_an_event_that_was_lost_is_missed(standing, tmp_path):
    c = t.charges.c
    with writing(standing) as connection:
        known_by_event = set(connection.scalars(select(c.stripe_id).where(~c.confirmed)))
        connection.execute(delete(t.events))
    found = unlike(compared(standing, f"sqlite:///{tmp_path}/made.db"))
    assert {one.key[0] for one in found["charges"]} == known_by_event != set()


def test_a_planted_difference_is_named_in_every_table(standing, empty_url):
    keys = {}
    with writing(standing) as connection:
        for table, (column, value) in PLANTED.items():
            row = connection.execute(select(table).limit(1)).mappings().one()
            own = {c.name: row[c.name] for c in table.primary_key.columns}
            connection.execute(
                update(table)
                .where(*(table.c[name] == one for name, one in own.items()))
                .values({column: value})
            )
            keys[table.name] = own
    found = compared(standing, empty_url)
    assert found.outcome == DIFFERS
    for table, (column, _) in PLANTED.items():
        first = unlike(found)[table.name]
        assert len(first) == 1, table.name
        assert first[0].columns == (column,), table.name
        said = set(map(str, first[0].key))
        assert said & set(map(str, keys[table.name].values())), table.name


def test_a_row_too_many_and_one_too_few_are_named(standing, tmp_path):
    with writing(standing) as connection:
        lost = connection.scalar(select(t.charges.c.stripe_id).limit(1))
        row = connection.execute(select(t.refunds).limit(1)).mappings().one()
        connection.execute(delete(t.charges).where(t.charges.c.stripe_id == lost))
        connection.execute(insert(t.refunds).values(**{**row, "stripe_id": "re_invented"}))
    found = unlike(compared(standing, f"sqlite:///{tmp_path}/made.db"))
    assert found["charges"] == [Difference((lost,), (), "rebuilt")]
    assert found["refunds"] == [Difference(("re_invented",), (), "standing")]


def test_rows_without_a_reading_are_counted(standing, tmp_path):
    with writing(standing) as connection:
        connection.execute(delete(t.readings).where(t.readings.c.kind == "payout"))
        rows = connection.execute(select(t.payouts)).all()
        connection.execute(update(t.balance_transactions).values(first_seen_at=None))
        booked_rows = len(connection.execute(select(t.balance_transactions)).all())
    found = compared(standing, f"sqlite:///{tmp_path}/made.db")
    assert found.unread == {"payouts": len(rows), "balance_transactions": booked_rows}
    assert found.outcome == UNKNOWN


def test_rows_from_before_readings_were_stored_become_their_own(standing, tmp_path):
    with writing(standing) as connection:
        connection.execute(delete(t.readings))
        connection.execute(delete(t.ledger_readings))
        connection.execute(update(t.balance_transactions).values(first_seen_at=None))
    assert compared(standing, f"sqlite:///{tmp_path}/early.db").outcome == UNKNOWN
    steps = 0
    while fill(standing, at=clock.now()):
        steps += 1
    assert steps > 8
    found = compared(standing, f"sqlite:///{tmp_path}/made.db")
    assert unlike(found) == {}
    assert found.outcome == EQUAL
    with writing(standing) as connection:
        connection.execute(update(t.payments).values(amount_refunded_minor=77))
    assert "payments" in unlike(compared(standing, f"sqlite:///{tmp_path}/other.db"))


def test_an_object_that_stripe_does_not_have_stays_out(shop, tmp_path):
    intent = {
        "id": "pi_absent",
        "object": "payment_intent",
        "created": clock.to_unix(clock.now()) - 5,
        "livemode": False,
        "amount": 100,
        "currency": "usd",
        "status": "succeeded",
    }
    event = {
        "id": "evt_absent",
        "object": "event",
        "type": "payment_intent.succeeded",
        "created": intent["created"],
        "livemode": False,
        "data": {"object": intent},
    }
    spine = connect(shop.emulator, f"sqlite:///{tmp_path}/absent.db")
    spine.deliver([event])
    for _ in range(MISSES):
        with writing(spine.engine) as connection:
            connection.execute(update(t.stale_objects).values(next_attempt_at=clock.EPOCH))
        spine.drain(ledger=False)
    with reading(spine.engine) as connection:
        assert connection.execute(select(t.payments)).all() == []
    found = compared(spine.engine, f"sqlite:///{tmp_path}/made.db")
    assert found.outcome == EQUAL
    spine.engine.dispose()


@pytest.fixture
def late(tmp_path, books):
    """A ledger whose January is closed, with a row that came late to it."""
    engine = open_engine(f"sqlite:///{tmp_path}/late.db")
    upgrade(engine)
    with writing(engine) as connection:
        apply(connection, (), books, entries=[entry("txn_1")])
        connection.execute(
            insert(t.periods).values(
                livemode=False,
                month="2026-01",
                number=1,
                first_day=date(2026, 1, 1),
                last_day=date(2026, 1, 31),
                zone="UTC",
                state="closed",
                asked_by="a",
                asked_at=clock.now(),
            )
        )
        apply(connection, (), books, entries=[entry("txn_2")])
    yield engine
    engine.dispose()


def entry(stripe_id):
    created = clock.from_unix(1_768_000_000)
    return LedgerEntry(
        stripe_id=stripe_id,
        livemode=False,
        type="adjustment",
        reporting_category="other_adjustment",
        source_id=None,
        charge_id=None,
        amount_minor=500,
        fee_minor=20,
        net_minor=480,
        currency="usd",
        exchange_rate=None,
        description=None,
        status="available",
        created_at=created,
        available_on=created,
    )


def booked(engine):
    b = t.balance_transactions.c
    with reading(engine) as connection:
        return dict(connection.execute(select(b.stripe_id, b.booked_day)).all())


def test_what_came_late_to_a_closed_month_is_booked_as_it_was(late, tmp_path):
    assert booked(late) == {"txn_1": None, "txn_2": date(2026, 2, 1)}
    url = f"sqlite:///{tmp_path}/made.db"
    assert compared(late, url).outcome == EQUAL
    made = open_engine(url)
    assert booked(made) == booked(late)
    made.dispose()


def test_a_month_that_was_reopened_takes_its_late_rows_back(late, tmp_path):
    with writing(late) as connection:
        connection.execute(update(t.periods).values(state="reopened", reopened_at=clock.now()))
        connection.execute(update(t.balance_transactions).values(booked_day=None))
    assert compared(late, f"sqlite:///{tmp_path}/made.db").outcome == EQUAL


def test_a_target_with_tables_and_the_source_are_refused(late, tmp_path):
    with pytest.raises(InvalidInput, match="is the database itself"):
        rebuild(late, str(late.url), UTC)
    url = f"sqlite:///{tmp_path}/used.db"
    used = open_engine(url)
    upgrade(used)
    used.dispose()
    with pytest.raises(InvalidInput, match="is not empty"):
        rebuild(late, url, UTC)


@pytest.mark.mariadb
def test_from_mariadb_and_back(standing, empty_mariadb, tmp_path):
    there, here = empty_mariadb(), f"sqlite:///{tmp_path}/back.db"
    assert unlike(compared(standing, there)) == {}
    engine = open_engine(there)
    assert unlike(compared(engine, here)) == {}
    engine.dispose()
