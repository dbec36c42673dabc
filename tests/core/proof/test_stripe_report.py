"""Stripe's own reports beside the ledger: what differs is told, and nothing else is."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, delete, select, update

from core import clock
from core.actions.proof import report_import
from core.db.engine import one_picture, open_engine, writing
from core.db.tables import balance_transactions, payouts
from core.domain.stripe_reports import PAYOUT_CATEGORIES
from core.emulator.server import start_emulator
from core.gateway.report_csv import Days
from core.proof.breaks import Break
from core.proof.reconcile import AGREES, UNKNOWN, reconcile
from core.proof.span import Span
from core.proof.stripe_report import report_breaks
from tests.support import planted_breaks
from tests.support.account_mirror import connect
from tests.support.factories import add_ledger, ledger_row, payment_row
from tests.support.planted_breaks import Planter
from tests.support.report_files import Account, Reports, written

ZONE = ZoneInfo("Asia/Shanghai")
DAYS = 18
#: What may be planted in rows of this history.
PLANTED = [
    kind
    for kind in planted_breaks.PLANTS
    if kind not in (planted_breaks.disputed, planted_breaks.refunded, planted_breaks.captured)
]
B = balance_transactions.c
TODAY = clock.business_day(clock.now(), ZONE)
#: A stretch within the history, with payouts under way at both ends.
FIRST, LAST = TODAY - timedelta(days=14), TODAY - timedelta(days=4)
SPAN = Span(False, TODAY - timedelta(days=DAYS - 2), TODAY, ZONE)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An account with business of every hard kind, its mirror, and what its API lists."""
    folder = tmp_path_factory.mktemp("account")
    with start_emulator(state_path=folder / "emulator.db", seed=5) as emulator:
        emulator.history(days=DAYS, per_day=24, seed=3, hard=True)
        spine = connect(emulator, f"sqlite:///{folder / 'mirror.db'}", zone=str(ZONE))
        spine.sync(DAYS + 2)
        spine.drain()
        spine.engine.dispose()
        listed = Account.read(spine.gateway)
        yield SimpleNamespace(spine=spine, listed=listed, mirror=folder / "mirror.db")


@pytest.fixture
def engine(account: Any, tmp_path: Path) -> Iterator[Engine]:
    """The mirror, to be changed."""
    made = tmp_path / "mirror.db"
    shutil.copy(account.mirror, made)
    found = open_engine(f"sqlite:///{made}")
    yield found
    found.dispose()


@pytest.fixture
def reports(account: Any) -> Reports:
    return Reports(account.listed, FIRST, LAST, str(ZONE))


def take_in(engine: Engine, *files: bytes, first=FIRST, last=LAST, zone=ZONE) -> None:
    for data in files:
        arrived = report_import.read(data, livemode=False, days=Days(first, last, zone))
        with writing(engine) as connection:
            report_import.write(connection, "test", arrived, clock.now())


def all_of(reports: Reports) -> list[bytes]:
    return [
        reports.balance_summary(),
        reports.activity_summary(),
        reports.activity(),
        reports.payouts(),
    ]


def told(engine: Engine) -> list[Break]:
    """What the reports alone tell: Stripe's list is not asked for."""
    with one_picture(engine) as connection:
        return list(report_breaks(connection, SPAN, {}))


def keys(found: list[Break]) -> set[tuple[str, str, str]]:
    return {one.key for one in found}


def test_the_history_has_what_makes_the_reports_differ_from_the_ledger(account, reports):
    """Payouts under way at an end, three numbers of decimals, and payouts that came back."""
    rows = [row for row in account.listed.rows if row["reporting_category"] == "payout"]
    assert any(row["created"] < reports.end <= account.listed.counts_at(row) for row in rows)
    assert {"usd", "jpy", "kwd"} <= {row["currency"] for row in reports.activity_rows()}
    assert {"payout", "payout_reversal"} <= {
        row["reporting_category"] for row in account.listed.rows
    }


@pytest.mark.parametrize("paid_is", [1, -1], ids=["positive", "negative"])
@pytest.mark.parametrize("sign", [".", ","], ids=["point", "comma"])
def test_reports_of_the_account_agree_in_every_currency(engine, reports, paid_is, sign):
    mine = replace(reports, sign=sign)
    take_in(engine, *all_of(mine)[:3], mine.payouts(paid_is=paid_is))
    assert told(engine) == []


def test_a_report_of_utc_days_agrees_though_business_days_are_others(engine, account):
    mine = Reports(account.listed, FIRST, LAST)
    take_in(engine, *all_of(mine), zone=ZoneInfo("UTC"))
    assert told(engine) == []


def test_it_is_unknown_until_a_report_is_imported(account, engine, reports):
    def state():
        found = reconcile(engine, account.spine.gateway, SPAN, asked_by="test")
        return {one.name: (one.state, one.why) for one in found.identities}

    assert state()["report"] == (UNKNOWN, "no_report")
    take_in(engine, reports.balance_summary())
    assert state()["report"] == (AGREES, None)


def a_row(engine: Engine, *tests: Any) -> Any:
    """A ledger row well within the report's days."""
    start, end = (Span(False, day, day, ZONE).start for day in (FIRST, LAST))
    query = select(balance_transactions).where(B.created_at.between(start, end), *tests)
    with one_picture(engine) as connection:
        return connection.execute(query.order_by(B.stripe_id).limit(1)).one()


def change(engine: Engine, row: Any, **values: Any) -> None:
    with writing(engine) as connection:
        connection.execute(
            update(balance_transactions).where(B.stripe_id == row.stripe_id).values(**values)
        )


def remove(engine: Engine, row: Any) -> None:
    with writing(engine) as connection:
        connection.execute(delete(balance_transactions).where(B.stripe_id == row.stripe_id))


CHARGE = B.reporting_category == "charge"


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (
            lambda row: {"amount_minor": row.amount_minor + 1, "net_minor": row.net_minor + 1},
            "amount",
        ),
        (lambda row: {"net_minor": row.net_minor - 1}, "amount"),
        (lambda row: {"fee_minor": row.fee_minor + 1, "net_minor": row.net_minor - 1}, "fee"),
        (lambda row: {"reporting_category": "contribution"}, "category"),
        (lambda row: {"created_at": row.created_at - timedelta(days=1)}, "day"),
        (lambda row: {"currency": "sek"}, "currency"),
    ],
    ids=["amount", "net", "fee", "category", "day", "currency"],
)
@pytest.mark.parametrize("currency", ["usd", "jpy", "kwd"])
def test_a_row_that_was_changed_is_told_once_by_the_itemized_report(
    engine, reports, currency, values, kind
):
    row = a_row(engine, CHARGE, B.currency == currency)
    take_in(engine, *all_of(reports))
    change(engine, row, **values(row))
    meant = "sek" if kind == "currency" else currency
    assert keys(told(engine)) == {(kind, row.stripe_id, meant)}


def test_a_row_that_only_one_side_has(engine, reports, account):
    row, other = a_row(engine, CHARGE), a_row(engine, B.reporting_category == "refund")
    listed = [one for one in reports.activity_rows() if one["id"] != other.stripe_id]
    shorter = replace(
        reports,
        account=Account(
            [one for one in account.listed.rows if one["id"] != other.stripe_id],
            account.listed.payouts,
        ),
    )
    take_in(engine, *all_of(shorter))
    assert listed == shorter.activity_rows()
    remove(engine, row)
    assert keys(told(engine)) == {
        ("missing_here", row.stripe_id, row.currency),
        ("missing_there", other.stripe_id, other.currency),
    }


@pytest.mark.parametrize("gone", [True, False], ids=["gone", "changed"])
def test_a_payout_that_is_gone_or_changed(engine, reports, gone):
    row = a_row(engine, B.reporting_category == "payout", B.created_at < clock.now() - timedelta(8))
    take_in(engine, *all_of(reports))
    if gone:
        remove(engine, row)
    else:
        change(engine, row, amount_minor=row.amount_minor - 1, net_minor=row.net_minor - 1)
    kind = "missing_here" if gone else "amount"
    assert keys(told(engine)) == {(kind, row.stripe_id, row.currency)}


@pytest.mark.parametrize("figure", ["starting_balance", "activity", "payouts"])
@pytest.mark.parametrize("by", [1, -250])
def test_a_figure_of_the_balance_that_differs_is_told_and_not_the_ending_with_it(
    engine, reports, figure, by
):
    take_in(engine, reports.balance_summary(**{figure: by}))
    (one,) = told(engine)
    assert one.key == ("unexplained", f"{figure} {LAST}", "usd")
    assert one.theirs_minor - one.ours_minor == by


def test_a_summary_alone_tells_the_category_and_not_the_balance_too(engine, reports):
    row = a_row(engine, CHARGE, B.currency == "eur")
    take_in(engine, reports.activity_summary(), reports.balance_summary())
    change(engine, row, amount_minor=row.amount_minor + 1, net_minor=row.net_minor + 1)
    (one,) = told(engine)
    assert one.key == ("amount", f"charge {LAST}", "eur")
    assert one.ours_minor - one.theirs_minor == 1


@pytest.mark.parametrize("seed", [5, 6])
def test_what_stripes_list_told_explains_the_reports(account, engine, reports, seed):
    """Of the same planted differences they tell nothing more: no row, category or balance."""
    since, until = (Span(False, day, day, ZONE).start for day in (FIRST, LAST))
    with writing(engine) as connection:
        planter = Planter(connection, random.Random(seed), since, until)
        meant = {key for kind in PLANTED for key in kind(planter)}
    before = reconcile(engine, account.spine.gateway, SPAN, asked_by="test")
    assert keys(before.open) >= meant
    take_in(engine, *all_of(reports))
    after = reconcile(engine, account.spine.gateway, SPAN, asked_by="test")
    assert keys(after.open) == keys(before.open)


def test_without_stripe_the_reports_tell_what_was_planted_in_rows(engine, reports):
    take_in(engine, *all_of(reports))
    since, until = (Span(False, day, day, ZONE).start for day in (FIRST, LAST))
    kinds = (
        planted_breaks.missing_here,
        planted_breaks.one_minor_unit_more,
        planted_breaks.fee_and_net,
        planted_breaks.currency,
        planted_breaks.category,
    )
    with writing(engine) as connection:
        planter = Planter(connection, random.Random(6), since, until)
        planter.rows = [r for r in planter.rows if r["reporting_category"] not in PAYOUT_CATEGORIES]
        meant = {key for kind in kinds for _ in range(8) for key in kind(planter)}
    assert keys(told(engine)) == meant


def test_the_last_report_of_the_same_days_counts(engine, reports):
    take_in(engine, reports.balance_summary(activity=5))
    assert len(told(engine)) == 1
    take_in(engine, reports.balance_summary())
    assert told(engine) == []


def test_a_currency_that_a_report_does_not_have_is_not_spoken_of(engine, reports):
    """The Dashboard gives a file of one currency."""
    rows = [row for row in reports.activity_rows() if row["currency"] == "eur"]
    take_in(engine, reports.activity(rows))
    assert told(engine) == []


def test_a_break_stands_on_the_day_of_its_row_and_is_told_by_its_proof(engine, reports):
    row = a_row(engine, CHARGE)
    take_in(engine, reports.activity())
    change(engine, row, net_minor=row.net_minor - 1)
    later = replace(SPAN, first=row.business_day + timedelta(days=1))
    with one_picture(engine) as connection:
        assert list(report_breaks(connection, later, {})) == []
    (one,) = told(engine)
    assert one.day == row.business_day


def test_a_payout_under_way_is_in_the_balance_until_it_arrives(engine, reports):
    """Moved by a month it counts on the other side of the end."""
    start, end = (Span(False, day, day, ZONE).start for day in (FIRST, LAST))
    p = payouts.c
    query = select(p.stripe_id, p.amount_minor, p.currency).where(
        p.automatic, p.arrival_at.between(start, end), p.status == "paid"
    )
    with one_picture(engine) as connection:
        one = connection.execute(query.limit(1)).one()
    take_in(engine, reports.balance_summary())
    with writing(engine) as connection:
        connection.execute(
            update(payouts)
            .where(p.stripe_id == one.stripe_id)
            .values(arrival_at=clock.now() + timedelta(days=30))
        )
    (found,) = told(engine)
    assert found.key == ("unexplained", f"payouts {LAST}", one.currency)
    assert found.ours_minor - found.theirs_minor == one.amount_minor


def test_both_databases_hold_a_report_against_the_ledger(bank):
    """A sale of 100.00 in euros, and an automatic payout of 50.00 that arrives after the end."""
    at = datetime(2026, 10, 31, 12, tzinfo=UTC)
    payout = bank.paid_out(5000, (at + timedelta(days=2)).date(), created_at=at)
    sale = payment_row(created_at=at, currency="eur")
    rows = [
        ledger_row(sale, amount_minor=10_000, fee_minor=59),
        ledger_row(
            payment_row(created_at=at, currency="eur"),
            reporting_category="payout",
            amount_minor=-5000,
            fee_minor=0,
            source_id=payout,
        ),
    ]
    engine = bank.console.engine
    with writing(engine) as connection:
        add_ledger(connection, rows)
    utc, october = ZoneInfo("UTC"), (date(2026, 10, 1), date(2026, 10, 31))
    balances = (
        ("starting_balance", "", "0.00", "eur"),
        ("activity", "", "99.41", "eur"),
        ("payouts", "", "0.00", "eur"),
        ("ending_balance", "", "99.41", "eur"),
    )
    header = ("balance_transaction_id", "created_utc", "currency", "gross", "fee", "net")
    line = (rows[0]["stripe_id"], "2026-10-31 12:00:00", "eur", "100.00", "0.59", "99.41")
    sums = ("charge", "eur", "1", "100.00", "0.59", "99.41")
    files = [
        written(("category", "description", "net_amount", "currency"), list(balances)),
        written((*header, "reporting_category"), [(*line, "charge")]),
        written(("reporting_category", "currency", "count", "gross", "fee", "net"), [sums]),
    ]
    take_in(engine, *files, first=october[0], last=october[1], zone=utc)
    span = Span(False, *october, utc)

    def found():
        with one_picture(engine) as connection:
            return keys(list(report_breaks(connection, span, {})))

    assert found() == set()
    with writing(engine) as connection:
        connection.execute(
            update(balance_transactions)
            .where(B.stripe_id == rows[0]["stripe_id"])
            .values(fee_minor=60, net_minor=9940)
        )
    assert found() == {("fee", rows[0]["stripe_id"], "eur")}
    with writing(engine) as connection:
        connection.execute(update(payouts).values(arrival_at=at))
    assert ("unexplained", "payouts 2026-10-31", "eur") in found()
