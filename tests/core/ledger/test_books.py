"""The books: folding keeps every sum, a planted difference is found, a rebuild mends it."""

from collections import Counter
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, func, select, update

from core import clock
from core.db.engine import reading, writing
from core.db.tables import (
    amount_hist,
    balance_transactions,
    email_prefix,
    events,
    payments,
    payments_daily,
    revenue_country_daily,
    revenue_daily,
    revenue_fee_parts_daily,
    risk_assessments,
)
from core.domain import cursors
from core.emulator.server import start_emulator
from core.errors import InsertRace, OutcomeUnknown
from core.inbox.poll import poll
from core.ledger.booking import Scope
from core.ledger.upkeep import fold_closed_days, settle_available
from core.mirror import backfill as backfill_module
from core.mirror.apply import apply
from core.mirror.ledger_walk import catch_up, pages
from core.mirror.rollups import differences, rebuild_all
from core.reads.revenue import revenue
from core.risk.mirror_scoring import score_arrivals
from tests.support.account_mirror import connect, kept_sums, picture


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    folder = tmp_path_factory.mktemp("books")
    with start_emulator(state_path=folder / "emulator.db", seed=31) as running:
        running.history(days=6, per_day=25, seed=8)
        # Books are compared with an account that stands still.
        running.engine.clock.set(running.engine.clock.now_ms(), frozen=True)
        yield running


@pytest.fixture
def spine(emulator, database_url):
    made = connect(emulator, database_url)
    made.sync(days=30)
    yield made
    made.engine.dispose()


def test_folding_keeps_every_sum(spine):
    with writing(spine.engine) as connection:
        connection.execute(update(revenue_daily).values(slot=5))
        connection.execute(update(payments_daily).values(slot=7))
        connection.execute(update(revenue_fee_parts_daily).values(slot=3))
    before = kept_sums(spine.engine)
    today = clock.now().date()
    assert fold_closed_days(spine.engine, before=today) > 0
    assert kept_sums(spine.engine) == before
    assert differences(spine.engine) == []
    with reading(spine.engine) as connection:
        slots = connection.scalars(
            select(revenue_daily.c.slot).where(revenue_daily.c.day < today).distinct()
        ).all()
    assert set(slots) <= {0}
    assert fold_closed_days(spine.engine, before=today) == 0


@pytest.mark.parametrize(
    ("table", "column"),
    [
        (revenue_daily, "gross_minor"),
        (revenue_daily, "fee_minor"),
        (revenue_country_daily, "net_minor"),
        (revenue_fee_parts_daily, "amount_minor"),
        (payments_daily, "count"),
        (payments_daily, "amount_minor"),
        (amount_hist, "n"),
        (email_prefix, "n"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_one_minor_unit_too_much_is_found_and_mended(spine, table, column):
    with writing(spine.engine) as connection:
        row = connection.execute(select(table).limit(1)).mappings().one()
        key = [c == row[c.name] for c in table.primary_key.columns]
        connection.execute(update(table).where(*key).values({column: row[column] + 1}))
    found = differences(spine.engine)
    assert [difference.table for difference in found] == [table.name]
    rebuild_all(spine.engine, ZoneInfo("UTC"))
    assert differences(spine.engine) == []


@pytest.mark.parametrize("column", ["month", "paid_minor"])
def test_a_score_that_says_another_sum_than_its_payment_is_found_and_mended(spine, column):
    assert score_arrivals(spine.engine, ZoneInfo("UTC"), since=clock.from_unix(0)) > 0
    assert differences(spine.engine) == []
    a = risk_assessments.c
    with writing(spine.engine) as connection:
        one = connection.execute(select(a.id, a.payment_id, a[column]).limit(1)).one()
        connection.execute(
            update(risk_assessments).where(a.id == one[0]).values({column: one[2] + 1})
        )
    assert [(d.table, d.key) for d in differences(spine.engine)] == [
        ("risk_assessments", (one.payment_id,))
    ]
    rebuild_all(spine.engine, ZoneInfo("UTC"))
    assert differences(spine.engine) == []


def test_a_lost_row_is_found(spine):
    with writing(spine.engine) as connection:
        b = balance_transactions.c
        one = connection.scalar(select(b.stripe_id).where(b.fee_minor > 0).limit(1))
        connection.execute(
            delete(balance_transactions).where(balance_transactions.c.stripe_id == one)
        )
    assert {d.table for d in differences(spine.engine)} == {
        "revenue_daily",
        "revenue_country_daily",
        "revenue_fee_parts_daily",
    }


def test_a_rebuild_moves_the_days_to_another_zone(spine):
    shanghai = ZoneInfo("Asia/Shanghai")
    score_arrivals(spine.engine, ZoneInfo("UTC"), since=clock.from_unix(0))
    rebuild_all(spine.engine, shanghai)
    # The months of scores too.
    assert differences(spine.engine) == []
    with reading(spine.engine) as connection:
        for table, column in ((balance_transactions, "business_day"), (payments, "day")):
            for at, day in connection.execute(select(table.c.created_at, table.c[column])):
                assert day == clock.business_day(at, shanghai)


def test_both_blocks_of_revenue_add_up_to_stripes_balance(spine):
    balance = spine.gateway.get("/v1/balance")
    wanted = Counter()
    for part in (*balance["available"], *balance["pending"]):
        wanted[part["currency"]] += part["amount"]
    tomorrow = clock.now().date() + timedelta(days=1)
    period = {"since": tomorrow - timedelta(days=60), "until": tomorrow}
    with reading(spine.engine) as connection:
        found = {
            currency: revenue.summary(connection, livemode=False, currency=currency, **period)
            for currency in revenue.currencies(connection, livemode=False)
        }
    assert {one: both.current.balance_minor for one, both in found.items()} == wanted
    assert any(both.current.other_minor for both in found.values())


def test_parts_of_fees_are_those_that_stripe_tells(spine):
    told = Counter()
    for row in spine.ledger_at_stripe():
        for part in row["fee_details"]:
            told[part["currency"], part["type"]] += part["amount"]
    c = revenue_fee_parts_daily.c
    kept = select(c.currency, c.type, func.sum(c.amount_minor)).group_by(c.currency, c.type)
    with reading(spine.engine) as connection:
        sums = {(row[0], row[1]): int(row[2]) for row in connection.execute(kept)}
    assert sums == {key: amount for key, amount in told.items() if amount}
    assert len(sums) > 1


def test_the_same_rows_twice_enter_the_sums_once(spine):
    before = kept_sums(spine.engine)
    for page in pages(spine.gateway, since=clock.from_unix(0)):
        with writing(spine.engine) as connection:
            assert apply(connection, [], spine.books, entries=page.entries) == 0
    assert kept_sums(spine.engine) == before


def test_a_ledger_that_did_not_look_first_would_be_caught(spine, monkeypatch):
    """The planted fault: rows are taken for new without asking. The key stops them."""
    from core.ledger import ingest

    page = next(pages(spine.gateway, since=clock.from_unix(0)))
    true = ingest.sources_behind
    monkeypatch.setattr(ingest, "sources_behind", lambda *asked: (set(), true(*asked)[1]))
    with pytest.raises(InsertRace), writing(spine.engine) as connection:
        ingest.ingest(connection, page.entries, Scope(ZoneInfo("UTC"), 0))


def test_money_becomes_available_when_stripe_said(spine):
    b = balance_transactions.c
    with reading(spine.engine) as connection:
        pending = connection.execute(select(b.stripe_id).where(b.status == "pending")).all()
    later = clock.from_unix(clock.to_unix(clock.now()) + 40 * 86400)
    assert settle_available(spine.engine, at=later) >= len(pending) > 0
    assert settle_available(spine.engine, at=later) == 0


def test_a_backfill_that_was_cut_short_goes_on(emulator, tmp_path, monkeypatch):
    cut = connect(emulator, f"sqlite:///{tmp_path}/cut.db")
    whole = connect(emulator, f"sqlite:///{tmp_path}/whole.db")
    real, reads = backfill_module.read_page, []

    def stumbling(gateway, kind, **options):
        reads.append(kind)
        if len(reads) == 4:
            raise OutcomeUnknown
        return real(gateway, kind, **options)

    monkeypatch.setattr(backfill_module, "read_page", stumbling)
    since = clock.from_unix(clock.to_unix(clock.now()) - 30 * 86400)
    arguments = {"since": since, "report": lambda progress: None}
    with pytest.raises(OutcomeUnknown):
        backfill_module.backfill(cut.engine, cut.gateway, cut.books, **arguments)
    seen = list(reads)
    backfill_module.backfill(cut.engine, cut.gateway, cut.books, **arguments)
    assert reads[len(seen) :][0] == seen[-1]
    monkeypatch.undo()
    backfill_module.backfill(whole.engine, whole.gateway, whole.books, **arguments)
    assert picture(cut.engine) == picture(whole.engine)


def test_a_poll_brings_what_no_webhook_brought_once(emulator, tmp_path):
    spine = connect(emulator, f"sqlite:///{tmp_path}/polled.db")
    emulator.traffic(5, seed=77)
    first = poll(spine.engine, spine.gateway)
    assert first.new > 0
    assert not first.gap
    assert poll(spine.engine, spine.gateway).new == 0
    spine.drain()
    with reading(spine.engine) as connection:
        assert set(connection.scalars(select(events.c.source))) == {"poll"}
        assert connection.scalars(select(payments.c.stripe_id)).all()


def test_a_silence_longer_than_stripe_remembers_is_said(emulator, tmp_path):
    spine = connect(emulator, f"sqlite:///{tmp_path}/gap.db")
    long_ago = clock.to_unix(clock.now()) - 31 * 86400
    with writing(spine.engine) as connection:
        cursors.keep_position(connection, "events:test", {"since": long_ago}, at=clock.now())
    assert poll(spine.engine, spine.gateway).gap
    assert poll(spine.engine, spine.gateway).gap
    assert spine.sync(days=30).gap_since is not None
    assert poll(spine.engine, spine.gateway).gap
    assert spine.sync(days=32).gap_since is None
    assert not poll(spine.engine, spine.gateway).gap


def test_the_ledger_walk_goes_on_from_its_cursor(emulator, tmp_path):
    spine = connect(emulator, f"sqlite:///{tmp_path}/walk.db")
    spine.sync(days=30)
    emulator.traffic(4, seed=78)
    emulator.settle()
    assert catch_up(spine.engine, spine.gateway, spine.books).new > 0
    assert catch_up(spine.engine, spine.gateway, spine.books).new == 0
    assert differences(spine.engine) == []
