"""`python -m dashboard journal export`: a month's books to a file or to standard output."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from core.db.engine import writing
from dashboard.__main__ import cli
from tests.support import factories
from tests.support.fixtures_access import make_console

AT = datetime(2026, 10, 5, 12, tzinfo=UTC)


@pytest.fixture
def run(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path / 'tillwatch.db'}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", url)
    console = make_console(url)
    with writing(console.engine) as connection:
        for currency, category in (("usd", "charge"), ("kwd", "loyalty_credit")):
            payment = factories.payment_row(created_at=AT, currency=currency)
            row = factories.ledger_row(
                payment, amount_minor=1250, fee_minor=0, reporting_category=category
            )
            factories.add_ledger(connection, [row])
    console.engine.dispose()

    def run(*args, format_name="csv"):
        given = ("journal", "export", "--month", "2026-10", "--format", format_name, *args)
        return CliRunner().invoke(cli, given)

    return run


def test_the_file_goes_to_standard_output_alone(run):
    done = run()
    assert done.exit_code == 0
    assert done.stdout.startswith("date,entry,line,account,")
    assert done.stdout.count("provisional") == 4
    told = "no rule books category loyalty_credit: it stands in a suspense account\n"
    assert done.stderr == told


def test_out_writes_a_file_and_says_what_is_in_it(run, tmp_path):
    done = run("--out", "books.beancount", format_name="beancount")
    assert done.exit_code == 0
    said = "books.beancount: 2 entries, 4 lines (provisional: the month is open)\n"
    assert done.stdout == said
    assert "12.50 USD" in (tmp_path / "books.beancount").read_text()


def test_json_says_what_was_written(run):
    done = run("--out", "books.csv", "--json")
    assert json.loads(done.stdout) == {
        "month": "2026-10",
        "format": "csv",
        "out": "books.csv",
        "provisional": True,
        "entries": 2,
        "lines": 4,
        "corrections": 0,
        "closing": {"kwd": "1.250", "usd": "12.50"},
        "suspense": ["category loyalty_credit"],
    }


def test_json_without_out_is_refused(run):
    done = run("--json")
    assert done.exit_code == 2
    assert "--json needs --out" in done.stderr


def test_datev_refuses_the_month_and_leaves_no_file(run, tmp_path):
    done = run("--out", "books.csv", format_name="datev")
    assert done.exit_code == 2
    assert "DATEV cannot carry this: KWD has three decimals" in done.stderr
    assert not (tmp_path / "books.csv").exists()


def test_one_currency_is_bytes_of_windows_1252(run):
    done = run("--currency", "usd", "--datev-client", "77", format_name="datev")
    assert done.exit_code == 0
    assert "Beleginfo - Art 1".encode("cp1252") in done.stdout_bytes
    assert "Geschäftspartnerbank".encode("cp1252") in done.stdout_bytes
    assert b";1001;77;20260101;4;20261001;20261031;" in done.stdout_bytes


def test_a_place_that_cannot_be_written_is_told(run):
    done = run("--out", "nowhere/books.csv")
    assert done.exit_code == 1
    assert "nowhere/books.csv: No such file or directory" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_month_without_business_is_an_empty_journal(run):
    done = CliRunner().invoke(cli, ["journal", "export", "--month", "2020-01", "--format", "csv"])
    assert done.exit_code == 0
    assert len(done.stdout.splitlines()) == 1


def invoke(*args):
    return CliRunner().invoke(cli, ["journal", "rules", *args])


def test_a_rule_is_set_listed_and_taken_back(run):
    assert invoke("set", "category", "loyalty_credit", "Expenses:Loyalty").exit_code == 0
    done = invoke("list", "--own", "--json")
    assert json.loads(done.stdout) == [
        {
            "subject": "category",
            "name": "loyalty_credit",
            "currency": "",
            "account": "Expenses:Loyalty",
            "usual": None,
            "is_own": True,
        }
    ]
    assert run().stderr == ""
    assert "category charge: Income:Sales" in invoke("list").stdout.splitlines()
    assert invoke("set", "category", "loyalty_credit", "--usual").exit_code == 0
    assert invoke("list", "--own").stdout == ""


def test_a_rule_that_cannot_be_carried_ends_with_2(run):
    done = invoke("set", "category", "refund", "Returns")
    assert done.exit_code == 2
    assert "account: must begin with one of Assets" in done.stderr
    assert invoke("set", "category", "refund").exit_code == 2
