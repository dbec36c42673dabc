"""A report of Stripe's is taken in whole and once, by who reconciles, and the log says so."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import func, select

from core.access.principals import Caller
from core.actions.proof import report_import
from core.db.engine import reading
from core.db.tables import stripe_report_rows, stripe_reports
from core.domain.stripe_reports import current_reports
from core.errors import AlreadyDecided, InvalidInput, NotFound, NotPermitted, ReportRefused
from core.gateway.report_csv import ACTIVITY, Days
from tests.support.fixtures_access import audited, person
from tests.support.report_files import written

DAYS = Days(date(2026, 10, 1), date(2026, 10, 31))
HEADER = ("balance_transaction_id", "created_utc", "currency", "gross", "fee", "net")
HEADER += ("reporting_category",)
LINES = [
    ("txn_1", "2026-10-05 12:00:00", "usd", "10.00", "0.59", "9.41", "charge"),
    ("txn_2", "2026-10-06 12:00:00", "jpy", "-500", "0", "-500", "refund"),
]
FILE = written(HEADER, LINES)


@pytest.fixture
def finance(console):
    return Caller(person(console, "finance"))


def take_in(context, caller, data=FILE, days=DAYS):
    return report_import.import_file(
        context, caller, data, livemode=False, file_name="october.csv", days=days
    )


def reports(console):
    with reading(console.engine) as connection:
        return current_reports(connection, False)


def counted(console):
    with reading(console.engine) as connection:
        return [
            connection.scalar(select(func.count()).select_from(table))
            for table in (stripe_reports, stripe_report_rows)
        ]


def test_its_rows_are_kept_in_minor_units(console, context, finance):
    made = take_in(context, finance)
    assert (made.report_type, made.rows, made.is_known) == (ACTIVITY, 2, False)
    assert made.currencies == ("jpy", "usd")
    with reading(console.engine) as connection:
        rows = connection.execute(
            select(stripe_report_rows.c.object_id, stripe_report_rows.c.net_minor)
        ).all()
    assert [tuple(row) for row in rows] == [("txn_1", 941), ("txn_2", -500)]
    (entry,) = audited(console, report_import.IMPORT)
    assert (entry.actor, entry.target) == (finance.actor, "october.csv")


def test_the_same_file_twice_writes_nothing(console, context, finance):
    take_in(context, finance)
    before = counted(console)
    assert take_in(context, finance).is_known
    assert counted(console) == before == [1, 2]
    assert len(audited(console, report_import.IMPORT)) == 1


def test_the_same_file_for_other_days_is_no_longer_of_the_first(console, context, finance):
    take_in(context, finance)
    until = Days(DAYS.first, date(2026, 10, 20))
    assert not take_in(context, finance, days=until).is_known
    (one,) = reports(console)
    assert one.end.date() == date(2026, 10, 21)
    # Back again: the rows are still there.
    assert not take_in(context, finance).is_known
    (one,) = reports(console)
    assert one.end.date() == date(2026, 11, 1)
    assert counted(console)[0] == 2


def test_a_later_report_counts_for_the_currencies_that_it_has(console, context, finance):
    take_in(context, finance)
    take_in(context, finance, written(HEADER, LINES[:1]))
    assert [one.currencies for one in reports(console)] == [("jpy",), ("usd",)]


def test_who_does_not_reconcile_may_not(console, context):
    with pytest.raises(NotPermitted):
        take_in(context, Caller(person(console, "support")))
    assert counted(console) == [0, 0]


def test_a_refused_file_writes_nothing(console, context, finance):
    with pytest.raises(ReportRefused):
        take_in(context, finance, FILE.replace(b"9.41", b"9.42"))
    assert counted(console) == [0, 0]


def test_a_report_of_the_wrong_days_is_withdrawn_and_may_come_again(console, context, finance):
    take_in(context, finance)
    (one,) = reports(console)
    report_import.withdraw(context, finance, one.report_id, " Card 4242424242424242, September ")
    assert reports(console) == []
    assert counted(console) == [1, 2]
    (entry,) = audited(console, report_import.WITHDRAW)
    assert entry.target == str(one.report_id)
    assert "4242424242424242" not in str(entry.details)
    with pytest.raises(AlreadyDecided):
        report_import.withdraw(context, finance, one.report_id, "Again")
    assert not take_in(context, finance).is_known
    assert len(reports(console)) == 1


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_a_withdrawal_without_a_reason_changes_nothing(console, context, finance, reason):
    take_in(context, finance)
    (one,) = reports(console)
    with pytest.raises(InvalidInput, match="reason"):
        report_import.withdraw(context, finance, one.report_id, reason)
    assert len(reports(console)) == 1


def test_a_report_that_is_not_there_is_not_withdrawn(context, finance):
    with pytest.raises(NotFound):
        report_import.withdraw(context, finance, 7, "Wrong month")
