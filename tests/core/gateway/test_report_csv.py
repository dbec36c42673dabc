"""A file of one of Stripe's balance reports is read to the minor unit, or refused with its rule."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from core.errors import InvalidInput, ReportRefused
from core.gateway import report_csv
from core.gateway.report_csv import ACTIVITY, ACTIVITY_SUMMARY, BALANCE_SUMMARY, PAYOUTS, Days

OCTOBER = Days(date(2026, 10, 1), date(2026, 10, 31))
#: As the Dashboard gives it, figures made up.
BALANCES = """"category","description","net_amount","currency"
"starting_balance","Starting balance (2026-10-01)","100.00","usd"
"starting_balance_available","Available balance (2026-10-01)","0.00","usd"
"activity_gross","Account activity before fees","10000.00","usd"
"activity_fee","Less fees","-300.00","usd"
"activity","Activity","9700.00","usd"
"payouts_gross","Payouts to bank","-9800.00","usd"
"payouts_fee","Payout fees","0.00","usd"
"payouts","Total payouts","-9800.00","usd"
"ending_balance","Ending balance (2026-10-31)","0.00","usd"
"""
HEADER = "balance_transaction_id,created_utc,currency,gross,fee,net,reporting_category"
ROW = "txn_1,2026-10-05 12:00:00,usd,10.00,0.59,9.41,charge"
ACTIVITY_FILE = f"{HEADER}\n{ROW}\n"
SUMS = "reporting_category,currency,count,gross,fee,net\n"
PAID = (
    "payout_id,effective_at_utc,currency,gross,fee,net,reporting_category,balance_transaction_id\n"
    "po_1,2026-10-05 00:00:00,usd,275.20,0.00,275.20,payout,txn_2\n"
)


def read(text: str, days: Days | None = OCTOBER, **named):
    return report_csv.read(text.encode(), days=days, **named)


def test_a_balance_summary_says_its_days_and_its_four_figures():
    found = read(BALANCES, None)
    assert (found.report_type, found.zone, found.currencies) == (BALANCE_SUMMARY, "UTC", ("usd",))
    assert (found.start, found.end) == (
        datetime(2026, 10, 1, tzinfo=UTC),
        datetime(2026, 11, 1, tzinfo=UTC),
    )
    assert {row.category: row.net_minor for row in found.rows} == {
        "starting_balance": 10_000,
        "activity": 970_000,
        "payouts": -980_000,
        "ending_balance": 0,
    }


@pytest.mark.parametrize(
    ("text", "report_type"),
    [
        (ACTIVITY_FILE, ACTIVITY),
        (PAID, PAYOUTS),
        (f"{SUMS}charge,usd,1,10.00,0.59,9.41\ntotal,usd,1,10.00,0.59,9.41\n", ACTIVITY_SUMMARY),
        ("\ufeff" + ACTIVITY_FILE.replace("\n", "\r\n"), ACTIVITY),
        (f"more,{HEADER}\nwhatever,{ROW}\n", ACTIVITY),
    ],
)
def test_a_report_is_known_by_its_columns(text, report_type):
    found = read(text)
    assert (found.report_type, len(found.rows)) == (report_type, 1)


@pytest.mark.parametrize(
    ("currency", "amount", "minor"),
    [
        ("usd", "12.34", 1234),
        ("usd", "-0.05", -5),
        ("usd", "0.00", 0),
        ("usd", "90071992547409.93", 9007199254740993),
        ("eur", '"12,34"', 1234),
        ("jpy", "500", 500),
        ("jpy", "500.00", 500),
        ("kwd", "1.234", 1234),
        ("KWD", '"-0,001"', -1),
        ("kwd", "12", 12000),
    ],
)
def test_amounts_are_exact_in_the_minor_units_of_the_currency(currency, amount, minor):
    text = f"{HEADER}\ntxn_1,2026-10-05 12:00:00,{currency},{amount},0,{amount},charge\n"
    (row,) = read(text).rows
    assert (row.currency, row.gross_minor, row.net_minor) == (currency.lower(), minor, minor)


@pytest.mark.parametrize(
    "amount", ["1.234", '"1,230"', "1e3", "12.", ".5", "NaN", "+1", "", '"1,234.50"', "1 000", "１"]
)
def test_an_amount_that_could_be_read_otherwise_is_refused(amount):
    text = f"{HEADER}\ntxn_1,2026-10-05 12:00:00,usd,{amount},0,{amount},charge\n"
    with pytest.raises(ReportRefused) as refused:
        read(text)
    assert refused.value.field in ("gross", "decimal_separator")


def test_one_file_has_one_decimal_sign():
    other = ROW.replace("txn_1", "txn_9").replace("10.00,0.59,9.41", '"10,00","0,59","9,41"')
    with pytest.raises(ReportRefused, match="decimal_separator"):
        read(f"{ACTIVITY_FILE}{other}\n")


def test_days_are_those_of_the_reports_zone():
    found = read(ACTIVITY_FILE, Days(OCTOBER.first, OCTOBER.last, ZoneInfo("Asia/Shanghai")))
    assert found.start == datetime(2026, 9, 30, 16, tzinfo=UTC)
    assert found.end == datetime(2026, 10, 31, 16, tzinfo=UTC)
    # From Berlin's summer into its winter.
    found = read(ACTIVITY_FILE, Days(OCTOBER.first, OCTOBER.last, ZoneInfo("Europe/Berlin")))
    assert (found.end - found.start).total_seconds() == (31 * 24 + 1) * 3600


def test_the_name_that_the_dashboard_gives_says_the_days():
    name = "Itemised_balance_change_from_activity_USD_2026-10-01_to_2026-10-31_UTC.csv"
    found = read(ACTIVITY_FILE, None, file_name=name)
    assert found.end == datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "days", "name", "field"),
    [
        (ACTIVITY_FILE, None, "", "from"),
        (ACTIVITY_FILE, Days(OCTOBER.first), "", "to"),
        (ACTIVITY_FILE, Days(OCTOBER.last, OCTOBER.first), "", "to"),
        (BALANCES, Days(date(2026, 9, 1)), "", "from"),
        (BALANCES, None, "x_2026-10-01_to_2026-10-30_UTC.csv", "to"),
        (
            BALANCES,
            Days(zone=ZoneInfo("Asia/Tokyo")),
            "2026-10-01_to_2026-10-31_UTC.csv",
            "timezone",
        ),
        (ACTIVITY_FILE, Days(date(2026, 10, 6), OCTOBER.last), "", "created"),
        (ACTIVITY_FILE, Days(OCTOBER.first, date(2026, 10, 4)), "", "created"),
        (PAID, Days(date(2026, 10, 6), OCTOBER.last), "", "effective_at"),
        ("id,amount\n1,2\n", OCTOBER, "", "header"),
        (ACTIVITY_FILE.replace("currency", "gross"), OCTOBER, "", "header"),
        (f"trace_id,{HEADER}\nx,{ROW}\n", OCTOBER, "", "header"),
        ("", OCTOBER, "", "header"),
        (f"{HEADER}\n", OCTOBER, "", "file"),
        (f"{ACTIVITY_FILE}{ROW}\n", OCTOBER, "", "file"),
        (f"{ACTIVITY_FILE}txn_2,x\n", OCTOBER, "", "file"),
        (f'{HEADER}\n"txn_1\n', OCTOBER, "", "file"),
        (ACTIVITY_FILE.replace("9.41", "9.42"), OCTOBER, "", "net"),
        (ACTIVITY_FILE.replace("usd", "zzz"), OCTOBER, "", "currency"),
        (ACTIVITY_FILE.replace("txn_1", "ch_1"), OCTOBER, "", "balance_transaction_id"),
        (ACTIVITY_FILE.replace("2026-10-05 12", "05.10.2026 12"), OCTOBER, "", "created_utc"),
        (ACTIVITY_FILE.replace(",charge", ","), OCTOBER, "", "reporting_category"),
        (f"{SUMS}charge,usd,many,10.00,0.59,9.41\n", OCTOBER, "", "count"),
        (BALANCES.replace('"activity",', '"moved",'), None, "", "category"),
        (BALANCES.replace('"-300.00"', '"-300.01"'), None, "", "net_amount"),
        (BALANCES.replace('(2026-10-31)","0.00', '(2026-10-31)","0.01'), None, "", "net_amount"),
    ],
)
def test_a_file_that_breaks_a_rule_is_refused_by_its_field(text, days, name, field):
    with pytest.raises(ReportRefused) as refused:
        read(text, days, file_name=name)
    assert refused.value.field == field


def test_a_time_and_its_utc_are_one_moment():
    both = HEADER.replace("created_utc", "created_utc,created")
    text = f"{both}\n{ROW.replace('12:00:00', '12:00:00,2026-10-05 20:00:00')}\n"
    zone = ZoneInfo("Asia/Shanghai")
    (row,) = read(text, Days(OCTOBER.first, OCTOBER.last, zone)).rows
    assert row.at == datetime(2026, 10, 5, 12, tzinfo=UTC)
    with pytest.raises(ReportRefused, match="same moment"):
        read(text)


def test_text_in_another_encoding_and_too_much_of_it_are_refused():
    with pytest.raises(ReportRefused, match="UTF-8"):
        report_csv.read("é".encode("latin-1"), days=OCTOBER)
    with pytest.raises(ReportRefused, match="at most"):
        report_csv.read(b"x" * (report_csv.LONGEST_FILE + 1), days=OCTOBER)


def test_a_zone_is_one_that_there_is():
    assert report_csv.zone_named("Europe/Berlin") == ZoneInfo("Europe/Berlin")
    with pytest.raises(InvalidInput, match="timezone"):
        report_csv.zone_named("Mars/Base")
