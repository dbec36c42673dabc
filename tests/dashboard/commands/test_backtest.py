"""`python -m dashboard backtest`: rules from a file, figures as text or JSON."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner

from core import clock
from core.db.engine import writing
from core.db.tables import disputes
from core.risk.mirror_scoring import score_arrivals
from dashboard.__main__ import cli
from tests.support import factories
from tests.support.fixtures_access import make_console

RULES = {"high_at": 50, "rules": [{"name": "all", "when": "user_known", "points": 50}]}


@pytest.fixture
def run(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path / 'tillwatch.db'}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", url)
    (tmp_path / "rules.json").write_text(json.dumps(RULES))
    console = make_console(url)
    with writing(console.engine) as connection:
        for user in ("u1", "u2", None):
            at = clock.now() - timedelta(days=70)
            factories.paid(connection, user_id=user, amount_minor=1250, created_at=at)
        thief = factories.paid(connection, user_id="u3", amount_minor=99, created_at=at)
        connection.execute(
            disputes.insert().values(
                stripe_id="dp_1",
                payment_id=thief["stripe_id"],
                status="lost",
                amount_minor=99,
                currency="usd",
                reason="fraudulent",
                livemode=False,
                created_at=at,
                confirmed=True,
                as_of=at,
            )
        )
    while score_arrivals(console.engine, console.settings.zone, since=clock.EPOCH):
        pass
    console.engine.dispose()
    return lambda *args: CliRunner().invoke(cli, ["backtest", *args])


def test_a_file_of_rules_is_tried(run):
    answer = run("--rules", "rules.json", "--since", "100d", "--json")
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.output)
    assert (found["payments"], found["fraud"]) == (4, 1)
    tried = found["tried"]
    assert (tried["caught"], tried["refused_good"], tried["precision"]) == (1, 2, 3333)
    assert (tried["money_saved"], tried["good_money_refused"]) == (
        {"usd": "0.99"},
        {"usd": "25.00"},
    )
    assert found["in_force"]["caught"] == 0
    assert [one["refuse_at"] for one in found["curve"]] == [0, 50, 51]
    assert found["limits"]


def test_as_text_it_says_the_same_and_shows_progress(run):
    answer = run("--rules", "rules.json", "--since", "100d")
    assert "4 paid payments, 1 of them fraud" in answer.output
    assert "precision 33.33 %" in answer.output
    assert "1 of 1 part" in answer.stderr


def test_young_payments_do_not_count(run):
    found = json.loads(run("--since", "100d", "--age", "80d", "--json").output)
    assert found["payments"] == 0


@pytest.mark.parametrize(
    "args",
    [
        ("--since", "yesterday"),
        ("--age", "-1d"),
        ("--labels", "guess"),
        ("--rules", "none.json"),
        ("--since", "2026-11-20", "--until", "2026-01-01"),
    ],
)
def test_bad_input_is_refused_with_its_name(run, args):
    answer = run(*args)
    assert answer.exit_code == 2
    assert args[0].strip("-") in answer.output or "since" in answer.output
