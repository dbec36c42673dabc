"""What was exported of a closed month stays; what comes late is a batch that corrects it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import Engine, delete, func, insert, select, update

from core.books.export import Exported, export, wanted
from core.db.engine import reading, writing
from core.db.tables import (
    balance_transactions,
    charges,
    journal_batches,
    journal_lines,
    journal_rules,
    periods,
)
from core.errors import BatchAltered, FormatCannotCarry, JournalUnbalanced
from tests.support.factories import (
    add_fees,
    add_ledger,
    close_month,
    fresh_engine,
    ledger_row,
    payment_row,
)

FIRST = datetime(2026, 10, 5, 12, tzinfo=UTC)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = fresh_engine(database_url)
    close_month(engine, date(2026, 10, 1))
    yield engine
    engine.dispose()


def book(engine: Engine, category: str, amount: int, *, fee: int = 0, **given: Any) -> str:
    """A ledger row in October 2026, with a fee of Stripe's; its id."""
    payment = payment_row(created_at=FIRST, currency=given.pop("currency", "usd"))
    row = ledger_row(
        payment, reporting_category=category, amount_minor=amount, fee_minor=fee, **given
    )
    with writing(engine) as connection:
        add_ledger(connection, [row])
        if fee:
            add_fees(connection, row, {"stripe_fee": fee})
    return str(row["stripe_id"])


def exported(engine: Engine, month: str = "2026-10", **given: Any) -> Exported:
    return export(engine, wanted(month, livemode=False, **given), "csv")


def batches(engine: Engine) -> list[tuple[str, str | None]]:
    b = journal_batches.c
    with reading(engine) as connection:
        return [tuple(row) for row in connection.execute(select(b.id, b.corrects).order_by(b.id))]


def test_an_open_month_is_provisional_and_nothing_is_kept(engine):
    book(engine, "charge", 1000, created_at=FIRST + timedelta(days=31))
    found = exported(engine, "2026-11")
    assert found.provisional
    assert found.entries == 1
    assert b",provisional\r\n" in found.content
    assert batches(engine) == []


def test_a_closed_month_is_exported_the_same_each_time(engine):
    book(engine, "charge", 1000, fee=59)
    book(engine, "charge", 700, currency="jpy")
    first = exported(engine)
    assert not first.provisional
    assert first.content.count(b",final\r\n") == first.lines == 5
    assert batches(engine) == [("TT-20261005-JPY", None), ("TT-20261005-USD", None)]
    assert exported(engine) == first
    assert len(batches(engine)) == 2


def test_datev_says_when_a_closed_month_was_exported_first(engine):
    book(engine, "charge", 1000)
    asked = wanted("2026-10", livemode=False)
    first = export(engine, asked, "datev")
    assert export(engine, asked, "datev") == first


def test_what_comes_late_is_a_new_batch_that_names_what_it_corrects(engine):
    book(engine, "charge", 1000, fee=59)
    first = exported(engine)
    book(engine, "refund", -300)
    second = exported(engine)
    assert second.content.startswith(first.content)
    assert second.content[len(first.content) :].decode().splitlines() == [
        "2026-10-05,TT-20261005-USD-2,1,Assets:Stripe:USD,USD,,3.00,-3.00,,,final",
        "2026-10-05,TT-20261005-USD-2,2,Income:Refunds,USD,3.00,,3.00,refund,,final",
    ]
    assert second.corrections == 1
    book(engine, "refund", -100)
    exported(engine)
    assert batches(engine) == [
        ("TT-20261005-USD", None),
        ("TT-20261005-USD-2", "TT-20261005-USD"),
        ("TT-20261005-USD-3", "TT-20261005-USD-2"),
    ]


def test_a_row_that_is_gone_is_taken_back_by_a_correction(engine):
    gone = book(engine, "charge", 1000)
    exported(engine)
    with writing(engine) as connection:
        c = balance_transactions.c
        connection.execute(delete(balance_transactions).where(c.stripe_id == gone))
    found = exported(engine)
    assert found.corrections == 1
    assert found.closing == {"usd": 0}
    assert exported(engine) == found


def test_a_rule_changed_later_moves_the_sum_by_a_correction(engine):
    book(engine, "charge", 1000)
    exported(engine)
    rule = {"subject": "category", "name": "charge", "currency": "", "account": "Income:Shop"}
    with writing(engine) as connection:
        connection.execute(insert(journal_rules).values(rule))
    found = exported(engine).content.decode().splitlines()
    assert found[-2:] == [
        "2026-10-05,TT-20261005-USD-2,1,Income:Sales,USD,10.00,,10.00,charge,,final",
        "2026-10-05,TT-20261005-USD-2,2,Income:Shop,USD,,10.00,-10.00,charge,,final",
    ]


@pytest.mark.parametrize(
    ("table", "change"),
    [
        (journal_lines, {"amount_minor": 1}),
        (journal_lines, {"account": "Income:Other"}),
        (journal_batches, {"corrects": "TT-1"}),
        (journal_batches, {"day": date(2026, 10, 6)}),
    ],
)
def test_a_batch_that_was_changed_in_the_database_is_found(engine, table, change):
    book(engine, "charge", 1000)
    exported(engine)
    with writing(engine) as connection:
        connection.execute(update(table).values(change))
    with pytest.raises(BatchAltered, match="batch TT-20261005-USD is not what was exported"):
        exported(engine)


def test_a_batch_that_lost_a_line_is_found(engine):
    book(engine, "charge", 1000, fee=59)
    exported(engine)
    with writing(engine) as connection:
        connection.execute(delete(journal_lines).where(journal_lines.c.position == 3))
    with pytest.raises(BatchAltered):
        exported(engine)


def test_a_refused_format_keeps_no_batch(engine):
    book(engine, "charge", 1000, currency="kwd")
    with pytest.raises(FormatCannotCarry):
        export(engine, wanted("2026-10", livemode=False), "datev")
    assert batches(engine) == []


def test_days_and_currencies_are_exported_alone_and_once(engine):
    book(engine, "charge", 1000)
    book(engine, "charge", 500, created_at=FIRST + timedelta(days=9))
    book(engine, "charge", 70, currency="eur")
    assert exported(engine, days="1-7", currency="USD").entries == 1
    assert [name for name, _ in batches(engine)] == ["TT-20261005-USD"]
    assert exported(engine).entries == 3
    assert exported(engine, days="14").entries == 1
    assert len(batches(engine)) == 3


def test_live_and_test_rows_are_never_in_one_file(engine):
    book(engine, "charge", 1000)
    book(engine, "charge", 1000, livemode=True)
    live = export(engine, wanted("2026-10", livemode=True), "csv")
    assert live.entries == 1
    assert b"TW-20261005-USD" in live.content
    exported(engine)
    assert [name for name, _ in batches(engine)] == ["TT-20261005-USD", "TW-20261005-USD"]


def test_a_conversion_is_kept_with_its_batch(engine):
    """A charge of 30.00 AUD that settled as 19.54 USD; another that does not tie to its rate."""
    with writing(engine) as connection:
        for name, captured in (("ch_1", 3000), ("ch_2", 2000)):
            connection.execute(_charge(name, captured))
    for name in ("ch_1", "ch_2"):
        book(engine, "charge", 1954, source_id=name, exchange_rate="0.651333")
    first = exported(engine)
    assert b"Equity:Conversion:AUD,AUD,30.00,,19.54" in first.content
    assert b"Income:Sales,USD,,19.54,-19.54" in first.content
    assert exported(engine) == first


def _charge(name: str, captured: int) -> Any:
    return insert(charges).values(
        stripe_id=name,
        status="succeeded",
        amount_minor=captured,
        amount_captured_minor=captured,
        currency="aud",
        captured=True,
        disputed=False,
        livemode=False,
        created_at=FIRST,
        confirmed=True,
        as_of=FIRST,
    )


def test_the_opening_is_what_was_held_before(engine):
    book(engine, "charge", 1000, fee=100)
    book(engine, "payout", -400, source_id="po_1")
    book(engine, "charge", 50, created_at=FIRST + timedelta(days=31))
    found = export(engine, wanted("2026-11", livemode=False), "ledger").content.decode()
    opening = found[found.index("2026-10-31 !") :].split("\n\n")[0]
    assert opening.splitlines()[1:] == [
        "    Assets:InTransit:USD  4.00 USD  ; opening",
        "    Assets:Stripe:USD  5.00 USD  ; opening",
        "    Equity:OpeningBalances  -9.00 USD  ; opening",
    ]
    assert "    Assets:Stripe:USD  0.00 USD = 5.50 USD" in found


def test_a_late_row_counts_on_its_booked_day(engine):
    book(engine, "charge", 1000)
    first = exported(engine)
    late = FIRST + timedelta(days=27)
    book(engine, "charge", 70, created_at=late)
    book(engine, "refund", -300, booked_day=late.date())
    assert exported(engine) == first
    found = exported(engine, "2026-11")
    assert found.closing == {"usd": 770}
    assert b"2026-11-01,TT-20261101-USD,1,Assets:Stripe:USD,USD,,2.30,-2.30" in found.content


def test_a_reopened_month_is_open(engine):
    book(engine, "charge", 1000)
    with writing(engine) as connection:
        connection.execute(update(periods).values(state="reopened"))
    assert exported(engine).provisional


def test_rows_whose_net_is_wrong_are_no_journal(engine):
    book(engine, "charge", 1000, net_minor=999)
    with pytest.raises(JournalUnbalanced, match="TT-20261005-USD: the lines sum to -1 minor units"):
        exported(engine)


def test_an_empty_month_is_an_empty_file(engine):
    found = exported(engine, "2026-01")
    assert (found.entries, found.closing, found.suspense) == (0, {}, ())


def test_exports_at_once_keep_one_batch(engine):
    """The second waits, or finds its key taken and looks again."""
    book(engine, "charge", 1000)
    found: list[Exported] = []
    threads = [Thread(target=lambda: found.append(exported(engine))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    with reading(engine) as connection:
        assert connection.scalar(select(func.count()).select_from(journal_batches)) == 1
    assert len({one.content for one in found}) == 1
