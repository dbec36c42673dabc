"""`python -m dashboard bank`: files in, matches, what is left; exit codes 0, 1 and 2."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from core.bank import csv_profile
from core.db.engine import writing
from core.db.tables import payouts
from dashboard.__main__ import cli
from tests.support.bank_files import ACCOUNT, DAY, PROFILE, camt053, csv_file, line, ofx, statement
from tests.support.fixtures_access import audited, make_console


@pytest.fixture
def bank_console(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path / 'tillwatch.db'}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", url)
    made = make_console(url)
    yield made
    made.engine.dispose()


@pytest.fixture
def run(bank_console):
    def invoke(*args, code=0):
        answer = CliRunner().invoke(cli, ["bank", *args])
        assert answer.exit_code == code, answer.output
        return answer.output

    return invoke


@pytest.fixture
def paid_out(bank_console):
    def write(payout_id, amount_minor):
        at = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC)
        with writing(bank_console.engine) as connection:
            connection.execute(
                payouts.insert().values(
                    stripe_id=payout_id,
                    status="paid",
                    amount_minor=amount_minor,
                    currency="eur",
                    arrival_at=at,
                    automatic=True,
                    livemode=False,
                    created_at=at,
                    confirmed=True,
                    as_of=at,
                )
            )

    return write


def test_a_file_is_imported_once(run, tmp_path, bank_console):
    (tmp_path / "a.xml").write_bytes(camt053(statement([line(500), line(700)])))
    assert run("import", "a.xml") == f"{ACCOUNT} EUR {DAY} camt.053 2026-11: 2 lines, 2 new\n"
    assert run("import", "a.xml") == "this file was taken in before; nothing was written\n"
    found = json.loads(run("import", "a.xml", "--json"))
    assert (found["is_known"], found["new_lines"]) == (True, 0)
    (tmp_path / "b.xml").write_bytes(camt053(statement([line(500), line(700)])) + b"\n")
    assert run("import", "b.xml").endswith("was taken in before; nothing was written\n")
    first, _ = audited(bank_console, "bank.import")
    assert first.actor.startswith("cli:")
    found = json.loads(run("import", "b.xml", "--live", "--json"))
    assert found["statements"][0]["new_lines"] == 2


def test_a_file_that_breaks_a_rule_ends_with_2(run, tmp_path):
    (tmp_path / "a.xml").write_bytes(camt053(statement([line(500)], closing_minor=0)))
    said = run("import", "a.xml", code=2)
    assert "closing balance: is 0.00 EUR, but 100.00 and its lines make 105.00" in said
    (tmp_path / "a.csv").write_bytes(csv_file(statement([line(500)])))
    assert "CSV needs an account" in run("import", "a.csv", code=2)
    assert "There is no such bank account." in run("import", "a.csv", "--account", "7", code=1)
    run("import", "none.csv", code=2)


def test_a_statement_without_balances_is_said_to_be_unproved(run, tmp_path):
    (tmp_path / "a.ofx").write_bytes(ofx(statement([line(500)])))
    assert run("import", "a.ofx").endswith("it has no balances that prove its sum\n")


def test_csv_is_imported_by_the_profile_of_an_account(run, tmp_path):
    (tmp_path / "profile.json").write_text(csv_profile.to_json(PROFILE))
    made = json.loads(
        run(
            "account",
            "DE1 2",
            "--currency",
            "eur",
            "--name",
            "Main",
            "--payer",
            "ACME",
            "--csv-profile",
            "profile.json",
            "--json",
        )
    )
    (tmp_path / "a.csv").write_bytes(csv_file(statement([line(500)])))
    account = str(made["account_id"])
    assert f"DE12 EUR {DAY} csv : 1 line, 1 new" in run("import", "a.csv", "--account", account)
    assert f"{account} DE12 EUR Main 1 statement, 1 line, until {DAY}" in run("accounts")
    (row,) = json.loads(run("accounts", "--json"))
    assert (row["payer_names"], row["has_csv_profile"]) == (["ACME"], True)
    (tmp_path / "profile.json").write_bytes(b"\xff")
    asked = ("account", "X1", "--currency", "eur", "--csv-profile", "profile.json")
    assert "csv_profile: must be a JSON object" in run(*asked, code=2)


def test_what_is_left_to_a_person_ends_with_1(run, tmp_path, paid_out):
    assert run("match") == "0 matched, 0 to decide, 0 missing\n"
    for name, amount in (("po_1", 500), ("po_2", 700), ("po_3", 700), ("po_4", -900)):
        paid_out(name, amount)
    (tmp_path / "a.xml").write_bytes(camt053(statement([line(500), line(700)])))
    run("import", "a.xml")
    said = run("match", code=1).splitlines()
    assert said[0] == "po_1 is line 1, by amount"
    assert said[1] == f"to decide (equal): line 2 of {DAY}; po_2, po_3"
    assert "po_4 of -9.00 EUR has no line, due 2026-11-16; no statement reaches that day" in said
    assert said[-1] == "1 matched, 1 to decide, 3 missing"
    found = json.loads(run("match", "--json", code=1))
    assert found["matched"] == []
    assert found["proposals"][0]["why"] == "equal"
    assert [one["payout_id"] for one in found["missing"]] == ["po_2", "po_3", "po_4"]
