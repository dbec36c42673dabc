"""A closed month stays what it was closed as, or what was changed is found."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, func, select, update

from core import clock
from core.actions.retention.personal_data import purge
from core.db.engine import one_picture, open_engine, writing
from core.db.tables import (
    audit_log,
    balance_transaction_fees,
    balance_transactions,
    breaks,
    period_sums,
    periods,
)
from core.emulator.server import start_emulator
from core.errors import AlreadyDecided, InvalidInput, NotFound
from core.ledger.booking import Scope
from core.ledger.ingest import write_sums
from core.mirror import rollups
from core.mirror.apply import BookingContext
from core.mirror.backfill import backfill
from core.proof import periods as closing
from core.proof.reconcile import reconcile
from core.proof.span import Span
from core.states import BreakState
from tests.support.account_mirror import connect

ZONE = ZoneInfo("Europe/Berlin")
B, F = balance_transactions.c, balance_transaction_fees.c


def last_month():
    """The days of the month that ended last."""
    first = clock.business_day(clock.now(), ZONE).replace(day=1)
    last = first - timedelta(days=1)
    return Span(False, last.replace(day=1), last, ZONE)


MONTH = f"{last_month().first:%Y-%m}"


@pytest.fixture(scope="module")
def account(tmp_path_factory):
    """An account of two months and its mirror, the last month reconciled."""
    folder = tmp_path_factory.mktemp("account")
    with start_emulator(state_path=folder / "emulator.db", seed=5) as emulator:
        emulator.control("POST", "history", {"days": 65, "per_day": 12, "seed": 3})
        spine = connect(emulator, f"sqlite:///{folder / 'mirror.db'}", zone=str(ZONE))
        spine.sync(70)
        spine.drain()
        found = reconcile(spine.engine, spine.gateway, last_month(), asked_by="test")
        assert found.open == ()
        spine.engine.dispose()
        yield spine


@pytest.fixture
def engine(account, tmp_path):
    """The mirror, to be changed."""
    made = tmp_path / "mirror.db"
    shutil.copy(account.engine.url.database, made)
    found = open_engine(f"sqlite:///{made}")
    yield found
    found.dispose()


def ask(engine, who="ada"):
    with writing(engine) as connection:
        closing.ask(connection, last_month(), asked_by=who, now=clock.now())


def confirm(engine, who="grace", **given):
    with writing(engine) as connection:
        return closing.confirm(connection, MONTH, False, closed_by=who, now=clock.now(), **given)


def verify(engine):
    with one_picture(engine) as connection:
        return closing.verify(connection, MONTH, False)


@pytest.fixture
def closed(engine):
    ask(engine)
    confirm(engine)
    assert verify(engine).holds
    return engine


def change(engine, statement):
    with writing(engine) as connection:
        assert connection.execute(statement).rowcount


def a_row(engine, *tests):
    with one_picture(engine) as connection:
        where = closing.counted_in(False, last_month().first, last_month().last)
        query = select(balance_transactions).where(where, *tests)
        return connection.execute(query.order_by(B.stripe_id).limit(1)).one()


def of(row):
    return update(balance_transactions).where(B.stripe_id == row.stripe_id)


def test_one_person_closes_a_month_alone_where_that_is_set(engine):
    ask(engine)
    with pytest.raises(InvalidInput, match="another person"):
        confirm(engine, "ada")
    confirm(engine, "ada", second_person=False)
    assert verify(engine).holds


def test_a_second_person_closes_what_the_first_asked_for(engine):
    with pytest.raises(NotFound):
        confirm(engine)
    ask(engine)
    with pytest.raises(InvalidInput, match="another person"):
        confirm(engine, "ada")
    with pytest.raises(AlreadyDecided):
        ask(engine)
    digest = confirm(engine)
    found = verify(engine)
    assert (found.holds, found.digest, found.adjustments) == (True, digest, ())
    with pytest.raises(AlreadyDecided):
        ask(engine)


def test_what_keeps_a_month_open_is_told(engine):
    change(engine, of(a_row(engine)).values(reporting_category="brand_new"))
    with pytest.raises(InvalidInput, match="not mapped"):
        ask(engine)
    today = clock.business_day(clock.now(), ZONE)
    running = Span(False, today.replace(day=1), today.replace(day=1) + timedelta(days=27), ZONE)
    with one_picture(engine) as connection:
        found = {one.id for one in closing.blockers(connection, running, clock.now())}
    assert {"not_reconciled"} <= found


def test_who_looks_is_told_of_new_categories_by_the_sums(engine):
    def said():
        with one_picture(engine) as connection:
            now = clock.now()
            return {one.id for one in closing.blockers(connection, last_month(), now, by_sums=True)}

    assert "unmapped" not in said()
    row = a_row(engine)
    before = dict(row._mapping)
    with writing(engine) as connection:
        write_sums(connection, [before], slot=0, times=-1)
        write_sums(connection, [before | {"reporting_category": "brand_new"}], slot=0)
    change(engine, of(row).values(reporting_category="brand_new"))
    assert "unmapped" in said()


def differs(engine, object_id, due, state=BreakState.EXPECTED):
    """A break of the last month, as a run keeps it."""
    with writing(engine) as connection:
        connection.execute(
            breaks.insert().values(
                livemode=False,
                identity="object",
                kind="missing_here",
                object_id=object_id,
                currency="usd",
                day=last_month().last,
                theirs_minor=4200,
                cause="no_row",
                due_at=due,
                state=state,
                first_run=1,
                last_run=1,
                found_at=clock.now(),
            )
        )


def test_a_difference_that_is_not_due_is_sealed_with_the_month(engine):
    due = clock.now() + timedelta(hours=5)
    differs(engine, "ch_early", due)
    ask(engine)
    confirm(engine)
    with one_picture(engine) as connection:
        certificate = json.loads(closing.current(connection, MONTH, False).certificate)
    assert certificate["expected"] == [
        {
            "kind": "missing_here",
            "object_id": "ch_early",
            "currency": "usd",
            "ours_minor": None,
            "theirs_minor": 4200,
            "due": due.isoformat(),
        }
    ]
    assert verify(engine).holds


@pytest.mark.parametrize(
    ("hours", "state"), [(-1, BreakState.EXPECTED), (5, BreakState.OPEN), (None, BreakState.OPEN)]
)
def test_a_difference_that_is_open_or_due_keeps_the_month_open(engine, hours, state):
    due = None if hours is None else clock.now() + timedelta(hours=hours)
    differs(engine, "ch_late", due, state)
    with pytest.raises(InvalidInput, match="past their due date"):
        ask(engine)


def test_a_difference_that_falls_due_before_the_second_person_keeps_the_month_open(engine):
    due = clock.now() + timedelta(hours=5)
    differs(engine, "ch_early", due)
    ask(engine)
    with pytest.raises(InvalidInput, match="past their due date"), writing(engine) as connection:
        closing.confirm(connection, MONTH, False, closed_by="grace", now=due)


def test_a_fact_that_comes_late_counts_on_the_first_open_day(account, closed):
    day = last_month().first + timedelta(days=9)
    made = account.emulator.control(
        "POST",
        "balance_transactions",
        {
            "type": "stripe_fee",
            "amount": -777,
            "currency": "usd",
            "created": clock.to_unix(last_month().start + timedelta(days=9, hours=5)),
        },
    )
    late = made["balance_transactions"][0]["id"]
    since = clock.now() - timedelta(days=70)
    backfill(closed, account.gateway, account.books, since=since, report=lambda _: None)
    found = verify(closed)
    assert found.holds
    assert [(one.stripe_id, one.net_minor) for one in found.adjustments] == [(late, -777)]
    (adjustment,) = found.adjustments
    assert adjustment.business_day == day
    assert adjustment.booked_day == last_month().last + timedelta(days=1)


ATTACKS = {
    "a fee": lambda row: of(row).values(fee_minor=row.fee_minor + 1, net_minor=row.net_minor - 1),
    "a category": lambda row: of(row).values(reporting_category="contribution"),
    "a source": lambda row: of(row).values(source_id="ch_another"),
    "a time": lambda row: of(row).values(created_at=row.created_at + timedelta(seconds=1)),
    "a day": lambda row: of(row).values(business_day=row.business_day + timedelta(days=40)),
    "a booking": lambda row: of(row).values(booked_day=last_month().last + timedelta(days=3)),
    "a payout": lambda row: of(row).values(payout_id="po_another"),
    "a currency": lambda row: of(row).values(currency="sek"),
    "a row less": lambda row: delete(balance_transactions).where(B.stripe_id == row.stripe_id),
    "a fee's part": lambda row: (
        update(balance_transaction_fees)
        .where(F.transaction_id == row.stripe_id, F.position == 0)
        .values(type="tax")
    ),
    "a kept sum": lambda _: update(period_sums).values(net_minor=period_sums.c.net_minor + 1),
    "the certificate": lambda _: update(periods).values(
        certificate=periods.c.certificate.concat(" ")
    ),
    "the seal": lambda _: update(periods).values(digest="0" * 64),
    "the log": lambda _: delete(audit_log).where(audit_log.c.action == closing.CLOSE),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_changed_by_hand_is_found(closed, attack):
    early = B.business_day < last_month().first + timedelta(days=12)
    row = a_row(closed, B.fee_minor != 0, B.payout_id.is_not(None), early)
    change(closed, ATTACKS[attack](row))
    assert not verify(closed).holds


def test_a_row_too_many_is_found(closed):
    row = a_row(closed)
    extra = row._asdict() | {"stripe_id": "txn_extra"}
    with writing(closed) as connection:
        connection.execute(balance_transactions.insert().values(**extra))
    found = verify(closed)
    assert not found.holds
    assert [one.now_minor - one.closed_minor for one in found.changed] == [row.net_minor]


def test_a_certificate_that_is_forged_with_its_digest_is_found(closed):
    """The audit log has the digest too, and its rows are chained."""
    import hashlib

    with writing(closed) as connection:
        text = connection.scalar(select(periods.c.certificate)).replace('"rows":', '"rows": ')
        digest = hashlib.sha256(text.encode()).hexdigest()
        connection.execute(update(periods).values(certificate=text, digest=digest))
    assert verify(closed).faults == ("the audit log names another digest, or none",)


def test_learning_the_account_anew_changes_nothing(account, closed):
    since = clock.now() - timedelta(days=70)
    backfill(closed, account.gateway, account.books, since=since, report=lambda _: None)
    assert verify(closed).holds


def test_rebuilding_the_sums_changes_nothing_and_another_zone_is_refused(closed):
    rollups.rebuild_all(closed, ZONE)
    assert verify(closed).holds
    with pytest.raises(InvalidInput, match="REPORTING_TIMEZONE"):
        rollups.rebuild_all(closed, ZoneInfo("Asia/Shanghai"))
    assert verify(closed).holds


def test_a_backup_proves_the_same(closed, tmp_path):
    path = tmp_path / "backup.db"
    shutil.copy(closed.url.database, path)
    wal = tmp_path / "mirror.db-wal"
    if wal.exists():
        shutil.copy(wal, tmp_path / "backup.db-wal")
    restored = open_engine(f"sqlite:///{path}")
    assert verify(restored).digest == verify(closed).digest
    assert verify(restored).holds
    restored.dispose()


def test_opened_again_it_takes_its_late_facts_back_and_is_closed_anew(closed):
    row = a_row(closed)
    change(closed, of(row).values(booked_day=last_month().last + timedelta(days=1)))
    with writing(closed) as connection:
        closing.reopen(
            connection, MONTH, False, reopened_by="ada", reason="a late fee", now=clock.now()
        )
    with pytest.raises(NotFound):
        verify(closed)
    assert a_row(closed, B.stripe_id == row.stripe_id).booked_day is None
    ask(closed, "grace")
    confirm(closed, "ada")
    assert verify(closed).number == 2
    assert verify(closed).holds


def test_a_reason_is_needed_to_open_it_again(closed):
    with pytest.raises(InvalidInput, match="reason"), writing(closed) as connection:
        closing.reopen(connection, MONTH, False, reopened_by="ada", reason=" ", now=clock.now())


def test_a_purge_of_personal_data_leaves_the_month_as_it_was_sealed(closed):
    digest = verify(closed).digest
    books = BookingContext(Scope(ZONE, 0))
    later = clock.now() + timedelta(days=400)
    while purge(closed, books, days=90, at=later):
        pass
    with one_picture(closed) as connection:
        assert connection.scalar(select(func.count(B.description))) == 0
    assert verify(closed).holds
    assert verify(closed).digest == digest
