"""`python -m dashboard audit`: the chain is proved from the command line."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from core.access import audit
from core.db.engine import writing
from core.db.tables import audit_log
from dashboard.__main__ import cli
from tests.support.fixtures_access import make_console


@pytest.fixture
def run(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path / 'tillwatch.db'}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", url)
    console = make_console(url)
    with writing(console.engine) as connection:
        for number in range(5):
            audit.append(connection, actor="u", action="a", details={"n": number})

    def asked(*args):
        return CliRunner().invoke(cli, ["audit", *args])

    asked.engine = console.engine
    yield asked
    console.engine.dispose()


def test_a_true_log_verifies_and_tells_its_head(run):
    answer = run("verify")
    assert (answer.exit_code, answer.output) == (0, "5 rows, the chain holds\n")
    told = json.loads(run("verify", "--json").output)
    head = run("head").output.strip()
    assert told == {"ok": True, "rows": 5, "hash": head.split()[1], "broken": None}
    assert json.loads(run("head", "--json").output) == {"seq": 5, "hash": head.split()[1]}
    assert run("verify", "--expect", head).exit_code == 0


def test_a_changed_row_is_named_and_the_code_is_one(run):
    with writing(run.engine) as connection:
        connection.execute(audit_log.update().where(audit_log.c.seq == 3).values(actor="x"))
    answer = run("verify", "--json")
    assert answer.exit_code == 1
    assert json.loads(answer.output)["broken"] == {"seq": 3, "why": "was changed"}
    assert run("verify").output == "row 3 was changed\n"


def test_a_head_that_was_kept_shows_a_log_written_anew(run):
    head = run("head").output.strip()
    other = f"4 {'0' * 64}"
    assert run("verify", "--expect", other).exit_code == 1
    with writing(run.engine) as connection:
        audit.append(connection, actor="u", action="a")
    assert run("verify", "--expect", head).exit_code == 0


@pytest.mark.parametrize("bad", ["x", "5", "5 abc", "-1 " + "0" * 64])
def test_what_is_no_head_is_refused(run, bad):
    assert run("verify", "--expect", bad).exit_code == 2
